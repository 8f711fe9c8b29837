import numpy as np
import pytest
from scipy.cluster.vq import kmeans as scipy_kmeans

from mmseg_bone.imaging.kmeans import hot_spots, kmeans


def test_three_groups_by_hand():
    values, weights = np.array([1.0, 2, 9, 11, 30]), np.array([3, 1, 1, 1, 2])
    assert kmeans(values, weights, 3) == pytest.approx([1.25, 10, 30])


def test_scipy_finds_nothing_to_move_in_our_centres():
    rng = np.random.default_rng(0)
    numbers = np.sort(np.concatenate([rng.normal(at, 1, 50) for at in (0, 10, 30)]))
    centres = kmeans(numbers, np.ones(len(numbers)), 3)
    theirs, _ = scipy_kmeans(numbers[:, None], centres[:, None])
    assert centres == pytest.approx(np.sort(theirs[:, 0]), abs=1e-3)


def test_the_hottest_group_is_the_answer():
    counts = np.full((8, 8), 5, np.uint16)
    counts[:4] = 20
    counts[2, 2] = counts[2, 3] = 90
    assert np.argwhere(hot_spots(counts, 3)).tolist() == [[2, 2], [2, 3]]


def test_more_groups_mark_no_more_pixels():
    counts = np.random.default_rng(0).poisson(30, (40, 40))
    marked = [hot_spots(counts, clusters).sum() for clusters in (2, 4, 8)]
    assert marked == sorted(marked, reverse=True)
    assert marked[-1] > 0


@pytest.mark.parametrize("value", [0, 7])
def test_a_blank_or_even_image_has_no_hot_spot(value):
    assert not hot_spots(np.full((4, 4), value, np.uint16), 2).any()
