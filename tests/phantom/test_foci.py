import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.anatomy.pose import Pose, draw_build
from mmseg_bone.phantom.anatomy.skeleton import skeleton
from mmseg_bone.phantom.foci import draw_foci
from tests.phantom.drawing import focus, plan


def drawn(*foci, **changes):
    made = plan(*foci, **changes)
    pose, bones = Pose(draw_build(made, np.random.default_rng(0))), skeleton()
    place = pose.place(bones)
    flat = np.full(len(place), 10.0)
    return draw_foci(made, bones, pose, place, flat, np.random.default_rng(0)), place


@pytest.mark.parametrize("bone", ["L3", "rib_left_6", "skull", "femur_right", "ilium_left"])
def test_a_focus_has_the_volume_planned_and_lies_in_its_bone(bone):
    (spot,), place = drawn(focus(bone=bone, ratio=3.0, diameter_mm=20.0))
    # Twice the bone's own uptake of 10 on top, in a sphere of 2 cm: 4.19 cm3.
    assert spot.emission.sum() == pytest.approx(2 * 10 * np.pi / 6 * 8, rel=0.1)
    own = {tuple(p) for p in place[skeleton().bone(BY_NAME[bone].label)]}
    assert all(tuple(p) in own for p in spot.place)


def test_a_cold_focus_takes_away_and_never_more_than_there_is():
    (spot,), _ = drawn(focus(ratio=0.2))
    assert (spot.emission < 0).all()
    # Lying down adds the 1.5 cm by which this man is shorter than the standard one.
    (larger,), _ = drawn(focus(ratio=0.2, diameter_mm=200.0), height_cm=168.5)
    bones = skeleton()
    volume = bones.volume[bones.bone(BY_NAME["L3"].label)].sum()
    assert -larger.emission.sum() == pytest.approx(0.8 * 10 * volume, rel=0.01)


def test_a_cold_focus_may_have_a_hot_ring():
    (spot,), _ = drawn(focus(ratio=0.2, bone="ilium_left"), notes={"rims": "1"})
    assert spot.emission.min() < 0 < spot.emission.max()


def test_along_a_rib_means_from_the_spine_to_the_front():
    back, middle, front = (
        drawn(focus(bone="rib_left_6", along=along))[0][0].place.mean(axis=0)
        for along in (0.05, 0.5, 0.95)
    )
    assert back[1] < middle[1] < front[1]
    assert middle[0] > back[0] + 3


def test_a_rib_focus_is_long():
    (spot,), _ = drawn(focus(bone="rib_left_6", elongation=3.0))
    assert np.ptp(spot.place, axis=0).max() > 4  # cm: 4.2 cm3 in a rib of 1 cm2


@pytest.mark.parametrize(("across", "sign"), [(0.9, 1), (-0.9, -1)])
def test_across_counts_from_the_patients_right_to_the_left(across, sign):
    for part in ("body", "left_edge" if sign > 0 else "right_edge"):
        (spot,), place = drawn(focus(part=part, across=across, diameter_mm=10.0))
        middle = place[skeleton().bone(BY_NAME["L3"].label), 0].mean()
        assert sign * (spot.place[:, 0].mean() - middle) > 1


def test_posterior_elements_lie_behind_the_body():
    (body,), _ = drawn(focus(part="body"))
    (arch,), _ = drawn(focus(part="posterior_elements"))
    assert arch.place[:, 1].max() < body.place[:, 1].mean()


def test_what_is_drawn_does_not_depend_on_what_it_is():
    (one,), _ = drawn(focus(kind="metastasis", metastatic=True))
    (other,), _ = drawn(focus(kind="degeneration", metastatic=False, ambiguous=True))
    np.testing.assert_array_equal(one.emission, other.emission)


def test_a_spot_outside_bone_is_drawn_too():
    spots, _ = drawn(
        focus(1, bone="", part="groin", across=0.5, kind="contamination", metastatic=False),
        focus(2, bone="", part="axilla", across=-1.0, kind="lymph_node", metastatic=False),
    )
    assert spots[0].place[:, 0].mean() > 5
    assert spots[1].place[:, 0].mean() < -10
    assert spots[0].emission.sum() == pytest.approx(5 * 0.35 * np.pi / 6 * 8, rel=0.02)
