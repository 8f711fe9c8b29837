"""What each pixel is said to show, on whole drawn patients."""

import numpy as np
import pytest

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.phantom.camera import SIEMENS_ECAM
from mmseg_bone.phantom.draw import Eye, expectation, stage
from mmseg_bone.phantom.truth import truth
from mmseg_bone.study import CLASSES
from tests.phantom.drawing import focus, plan

SPACING = (0.24, 0.24)


def seen(*foci, forward=True, **changes):
    scene = stage(plan(*foci, **changes), SPACING, np.random.default_rng(2))
    eye = Eye(scene, SIEMENS_ECAM, forward)
    image = expectation(eye)
    return scene, image, truth(eye, image)


@pytest.fixture(scope="module")
def normal():
    return {forward: seen(forward=forward) for forward in (True, False)}


def test_without_foci_nothing_is_marked_but_urine(normal):
    for _, _, found in normal.values():
        assert not found.mask.any()
        assert not found.instances.any()
        assert set(np.unique(found.classes)) <= {0, CLASSES.index("urinary")}


def test_bladder_and_kidneys_are_urinary(normal):
    scene, _, found = normal[False]
    for kind in ("bladder", "kidney_left", "kidney_right"):
        middle = scene.place[scene.sources[kind]].mean(axis=0)[None]
        row, column, _ = scene.body.grid.pixel(middle[:, 0], middle[:, 2])
        assert CLASSES[found.classes[row[0], column[0]]] == "urinary", kind


def test_nearly_every_bone_is_seen_in_one_view_or_the_other(normal):
    labels = set(np.unique([found.bones for _, _, found in normal.values()])) - {0}
    hidden = {bone.name for bone in BONES} - {bone.name for bone in BONES if bone.label in labels}
    assert hidden <= {"C1", "C2", "T1", "T2", "rib_left_1", "rib_right_1"}


def test_the_sternum_is_seen_from_the_front_only(normal):
    label = BY_NAME["sternum"].label
    assert (normal[True][2].bones == label).sum() > 300
    assert (normal[False][2].bones == label).sum() < 30


def test_bones_are_labelled_where_they_are(normal):
    scene, _, found = normal[True]
    for name in ("femur_left", "tibia_right", "skull", "L4"):
        label = BY_NAME[name].label
        middle = scene.place[scene.label == label].mean(axis=0)
        row, column = (index.mean() for index in np.nonzero(found.bones == label))
        at_row, at_column, _ = scene.body.grid.pixel(middle[None, 0], middle[None, 2])
        assert abs(row - at_row[0]) < 12, name
        assert abs(column - at_column[0]) < 12, name


@pytest.mark.parametrize("bone", ["L3", "rib_left_8", "femur_right", "skull"])
def test_a_metastasis_is_marked_in_its_bone(bone):
    _, _, found = seen(focus(bone=bone, ratio=8.0, along=0.8))
    assert 8 < found.mask.sum() < 400
    np.testing.assert_array_equal(found.mask, found.instances == 1)
    np.testing.assert_array_equal(found.mask, found.classes == CLASSES.index("metastasis"))
    assert (found.bones[found.mask] == BY_NAME[bone].label).mean() > 0.4


def test_a_benign_focus_is_an_instance_but_not_in_the_mask():
    _, _, found = seen(focus(kind="fracture", metastatic=False, ratio=8.0))
    assert not found.mask.any()
    assert (found.classes[found.instances == 1] == CLASSES.index("benign")).all()
    assert (found.instances == 1).any()


def test_a_spot_beside_bone_is_an_artefact():
    spot = focus(
        bone="", part="thigh", across=0.7, kind="contamination", metastatic=False, ratio=30.0
    )
    _, _, found = seen(spot)
    assert (found.classes[found.instances == 1] == CLASSES.index("artefact")).all()
    assert (found.instances == 1).any()


def test_a_metastasis_is_never_hidden_by_something_benign():
    here = {"bone": "femur_left", "along": 0.5, "diameter_mm": 30.0}
    hot = focus(1, kind="benign_tumour", metastatic=False, ratio=12.0, **here)
    _, _, found = seen(hot, focus(2, ratio=4.0, **here))
    assert (found.instances[found.mask] == 2).all()
    assert found.mask.any()


def test_a_cold_focus_is_marked_where_the_bone_is_missing():
    cold = focus(bone="femur_left", part="middle", along=0.5, ratio=0.1, diameter_mm=45.0)
    _, with_it, found = seen(cold)
    _, without, _ = seen()
    assert found.mask.sum() > 30
    assert with_it[found.mask].sum() < 0.85 * without[found.mask].sum()


def test_a_focus_too_faint_to_see_leaves_no_pixel():
    _, _, found = seen(focus(ratio=1.01, diameter_mm=8.0))
    assert not found.instances.any()


def test_a_focus_at_the_back_is_fainter_from_the_front():
    spot = focus(bone="rib_left_9", along=0.2, ratio=6.0)
    gain = {}
    for forward in (True, False):
        _, image, _ = seen(spot, forward=forward)
        _, plain, _ = seen(forward=forward)
        gain[forward] = (image - plain).max()
    assert gain[False] > 2 * gain[True]
