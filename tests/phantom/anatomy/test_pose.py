from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.anatomy.pose import Pose, draw_build
from mmseg_bone.phantom.anatomy.skeleton import skeleton
from tests.phantom.drawing import plan


def build(**changes):
    drawn = draw_build(plan(), np.random.default_rng(0))
    straight = {"turn_deg": 0.0, "nod_deg": 0.0, "tilt": 0.0, "scoliosis_cm": 0.0}
    return replace(drawn, **(straight | changes))


def posed(name, **changes):
    bones = skeleton()
    return Pose(build(**changes)).place(bones)[bones.bone(BY_NAME[name].label)]


def test_a_taller_patient_is_longer_in_every_bone():
    for name in ("femur_left", "T7", "skull"):
        short, tall = np.ptp(posed(name), axis=0), np.ptp(posed(name, scale=1.1), axis=0)
        np.testing.assert_allclose(tall / short, build(scale=1.1).scale / build().scale)


def test_limbs_turn_without_getting_longer():
    joints = Pose(build(elbow_cm=(24.0, 19.0), knee_cm=(12.0, 7.0))).joints
    for side in ("left", "right"):
        humerus = np.linalg.norm(joints[f"elbow_{side}"] - joints[f"shoulder_{side}"])
        assert humerus == pytest.approx(28.65 * build().scale, rel=0.01)
    assert joints["elbow_left"][0] == pytest.approx(24.0 * build().scale)
    assert joints["elbow_right"][0] == pytest.approx(-19.0 * build().scale)


def test_scoliosis_bends_the_spine_to_the_left_and_leaves_the_sternum_behind():
    spine = posed("T7", scoliosis_cm=2.0).mean(axis=0) - posed("T7").mean(axis=0)
    sternum = posed("sternum", scoliosis_cm=2.0).mean(axis=0) - posed("sternum").mean(axis=0)
    largest = max(
        abs(posed(f"T{n}", scoliosis_cm=2.0)[:, 0].mean() - posed(f"T{n}")[:, 0].mean())
        for n in range(1, 13)
    )
    assert 1.0 < largest < 2.1
    assert abs(sternum[0]) < abs(spine[0]) + 0.3


def test_a_head_turned_to_the_left_looks_to_the_left():
    face = posed("mandible", turn_deg=20.0) - posed("mandible")
    front = posed("mandible")[:, 1] > 5
    assert face[front, 0].mean() < -1.5 or face[front, 0].mean() > 1.5
    np.testing.assert_allclose(posed("T4", turn_deg=20.0), posed("T4"))


def test_feet_point_down_on_a_lying_patient():
    flat, pointed = (
        posed("foot_left", foot_deg=(0.0, 0.0)),
        posed("foot_left", foot_deg=(45.0, 45.0)),
    )
    assert pointed[:, 2].min() < flat[:, 2].min() - 8
    assert Pose(build(foot_deg=(45.0, 45.0))).toes == pytest.approx(pointed[:, 2].min(), abs=1.0)


def test_hands_lie_beside_the_hips():
    hand, femur = posed("hand_left"), posed("femur_left")
    assert hand[:, 2].max() > femur[:, 2].max() - 5
    assert hand[:, 0].min() > 14
