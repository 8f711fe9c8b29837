import numpy as np
import pytest

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.phantom.burden import bone_scan_index
from mmseg_bone.phantom.foci import Drawn
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.phantom.patient import Settings, make_study
from tests.phantom.drawing import focus
from tests.phantom.test_foci import drawn, skeleton

SUM = 100.1  # of the weights, as printed
FEMUR = 8.9


def spot(bone, share=1.0, **changes):
    """A focus that takes the same share of every point of a bone."""
    at = skeleton().bone(BY_NAME[bone].label)
    points = np.arange(at.start, at.stop)
    return Drawn(
        focus(bone=bone, **changes),
        np.zeros((len(points), 3)),
        np.zeros(len(points)),
        points,
        np.full(len(points), share),
    )


def test_a_whole_femur_is_its_share_of_the_skeleton():
    found = bone_scan_index(skeleton(), [spot("femur_left")])
    assert found == pytest.approx(100 * FEMUR / SUM, rel=1e-4)


def test_half_of_a_bone_counts_half_and_no_bone_counts_twice():
    half = bone_scan_index(skeleton(), [spot("femur_left", 0.5)])
    assert half == pytest.approx(50 * FEMUR / SUM, rel=1e-4)
    twice = bone_scan_index(skeleton(), [spot("femur_left", 0.8), spot("femur_left", 0.7)])
    assert twice == pytest.approx(100 * FEMUR / SUM, rel=1e-4)


def test_all_bones_are_the_whole_and_none_or_benign_ones_are_nothing():
    everywhere = [spot(bone.name) for bone in BONES]
    assert bone_scan_index(skeleton(), everywhere) == pytest.approx(100)
    assert bone_scan_index(skeleton(), []) == 0.0
    assert bone_scan_index(skeleton(), [spot("skull", metastatic=False)]) == 0.0


def test_a_drawn_focus_counts_by_its_volume_hot_or_cold():
    bones = skeleton()
    femur = bones.volume[bones.bone(BY_NAME["femur_right"].label)].sum()
    expected = 100 * FEMUR / SUM * (np.pi / 6 * 3**3) / femur
    for ratio in (6.0, 0.3):
        # 168.5 cm: lying down makes this man as long as the standard skeleton.
        spots, _ = drawn(
            focus(bone="femur_right", along=0.3, diameter_mm=30.0, ratio=ratio), height_cm=168.5
        )
        assert bone_scan_index(bones, spots) == pytest.approx(expected, rel=0.01)


def test_a_study_carries_its_index():
    found = []
    for status in ("normal", "metastatic"):
        settings = Settings(cohort=Cohort(status={status: 1.0}, counts={"2-5": 1.0}))
        found.append(float(make_study(0, seed=3, settings=settings).notes["bsi_percent"]))
    assert found[0] == 0
    assert 0 < found[1] < 20
