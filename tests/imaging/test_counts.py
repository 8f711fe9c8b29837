import numpy as np
import pytest

from mmseg_bone.imaging.counts import rebin, rebin_mask, to_image, unbin


def test_an_image_does_not_depend_on_how_long_the_camera_counted():
    counts = np.random.default_rng(0).poisson(30, (8, 8)).astype(np.uint16)
    np.testing.assert_allclose(to_image(counts), to_image(counts * 3), rtol=1e-5)


def test_the_reference_level_comes_out_where_the_formula_says():
    counts = np.zeros((10, 10), np.uint16)
    counts[:5] = 40  # the body: all at the level
    counts[0, 0] = 4 * 40 * 4  # hotter than the ceiling

    image = to_image(counts, quantile=0.5, power=0.5, ceiling=4.0)

    assert image[2, 2] == pytest.approx(0.5)  # (1 / 4) ** 0.5
    assert image[0, 0] == 1
    assert image[9, 9] == 0


def test_a_blank_view_stays_blank():
    assert not to_image(np.zeros((4, 4), np.uint16)).any()


def test_rebinning_adds_counts_and_loses_none():
    counts = np.arange(30, dtype=np.uint16).reshape(1, 5, 6)
    coarse = rebin(counts, 2)

    assert coarse.shape == (1, 3, 3)
    assert coarse[0, 0, 0] == 0 + 1 + 6 + 7
    assert coarse.sum() == counts.sum()


def test_rebinning_does_not_wrap_around():
    assert rebin(np.full((1, 2, 2), 60_000, np.uint16), 2).item() == 240_000


def test_a_large_pixel_is_lesion_if_half_of_it_is():
    mask = np.array([[[1, 1, 1, 0], [0, 0, 0, 0]]], bool)
    assert rebin_mask(mask, 2).tolist() == [[[True, False]]]


def test_blocks_of_three_are_those_of_numpy():
    counts = np.random.default_rng(0).poisson(9, (2, 7, 11)).astype(np.uint16)
    padded = np.pad(counts, [(0, 0), (0, 2), (0, 1)]).reshape(2, 3, 3, 4, 3)
    assert np.array_equal(rebin(counts, 3), padded.sum(axis=(2, 4)))


def test_unbinning_brings_every_pixel_back_to_its_place():
    coarse = np.zeros((1, 3, 3), np.float32)
    coarse[0, 1, 2] = 1
    fine = unbin(coarse, 2, (5, 6))

    assert fine.shape == (1, 5, 6)
    assert np.unravel_index(fine[0].argmax(), (5, 6)) in {(2, 5), (3, 5)}
    np.testing.assert_allclose(unbin(np.full((1, 3, 3), 0.3), 2, (5, 6)), 0.3)


def test_unbinning_by_one_only_cuts_the_padding_off():
    image = np.arange(16.0).reshape(1, 4, 4)
    np.testing.assert_array_equal(unbin(image, 1, (3, 4)), image[:, :3])
