import hashlib
from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.phantom.camera import SIEMENS_ECAM
from mmseg_bone.phantom.patient import Settings, make_study, scan
from mmseg_bone.study import CLASSES
from tests.phantom.drawing import focus, plan


def streams(seed=0):
    return [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)]


@pytest.fixture(scope="module")
def study():
    return make_study(3, seed=0)


def test_a_study_is_two_views_as_a_camera_stores_them(study):
    assert study.id == "s000003"
    assert study.patient == "p000003"
    assert study.counts.shape == (2, 1024, 256)
    assert study.counts.dtype == np.uint16
    assert 2.2 <= study.spacing_mm[0] == study.spacing_mm[1] <= 2.4
    assert study.counts.sum(axis=(1, 2)).min() > 0.7e6
    assert study.counts.sum(axis=(1, 2)).max() < 5.5e6


def test_the_camera_is_narrower_than_its_matrix_and_stops_below_the_feet(study):
    assert not study.counts[:, :, :13].any()
    assert not study.counts[:, :, 243:].any()
    for view in study.counts:
        rows = np.flatnonzero(view.any(axis=1))
        assert rows[0] > 5
        assert rows[-1] < 1020
    maps = study.classes + study.bones + study.instances
    assert not maps[:, :, :13].any()


def test_mask_instances_classes_and_foci_tell_one_story(study):
    metastatic = [f.number for f in study.foci if f.metastatic]
    np.testing.assert_array_equal(study.mask, np.isin(study.instances, metastatic))
    np.testing.assert_array_equal(study.mask, study.classes == CLASSES.index("metastasis"))
    assert set(np.unique(study.instances)) <= {0} | {f.number for f in study.foci}


def test_a_report_and_what_is_known_of_the_patient_come_along(study):
    assert study.report
    assert study.report.findings
    assert study.notes.keys() >= {"camera", "sex", "age_decade", "primary", "style"}
    assert "birth" not in " ".join(study.notes)


def digest(study):
    parts = (study.counts, study.mask, study.instances, study.classes, study.bones)
    about = repr((study.spacing_mm, study.report, study.foci, sorted(study.notes.items())))
    return hashlib.sha256(b"".join(p.tobytes() for p in parts) + about.encode()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_patient():
    assert digest(make_study(5, seed=1)) == digest(make_study(5, seed=1))
    assert digest(make_study(5, seed=1)) != digest(make_study(6, seed=1))
    assert digest(make_study(5, seed=1)) != digest(make_study(5, seed=2))


def test_another_camera_sees_the_same_patient():
    sharp = replace(SIEMENS_ECAM, name="sharp", intrinsic_mm=1.0)
    one = make_study(4, seed=0, settings=Settings(cameras=(SIEMENS_ECAM,)))
    other = make_study(4, seed=0, settings=Settings(cameras=(sharp,)))
    assert one.report == other.report
    assert one.notes["camera"] != other.notes["camera"]
    assert (one.bones == other.bones).mean() > 0.95


def test_the_left_is_at_the_right_from_the_front_and_at_the_left_from_behind():
    spot = focus(bone="femur_left", ratio=12.0, along=0.5, diameter_mm=30.0)
    pictures = scan(plan(spot), SIEMENS_ECAM, *streams())
    front, behind = (np.nonzero(view)[1].mean() for view in pictures["mask"])
    assert front > 140
    assert behind < 116


def test_what_the_camera_did_not_pass_over_is_not_marked_either():
    narrow = replace(SIEMENS_ECAM, columns=40)
    hot = focus(bone="femur_left", ratio=12.0, along=0.1, diameter_mm=40.0)
    pictures = scan(plan(hot), narrow, *streams())
    for name in ("counts", "mask", "instances", "classes", "bones"):
        assert not pictures[name][:, :, :108].any(), name
        assert not pictures[name][:, :, 148:].any(), name


def test_an_empty_plan_has_an_empty_mask_and_is_not_blank():
    pictures = scan(plan(), SIEMENS_ECAM, *streams())
    assert not pictures["mask"].any()
    assert not pictures["instances"].any()
    assert pictures["counts"].any()


def test_counts_are_those_drawn_for_the_camera_and_not_smoothed():
    few = replace(SIEMENS_ECAM, counts=1.0e6, counts_spread=0.0)
    pictures = scan(plan(), few, *streams())
    assert pictures["counts"][0].sum() == pytest.approx(1.0e6, rel=0.05)
    view = pictures["counts"][0].astype(float)
    flat = view[500:700][:, 13:243]
    difference = (flat[:, 1:] - flat[:, :-1]) / np.sqrt(2)
    mean = (flat[:, 1:] + flat[:, :-1]) / 2
    body = mean > 4
    # Neighbours differ by counting alone, but for slow slopes: variance over mean is one.
    assert (difference[body] ** 2).mean() / mean[body].mean() == pytest.approx(1.0, abs=0.12)
