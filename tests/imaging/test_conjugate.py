import numpy as np
import pytest

from mmseg_bone.imaging.conjugate import ANTERIOR, POSTERIOR, add_views, fuse_masks
from mmseg_bone.study import VIEWS


def test_the_sum_is_the_anterior_view_and_the_mirrored_posterior_one():
    counts = np.array([[[1, 2, 3]], [[10, 20, 40]]], np.uint16)
    assert add_views(counts, VIEWS).tolist() == [[41, 22, 13]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int16, np.float32])
def test_no_count_is_lost_or_wraps_round(dtype):
    largest = 2**15 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max
    if dtype is np.uint32:
        largest = 2**31 - 1
    counts = np.full((2, 3, 4), largest, dtype)
    added = add_views(counts, VIEWS)
    assert (added == 2 * int(largest)).all()
    assert added.sum(dtype=np.float64) == counts.sum(dtype=np.float64)


def test_a_hot_spot_seen_from_both_sides_coincides():
    views = np.zeros((2, 9, 12), np.uint16)
    views[0, 4, 3] = 50  # the patient's right, seen from in front
    views[1, 4, 11 - 3] = 30  # the same place, seen from behind
    added = add_views(views, VIEWS)
    assert np.argwhere(added).tolist() == [[4, 3]]
    assert added[4, 3] == 80


def test_a_single_view_is_turned_and_nothing_is_added():
    counts = np.array([[[1, 2, 3]]], np.uint16)
    assert add_views(counts, ("posterior",)).tolist() == [[3, 2, 1]]
    assert add_views(counts, ("anterior",)).tolist() == [[1, 2, 3]]


def test_masks_are_joined_and_say_where_they_were_drawn():
    mask = np.zeros((2, 1, 4), bool)
    mask[0, 0, [0, 1]] = True
    mask[1, 0, [2, 0]] = True  # mirrored: 1 and 3
    joined, drawn_in = fuse_masks(mask, VIEWS)
    assert joined.tolist() == [[True, True, False, True]]
    assert drawn_in.tolist() == [[ANTERIOR, ANTERIOR | POSTERIOR, 0, POSTERIOR]]


def test_empty_masks_join_to_an_empty_one():
    joined, drawn_in = fuse_masks(np.zeros((2, 2, 2), bool), VIEWS)
    assert not joined.any()
    assert not drawn_in.any()
