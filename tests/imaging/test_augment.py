from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.stats import binom

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.augment import Augment, _move_labels, thinned
from mmseg_bone.imaging.mirror import in_anterior_sense, mirror

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


def test_a_mirrored_patient_is_moved_as_she_would_be_had_she_been_mirrored_first(patient):
    ranges = STILL | {"rotate_deg": 25.0, "shift": 0.1, "scale": (0.8, 1.2)}
    noise = np.random.default_rng(0).poisson(20, patient.counts.shape).astype(np.uint16)
    known = replace(patient, counts=noise, bones=np.where(patient.mask, 7, 9).astype(np.uint8))

    for seed in range(4):
        at_once = Augment(**ranges | {"mirror": 1.0})(known, np.random.default_rng(seed))
        first = Augment(**ranges)(mirror(known), np.random.default_rng(seed))
        np.testing.assert_allclose(at_once.counts, first.counts, atol=0.01)
        for map_ in ("mask", "bones"):  # a tie between neighbours may go the other way
            assert (getattr(at_once, map_) == getattr(first, map_)).mean() > 0.998
        assert at_once.report == first.report


def test_each_view_is_moved_as_albumentations_moves_it_in_the_sense_of_the_anterior(patient):
    noise = np.random.default_rng(0).poisson(20, patient.counts.shape).astype(np.uint16)
    augment = Augment(**STILL | {"rotate_deg": 25.0, "shift": 0.1, "scale": (0.8, 1.2)})
    moved = augment(replace(patient, counts=noise), rng())

    other = rng()
    other.random()  # whether to mirror
    augment.motion.set_random_seed(int(other.integers(2**31)))
    drawn = augment.motion.get_params_dependent_on_data({"shape": noise.shape[1:]}, {})
    both = (in_anterior_sense(views, patient.views) for views in (noise, moved.counts))
    for before, after in zip(*both, strict=True):
        theirs = augment.motion.apply(before.astype(np.float32), drawn["matrix"], before.shape)
        assert after.std() > 3
        np.testing.assert_allclose(after, theirs, atol=0.01)


def test_a_blank_study_stays_blank_and_read(patient):
    zeros = np.zeros_like(patient.counts)
    blank = Augment()(replace(patient, counts=zeros, mask=zeros > 0), rng())
    assert not blank.counts.any()
    assert blank.mask.dtype == bool
    assert not blank.mask.any()


def test_what_is_given_is_left_as_it_was_and_may_be_read_only(patient):
    before = patient.counts.copy(), patient.mask.copy()
    for array in (patient.counts, patient.mask):
        array.setflags(write=False)
    changed = Augment()(patient, rng())
    assert changed.counts.dtype == np.float32
    assert changed.counts.min() >= 0
    np.testing.assert_array_equal(patient.counts, before[0])
    np.testing.assert_array_equal(patient.mask, before[1])


def test_only_whole_counts_are_thinned(patient):
    shares = replace(patient, counts=patient.counts.astype(np.float32) + 0.25)
    thinning = Augment(**STILL | {"thin": 0.5})
    np.testing.assert_allclose(thinning(shares, rng()).counts, shares.counts)
    thinner = thinning(patient, rng()).counts
    assert (thinner <= patient.counts).all()
    assert (thinner < patient.counts).any()


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("number", [20, 60])
def test_thinning_is_distributed_as_the_binomial(number, share):
    kept = thinned(np.full((1, 400, 400), number, np.uint16), share, rng())
    shares = np.bincount(kept.astype(int).ravel(), minlength=number + 1) / kept.size
    expected = binom.pmf(np.arange(number + 1), number, share)
    assert np.abs(np.cumsum(shares) - np.cumsum(expected)).max() < 0.03


def test_pixels_views_and_calls_are_thinned_independently():
    counts = np.full((2, 512, 256), 40, np.uint16)
    generator = rng()
    first, second = (thinned(counts, 0.5, generator) for _ in range(2))
    pairs = {
        "neighbours": (first[0, :, 1:], first[0, :, :-1]),
        "rows": (first[0, 1:], first[0, :-1]),
        "views": (first[0], first[1]),
        "calls": (first, second),
    }
    for pair, (a, b) in pairs.items():
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.015, pair


def test_thinning_depends_on_the_generator_alone_and_not_on_the_type_of_counts():
    counts = np.random.default_rng(0).poisson(20, (1, 70, 30)).astype(np.uint16)
    once = thinned(counts, 0.7, rng())
    thinned(np.ones((2, 1100, 900), np.uint16), 0.7, rng())  # more pixels than drawn in advance
    np.testing.assert_array_equal(thinned(counts, 0.7, rng()), once)
    np.testing.assert_array_equal(thinned(counts.astype(np.int32), 0.7, rng()), once)
    assert not np.array_equal(thinned(counts, 0.7, np.random.default_rng(9)), once)


@pytest.mark.parametrize("degrees", [-25.0, 4.0])
def test_labels_moved_in_their_box_alone_are_those_of_the_whole_view(degrees):
    labels = np.zeros((2, 90, 40), np.uint8)
    labels[0, 30:50, 10:12], labels[0, 44, 20] = 3, 7  # the other view has none
    turned = cv2.getRotationMatrix2D((19.5, 44.5), degrees, 1.1)
    moved = _move_labels(labels, [turned, turned])
    whole = cv2.warpAffine(
        labels[0], turned, (40, 90), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    assert {3, 7} <= set(np.unique(moved[0]))
    np.testing.assert_array_equal(moved[0], whole)
    assert not moved[1].any()


def test_labels_that_are_moved_out_of_the_view_are_gone():
    labels = np.zeros((1, 20, 20), np.uint8)
    labels[0, :3, :3] = 1
    away = np.array([[1.0, 0.0, 8.0], [0.0, 1.0, 0.0]])  # shown is what was 8 further right
    assert not _move_labels(labels, [away]).any()
