import numpy as np
import pytest
from scipy import ndimage

from mmseg_bone.imaging.realism.noise import neighbour_correlation, noise_ratios

BIN = (15.0, 60.0)
EVERYWHERE = np.ones((200, 200), bool)


def hills(seed=0, level=30):
    """Smooth uptake between 0.7 and 1.3 of a level, counted."""
    y, x = np.indices((200, 200)) / 20
    return np.random.default_rng(seed).poisson(level * (1 + 0.3 * np.sin(y) * np.cos(x)))


def ratio(counts):
    ((found, pixels),) = noise_ratios(counts, EVERYWHERE, BIN)
    assert pixels > 30_000
    return found


def test_counting_noise_has_a_variance_of_its_mean():
    assert ratio(hills()) == pytest.approx(1, abs=0.03)


def test_a_blur_of_less_than_a_pixel_takes_nine_tenths_of_the_noise():
    blurred = ndimage.gaussian_filter(hills().astype(float), 0.7)

    assert 0.05 <= ratio(blurred) <= 0.13


def test_counts_doubled_after_halving_have_twice_the_noise():
    assert ratio(2 * hills(level=15)) == pytest.approx(2, abs=0.05)


def test_the_edge_of_the_skin_is_no_noise():
    skin = ndimage.gaussian_filter1d(np.where(np.arange(200) % 50 < 25, 1.0, 60.0), 2.0)
    counts = np.random.default_rng(1).poisson(skin * np.ones((200, 1)))

    ((found, pixels),) = noise_ratios(counts, EVERYWHERE, (8.0, 55.0))

    assert pixels < 0.1 * counts.size
    assert np.isnan(found) or found == pytest.approx(1, abs=0.15)


def test_bins_say_how_many_pixels_they_are_from_and_empty_ones_are_nan():
    (dark, none), (_, all_of_it) = noise_ratios(hills(), EVERYWHERE, (0.1, 1.0, 90.0))

    assert np.isnan(dark)
    assert none == 0
    assert all_of_it == 200 * 199


def test_neighbours_are_independent_when_counted_and_not_when_smoothed():
    counted = hills()

    assert neighbour_correlation(counted, EVERYWHERE) == pytest.approx(0, abs=0.08)
    assert neighbour_correlation(ndimage.gaussian_filter(counted * 1.0, 0.7), EVERYWHERE) > 0.3


def test_too_small_a_flat_part_has_no_correlation():
    assert np.isnan(neighbour_correlation(hills()[:20, :20], EVERYWHERE[:20, :20]))
    assert np.isnan(neighbour_correlation(np.full((200, 200), 30), EVERYWHERE))
