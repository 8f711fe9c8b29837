from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.mirror import mirror, mirror_report
from mmseg_bone.study import Focus, Report


def test_mirror_moves_a_left_rib_to_the_right_in_image_mask_and_words(study):
    mirrored = mirror(study)

    assert np.argwhere(mirrored.mask).tolist() == [[0, 3, 1], [1, 3, 4]]
    assert (mirrored.counts[mirrored.mask] == 90).all()
    assert mirrored.report.findings == "右侧第5肋骨见异常放射性浓聚。"


def test_mirror_renames_bones_and_foci(study):
    left, right = BY_NAME["rib_left_5"], BY_NAME["rib_right_5"]
    focus = Focus(
        number=1,
        bone="rib_left_5",
        part="left_edge",
        kind="fracture",
        metastatic=False,
        ratio=2.0,
        diameter_mm=9.0,
    )
    bones = np.zeros(study.counts.shape, np.uint8)
    bones[0, 3, 4] = left.label

    mirrored = mirror(replace(study, bones=bones, foci=(focus,)))

    assert mirrored.bones[0, 3, 1] == right.label
    assert (mirrored.foci[0].bone, mirrored.foci[0].part) == ("rib_right_5", "right_edge")


@pytest.mark.parametrize(
    ("named", "mirrored"),
    [("rib_left_6", "rib_right_6"), ("T8", "T8"), ("", "")],  # a midline bone; named by nobody
)
def test_mirror_renames_what_the_report_names(study, named, mirrored):
    focus = Focus(
        number=1,
        bone="rib_left_5",
        named=named,
        kind="metastasis",
        metastatic=True,
        ratio=2.0,
        diameter_mm=9.0,
    )
    assert mirror(replace(study, foci=(focus,))).foci[0].named == mirrored


def test_mirror_twice_is_the_study_itself(study):
    twice = mirror(mirror(study))

    np.testing.assert_array_equal(twice.counts, study.counts)
    assert twice.report == study.report


@pytest.mark.parametrize(
    ("text", "mirrored"),
    [
        ("左侧第5前肋、右髂骨", "右侧第5前肋、左髂骨"),
        ("R5前肋,L3椎体", "L5前肋,L3椎体"),  # L3 is a vertebra, R5前 a rib
        ("Left 5th rib, right ilium", "Right 5th rib, left ilium"),
        ("copyright, 双侧", "copyright, 双侧"),
    ],
)
def test_only_sides_are_exchanged(text, mirrored):
    assert mirror_report(Report(findings=text)).findings == mirrored
    assert mirror_report(mirror_report(Report(findings=text))).findings == text
