import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.anatomy import uptake
from mmseg_bone.phantom.anatomy.pose import Pose, draw_build
from mmseg_bone.phantom.anatomy.skeleton import JOINTS, skeleton
from tests.phantom.drawing import plan

SEEDS = range(8)


def taken(seed=0, **changes):
    bones = skeleton()
    place = bones.axis + bones.offset
    return uptake.of_bones(plan(**changes), bones, place, np.random.default_rng(seed))


def mean(values, *names):
    bones = skeleton()
    here = np.isin(bones.label, [BY_NAME[name].label for name in names])
    return float(np.average(values[here], weights=bones.volume[here]))


def test_every_bone_has_its_uptake():
    assert {uptake.kind_of(name) for name in BY_NAME} == uptake.UPTAKE.keys()


def test_the_hot_bones_are_the_ones_that_are_hot_in_people():
    many = np.mean([taken(seed) for seed in SEEDS], axis=0)
    assert mean(many, "manubrium") > mean(many, "L3") > mean(many, "T7") > mean(many, "rib_left_6")
    assert mean(many, "femur_left") > mean(many, "tibia_left")
    assert 15 < mean(many, "L3") < 30  # over muscle


def test_both_sides_of_a_patient_take_up_alike_and_patients_differ():
    pairs = [(mean(t, "ilium_left"), mean(t, "ilium_right")) for t in map(taken, SEEDS)]
    sides = np.std([np.log(left / right) for left, right in pairs])
    people = np.std([np.log(left) for left, _ in pairs])
    assert sides < people


def test_a_warm_joint_is_warm_on_both_sides_and_nothing_else_is():
    cool, warm = taken(), taken(joints={"knee": 2.0})
    bones = skeleton()
    knee = bones.joint == JOINTS.index("knee")
    for side in (-1, 1):
        assert (warm / cool)[knee & (bones.left == side)].mean() > 1.3
    np.testing.assert_allclose(warm[~knee], cool[~knee])


@pytest.mark.parametrize(("kind", "hands"), [("metastatic", 0.6), ("metabolic", 1.4)])
def test_a_superscan_is_hot_and_the_metastatic_one_spares_the_ends_of_the_limbs(kind, hands):
    plain, superscan = taken(), taken(superscan=kind)
    spine = mean(superscan, "L1", "L2", "L3") / mean(plain, "L1", "L2", "L3")
    assert spine > 1.8
    limbs = mean(superscan, "hand_left", "foot_left") / mean(plain, "hand_left", "foot_left")
    assert limbs < spine * hands


def test_waves_have_mean_one_and_the_spread_asked_for():
    place = np.random.default_rng(0).uniform(-80, 80, (20000, 3))
    field = uptake.Waves(np.random.default_rng(1), 0.1, (4.0, 15.0))(place)
    assert field.mean() == pytest.approx(1, abs=0.01)
    assert field.std() == pytest.approx(0.1, rel=0.1)


def sources(**changes):
    made = plan(**changes)
    pose = Pose(draw_build(made, np.random.default_rng(0)))
    return {s.kind: s for s in uptake.beside_bones(made, pose, np.random.default_rng(0))}


def test_kidneys_follow_the_plan_and_lie_on_their_sides():
    both, one = sources(), sources(kidneys=(0.5, 1.0))
    left, right = both["kidney_left"], both["kidney_right"]
    assert left.place[:, 0].min() > 0 > right.place[:, 0].max()
    assert one["kidney_left"].emission.sum() == pytest.approx(left.emission.sum() / 2)
    assert one["kidney_right"].emission.sum() == pytest.approx(right.emission.sum())


def test_the_bladder_holds_what_was_planned():
    bladder = sources(bladder_ml=200.0, bladder_uptake=30.0)["bladder"]
    assert bladder.emission.sum() == pytest.approx(200.0 * 30.0, rel=0.02)
    small = sources(bladder_ml=50.0)["bladder"]
    assert np.ptp(small.place, axis=0).max() < np.ptp(bladder.place, axis=0).max()


def test_an_injection_shows_in_the_arm_it_was_given_in():
    assert "injection" not in sources()
    assert sources(injection=("left", "wrist", 10.0))["injection"].place[:, 0].min() > 0
    assert sources(injection=("right", "elbow", 10.0))["injection"].place[:, 0].max() < 0


def test_a_ureter_is_a_stretch_of_a_line_between_kidney_and_bladder_in_one_patient_of_twenty():
    made, seen = plan(), []
    pose = Pose(draw_build(made, np.random.default_rng(0)))
    for seed in range(400):
        found = {s.kind: s for s in uptake.beside_bones(made, pose, np.random.default_rng(seed))}
        seen += [(found, side) for side in ("left", "right") if f"ureter_{side}" in found]
    assert 8 < len(seen) < 45
    for found, side in seen:
        z = found[f"ureter_{side}"].place[:, 2]
        assert found["bladder"].place[:, 2].min() < z.min() < z.max()
        assert z.max() < found[f"kidney_{side}"].place[:, 2].max()
        x = found[f"ureter_{side}"].place[:, 0]
        assert (x.mean() > 0) == (side == "left")
        assert found[f"ureter_{side}"].emission.sum() < 0.05 * found["bladder"].emission.sum()
