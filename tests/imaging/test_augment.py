from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.augment import Augment, thinned

STILL = {"rotate_deg": 0.0, "shift": 0.0, "scale": (1.0, 1.0), "mirror": 0.0, "thin": 1.0}


@pytest.fixture
def patient(study):
    """A hot spot at the patient's left, seen in both views."""
    counts = np.full((2, 64, 32), 20, np.uint16)
    mask = np.zeros(counts.shape, bool)
    mask[0, 20:24, 22:26] = mask[1, 20:24, 6:10] = True
    counts[mask] = 400
    return replace(study, counts=counts, mask=mask)


def rng():
    return np.random.default_rng(8)


def test_without_ranges_nothing_changes(patient):
    same = Augment(**STILL)(patient, rng())
    np.testing.assert_allclose(same.counts, patient.counts)
    np.testing.assert_array_equal(same.mask, patient.mask)
    assert same.report == patient.report


def test_the_mask_moves_with_the_counts_in_both_views(patient):
    moved = Augment(**STILL | {"rotate_deg": 25.0})(patient, rng())

    assert not np.array_equal(moved.mask, patient.mask)
    for counts, mask in zip(moved.counts, moved.mask, strict=True):
        assert counts[mask].mean() > 250 > 100 > counts[~mask].mean()


def test_both_views_are_moved_by_the_same_motion_of_the_patient(patient):
    moved = Augment(**STILL | {"shift": 0.2})(patient, rng())

    (_, xa), (_, xp) = (np.argwhere(mask).mean(0) for mask in moved.mask)
    shift_a, shift_p = xa - 23.5, xp - 7.5
    assert abs(shift_a) > 0.5
    assert shift_p == pytest.approx(-shift_a, abs=1.01)  # the posterior view looks the other way


def test_a_mirrored_study_has_a_mirrored_report(patient):
    mirrored = Augment(**STILL | {"mirror": 1.0})(patient, rng())
    assert mirrored.mask[0, 20:24, 6:10].all()
    assert mirrored.report.findings.startswith("右侧")


def test_thinned_counts_have_the_mean_and_spread_of_a_shorter_acquisition():
    # Half of a Poisson(40) is a Poisson(20): mean and variance 20.
    full = np.random.default_rng(0).poisson(40, (1, 200, 200)).astype(np.uint16)
    half = thinned(full, 0.5, rng())

    assert half.mean() == pytest.approx(20, rel=0.01)
    assert half.var() == pytest.approx(20, rel=0.03)
    assert (half == np.rint(half)).all()
    assert (half >= 0).all()
    assert (half <= full).all()


def test_a_study_of_one_view_without_a_mask_goes_through(patient):
    one = replace(patient, views=("posterior",), counts=patient.counts[1:], mask=None, report=None)
    assert Augment()(one, rng()).mask is None


def test_the_same_generator_gives_the_same_study(patient):
    augment = Augment()
    a, b = augment(patient, rng()), augment(patient, rng())
    np.testing.assert_array_equal(a.counts, b.counts)


def test_bones_move_with_the_mask_and_change_sides_in_the_mirror(patient):
    left, right = BY_NAME["rib_left_5"].label, BY_NAME["rib_right_5"].label
    known = replace(patient, bones=np.where(patient.mask, left, 0).astype(np.uint8))

    moved = Augment(**STILL | {"rotate_deg": 25.0})(known, rng())
    np.testing.assert_array_equal(moved.bones == left, moved.mask)
    assert not np.array_equal(moved.mask, patient.mask)
    mirrored = Augment(**STILL | {"mirror": 1.0})(known, rng())
    np.testing.assert_array_equal(mirrored.bones == right, mirrored.mask)
    alone = Augment(**STILL)(replace(known, mask=None), rng())
    assert alone.mask is None
    np.testing.assert_array_equal(alone.bones, known.bones)
