from itertools import pairwise

import numpy as np
import pytest

from mmseg_bone.anatomy import BONES, BY_NAME, mirrored
from mmseg_bone.phantom.anatomy.skeleton import CENTRES, JOINTS, skeleton


def bone(name):
    bones = skeleton()
    here = bones.bone(BY_NAME[name].label)
    return bones.axis[here] + bones.offset[here]


def test_every_bone_is_there_and_no_other():
    assert set(np.unique(skeleton().label)) == {bone.label for bone in BONES}
    assert (skeleton().volume > 0).all()


@pytest.mark.parametrize("name", ["femur_left", "rib_left_6", "scapula_left", "hand_left"])
def test_a_bone_of_the_right_is_the_mirror_image_of_the_left(name):
    other = bone(mirrored(BY_NAME[name]).name)
    np.testing.assert_array_equal(bone(name) * (-1, 1, 1), other)
    assert bone(name)[:, 0].mean() > 0  # x is to the patient's left


def test_vertebrae_follow_each_other_from_top_to_bottom_without_overlap():
    bones = skeleton()
    bodies = []
    for known in BONES:
        if known.level and known.region != "ribs":
            here = bones.bone(known.label)
            body = (bones.part[here] == 1).nonzero()[0] + here.start
            z = (bones.axis + bones.offset)[body, 2]
            bodies.append((np.percentile(z, 5), np.percentile(z, 95)))
    assert len(bodies) == 24
    for (low, _), (_, high) in pairwise(bodies):
        assert high < low + 0.4  # end-plates are tilted, so heights may overlap by their tilt


@pytest.mark.parametrize(
    # Length along the rib, cm: the model's dry ribs and Todd's, which ours lie between.
    ("level", "shortest", "longest"),
    [(1, 10, 14), (3, 22, 29), (6, 26, 33), (8, 27, 32), (10, 23, 28), (12, 6, 12)],
)
def test_ribs_are_as_long_as_ribs(level, shortest, longest):
    bones = skeleton()
    here = bones.bone(BY_NAME[f"rib_left_{level}"].label)
    line = bones.axis[here][np.argsort(bones.along[here])]
    assert shortest < np.linalg.norm(np.diff(line, axis=0), axis=1).sum() < longest


@pytest.mark.parametrize(
    ("name", "size"),
    [("femur_left", 45.2), ("humerus_left", 31.8), ("tibia_left", 38.5), ("ilium_left", 15.5)],
)
def test_long_bones_have_the_lengths_measured(name, size):
    assert np.ptp(bone(name)[:, 2]) == pytest.approx(size, abs=1.5)


def test_places_along_and_across_count_from_the_top_and_from_the_right():
    bones = skeleton()
    here = bones.bone(BY_NAME["femur_left"].label)
    assert np.corrcoef(bones.along[here], bone("femur_left")[:, 2])[0, 1] < -0.99
    assert np.corrcoef(bones.across[here], bone("femur_left")[:, 0])[0, 1] > 0.99
    rib = bones.bone(BY_NAME["rib_right_5"].label)
    front = bone("rib_right_5")[bones.along[rib] > 0.9]
    back = bone("rib_right_5")[bones.along[rib] < 0.1]
    assert front[:, 1].min() > back[:, 1].max()  # ribs count from the head to the front end


def test_every_joint_warms_bone_on_both_sides():
    bones = skeleton()
    for number, joint in enumerate(JOINTS):
        sides = bones.left[bones.joint == number]
        assert set(np.unique(sides)) == {-1, 1}, joint


def test_joint_centres_lie_in_their_bones():
    for joint, name in (
        ("hip", "femur_left"),
        ("shoulder", "humerus_left"),
        ("ankle", "tibia_left"),
    ):
        assert np.linalg.norm(bone(name) - CENTRES[joint], axis=1).min() < 0.5


def test_the_skeleton_is_made_once_and_cannot_be_changed():
    assert skeleton() is skeleton()
    with pytest.raises(ValueError, match="read-only"):
        skeleton().axis[0] = 0
