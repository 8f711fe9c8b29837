from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.augment import Augment
from mmseg_bone.imaging.body_frame import OUTSIDE, BodyFrame, body_coordinates, find_frame
from mmseg_bone.imaging.mirror import mirror
from tests.imaging.phantoms import phantom

UPRIGHT = BodyFrame(crown=10.0, thorax=24.85, toes=110.0, middle=30.0, lean=0.0, pixel_ratio=1.0)


def places(study, block=4):
    return body_coordinates(study.counts, study.views, study.spacing_mm, block)


def test_a_place_is_measured_in_lengths_of_the_body():
    y, x = UPRIGHT.coordinates(120, 60, 1)
    assert y[10, 30] == pytest.approx(-0.99)  # the middle of the first row of the head
    assert y[59, 0] == pytest.approx(-0.01, abs=1e-6)  # half way down
    assert y[109, 30] == pytest.approx(0.99)
    assert x[60, 29] == pytest.approx(-0.5 / 26)  # 0.26 of 100 rows to either side
    assert x[60, 55] == pytest.approx(25.5 / 26)


def test_above_the_head_and_below_the_feet_is_outside():
    y, _ = UPRIGHT.coordinates(120, 60, 1)
    assert (y[:10] == -OUTSIDE).all()
    assert (y[110:] == OUTSIDE).all()


def test_a_block_is_where_its_middle_is_and_a_turned_image_is_read_from_the_other_side():
    fine, coarse = UPRIGHT.coordinates(120, 60, 1), UPRIGHT.coordinates(30, 15, 4)
    blocks = fine.reshape(2, 30, 4, 15, 4).mean(axis=(2, 4))
    inside = np.abs(blocks).max(0) < 1
    np.testing.assert_allclose(coarse[:, inside], blocks[:, inside], atol=1e-2)
    np.testing.assert_allclose(UPRIGHT.coordinates(120, 60, 1, turned=60), fine[..., ::-1])


def test_a_patient_who_leans_is_the_same_patient():
    lean = replace(UPRIGHT, lean=0.1).coordinates(120, 60, 1)
    assert lean[1, 60, 34] == pytest.approx(UPRIGHT.coordinates(120, 60, 1)[1, 60, 29], abs=0.01)
    assert lean[0, 60, 50] > lean[0, 60, 30] > lean[0, 60, 10]  # her left side lies further up


def test_left_is_left_in_either_view_of_a_phantom():
    study = phantom(0)
    for place, bones in zip(places(study, block=1), study.bones, strict=True):
        assert place[1][bones == BY_NAME["rib_left_6"].label].mean() > 0.1
        assert place[1][bones == BY_NAME["rib_right_6"].label].mean() < -0.1
    anterior, posterior = places(study, block=1)
    np.testing.assert_allclose(posterior[..., ::-1], anterior, atol=1e-5)


def test_a_mirrored_patient_has_mirrored_places():
    here, there = places(phantom(1))[0], places(mirror(phantom(1)))[0]
    seen = np.abs(here).max(0) < 1
    np.testing.assert_allclose(-there[1, :, ::-1][seen], here[1][seen], atol=0.03)
    np.testing.assert_allclose(there[0, :, ::-1][seen], here[0][seen], atol=0.02)


def test_places_move_with_the_patient():
    study = phantom(2)
    turned = Augment(rotate_deg=5.0, mirror=0.0, thin=1.0)(study, np.random.default_rng(3))
    for label in np.unique(study.bones[0])[1:]:
        was, now = study.bones[0] == label, turned.bones[0] == label
        if was.sum() > 300 and now.sum() > 300:
            before = places(study, 1)[0][:, was].mean(axis=1)
            after = places(turned, 1)[0][:, now].mean(axis=1)
            np.testing.assert_allclose(after, before, atol=0.08)


def test_one_view_is_enough():
    study = phantom(0)
    for view, name in enumerate(study.views):
        alone = body_coordinates(study.counts[view : view + 1], (name,), study.spacing_mm)
        assert alone.shape == (1, 2, 256, 64)
        assert np.abs(alone[0] - places(study)[view])[:, 60:200, 20:44].max() < 0.1


def test_in_a_blank_image_everything_is_outside_and_sizes_round_up():
    blank = np.zeros((2, 101, 30), np.uint16)
    assert find_frame(blank, ("anterior", "posterior"), (2.3, 2.3)) is None
    place = body_coordinates(blank, ("anterior", "posterior"), (2.3, 2.3))
    assert place.shape == (2, 2, 26, 8)
    assert (place == OUTSIDE).all()
