import numpy as np
import pytest

from mmseg_bone.imaging.lesions import drop_small, find_lesions, label_lesions

SPACING = (2.0, 3.0)  # unequal, so that a swapped axis shows


def view(*rows):
    """A view drawn with # on lesion."""
    return np.array([[pixel == "#" for pixel in row] for row in rows])


DRAWN = view(
    "##...",
    "#....",
    "....#",
    "...#.",
)


def test_pixels_that_touch_at_a_corner_are_one_lesion():
    numbers, count = label_lesions(DRAWN)
    assert count == 2
    assert numbers.tolist() == [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 2], [0, 0, 0, 2, 0]]


def test_a_lesion_is_measured_in_pixels_and_in_millimetres():
    counts = np.arange(20).reshape(1, 4, 5)
    probability = np.where(DRAWN, 0.5, 0.0)[None].astype(np.float16)
    probability[0, 0, 0] = 1.0

    first, second = find_lesions(
        DRAWN[None],
        views=("posterior",),
        counts=counts,
        spacing_mm=SPACING,
        probability=probability,
    )

    assert (first.view, first.number, first.area_px, first.area_mm2) == ("posterior", 1, 3, 18.0)
    assert first.centroid_px == pytest.approx((1 / 3, 1 / 3))
    assert first.centroid_mm == pytest.approx((2 / 3, 1.0))
    assert first.mean_counts == pytest.approx((0 + 1 + 5) / 3)
    assert first.max_probability == 1.0
    assert first.mean_probability == pytest.approx(2 / 3)
    assert second.centroid_px == (2.5, 3.5)
    assert second.centroid_mm == (5.0, 10.5)
    assert second.mean_counts == (14 + 18) / 2


def test_a_lesion_does_not_count_a_neighbour_inside_its_box():
    hook = view("####", "#...", "#.##", "#.##")
    large, small = find_lesions(
        hook[None], views=("anterior",), counts=np.ones((1, 4, 4)), spacing_mm=SPACING
    )
    assert (large.area_px, small.area_px) == (7, 4)


def test_the_two_views_are_counted_apart():
    both = np.stack([DRAWN, view("#....", ".....", ".....", ".....")])
    lesions = find_lesions(
        both, views=("anterior", "posterior"), counts=np.ones(both.shape), spacing_mm=SPACING
    )
    assert [(lesion.view, lesion.number) for lesion in lesions] == [
        ("anterior", 1),
        ("anterior", 2),
        ("posterior", 1),
    ]


def test_an_empty_mask_has_no_lesion():
    empty = np.zeros((2, 4, 5), bool)
    ones = np.ones(empty.shape)
    assert find_lesions(empty, views=("a", "b"), counts=ones, spacing_mm=SPACING) == []
    assert not drop_small(empty, spacing_mm=SPACING, smallest_mm2=0.0).any()


def test_without_a_probability_there_is_none_to_tell():
    lesion, _ = find_lesions(
        DRAWN[None], views=("anterior",), counts=np.ones((1, 4, 5)), spacing_mm=SPACING
    )
    assert np.isnan([lesion.max_probability, lesion.mean_probability]).all()


@pytest.mark.parametrize(
    ("smallest_mm2", "left"),
    [(0.0, 5), (12.0, 5), (12.1, 3), (18.0, 3), (18.1, 0)],  # lesions of 18 and 12 mm2
)
def test_lesions_smaller_than_asked_for_are_dropped(smallest_mm2, left):
    kept = drop_small(DRAWN[None], spacing_mm=SPACING, smallest_mm2=smallest_mm2)
    assert kept.sum() == left
    assert not (kept & ~DRAWN).any()
