from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.lesions import LESION_COLUMNS, lesion_rows, predictions, references
from mmseg_bone.analysis.marked import Cut, mark
from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.study import Focus


def focus(number, bone, kind="metastasis", ambiguous=False):
    return Focus(
        number=number, bone=bone, kind=kind, metastatic=kind == "metastasis", ambiguous=ambiguous,
        ratio=3.0, diameter_mm=20.0,
    )  # fmt: skip


@pytest.fixture
def phantom(study):
    """In front a metastasis of rib 5 (3, 4), and arthritis of the shoulder (0, 0) and (0, 1)."""
    instances, bones = np.zeros((2, 2, 5, 6), np.uint16)
    instances[:, 3, 4] = instances[:, 3, 1] = 1
    instances[0, 0, :2] = 2
    bones[:] = BY_NAME["skull"].label
    bones[:, 4] = 0
    return replace(
        study,
        instances=instances,
        bones=bones.astype(np.uint8),
        foci=(
            focus(1, "rib_left_5", ambiguous=True),
            focus(2, "humerus_right", kind="arthritis"),
        ),
    )


def rows(study, **lit):
    """Lesions of a study predicted as told: probability by pixel of the anterior view."""
    probability = np.zeros(study.counts.shape)
    for pixel, value in lit.items():
        probability[0, int(pixel[1]), int(pixel[2])] = value
    return pd.DataFrame(lesion_rows(mark(study, probability, Cut())))


def test_a_drawn_lesion_says_what_it_is_and_whether_it_was_found(phantom):
    front, back = references(rows(phantom, p34=0.9)).to_dict("records")
    assert tuple(front) == LESION_COLUMNS
    assert np.isnan(front.pop("cnr"))  # every pixel has 10 counts
    assert front == {
        "id": "s1",
        "patient": "p1",
        "view": "anterior",
        "source": "reference",
        "number": 1,
        "area_px": 1,
        "area_mm2": 5.42,
        "bone": "rib_left_5",
        "region": "ribs",
        "kind": "metastasis",
        "ambiguous": 1,
        "hit": 1,
        "mean_probability": 0.9,
        "max_probability": 0.9,
    }
    assert (back["view"], back["hit"], back["max_probability"]) == ("posterior", 0, 0.0)


def test_a_lesion_says_how_far_it_stands_out_from_what_is_around_it(phantom):
    # At 5 mm and more from the pixel drawn lie six pixels of 8, five of 12 and eight of 10.
    counts = phantom.counts.copy()
    counts[0, 0], counts[0, 1], counts[0, 3, 4] = 8, 12, 30
    front, back = references(rows(replace(phantom, counts=counts), p34=0.9)).to_dict("records")
    assert front["cnr"] == pytest.approx((30 - 188 / 19) / 1.518, abs=0.02)
    assert np.isnan(back["cnr"])


def test_a_false_alarm_says_what_fooled_the_model(phantom):
    found = predictions(rows(phantom, p00=0.8, p01=0.6, p34=0.9)).set_index("number")
    assert found.hit.to_dict() == {1: 0, 2: 1}
    alarm = found.loc[1]
    assert (alarm.kind, alarm.bone, alarm.region) == ("arthritis", "humerus_right", "limbs")
    assert (alarm.ambiguous, alarm.area_px) == (0, 2)
    assert (alarm.mean_probability, alarm.max_probability) == (pytest.approx(0.7), 0.8)


def test_a_false_alarm_on_no_focus_has_the_bone_of_the_map_and_no_kind(phantom):
    (alarm,) = predictions(rows(phantom, p20=0.8)).to_dict("records")
    assert (alarm["bone"], alarm["kind"], alarm["ambiguous"]) == ("skull", "", 0)


def test_a_false_alarm_beside_the_skeleton_has_no_bone(phantom):
    (alarm,) = predictions(rows(phantom, p40=0.8)).to_dict("records")
    assert (alarm["bone"], alarm["region"]) == ("", "")


def test_a_lesion_over_two_foci_is_of_the_one_that_most_of_it_lies_on(phantom):
    instances = phantom.instances.copy()
    instances[0, 1, 0] = 1  # beside the two pixels of arthritis
    found = predictions(rows(replace(phantom, instances=instances), p00=0.8, p01=0.8, p10=0.8))
    assert found.kind.tolist() == ["arthritis"]


def test_a_lesion_that_touches_a_focus_is_of_it_though_most_lies_beside(phantom):
    (found,) = predictions(rows(phantom, p01=0.8, p02=0.8, p03=0.8)).to_dict("records")
    assert (found["kind"], found["hit"]) == ("arthritis", 0)


def test_of_a_patients_scan_place_and_kind_are_unknown(study):
    found = rows(study, p34=0.9)
    assert len(found) == 3
    for column in ("bone", "region", "kind", "ambiguous"):
        assert set(found[column]) == {""}
