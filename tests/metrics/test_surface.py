import numpy as np
import pytest

from mmseg_bone.metrics.surface import hausdorff95, surface_dice, surface_distances

SPACING = (2.0, 3.0)


def mask(*pixels, shape=(8, 9)):
    made = np.zeros(shape, bool)
    for y, x in pixels:
        made[y, x] = True
    return made


def test_two_pixels_are_as_far_apart_as_their_centres_in_millimetres():
    distances = surface_distances(mask((1, 1)), mask((3, 3)), SPACING)
    assert hausdorff95(distances) == pytest.approx((4**2 + 6**2) ** 0.5)


def test_a_square_moved_by_two_pixels_is_that_far_off():
    square, moved = np.zeros((12, 12), bool), np.zeros((12, 12), bool)
    square[2:6, 2:6] = moved[2:6, 4:8] = True
    # Of 12 edge pixels each: the outer column lies 2 pixels off, that next to it 1 or 0.
    distances = surface_distances(moved, square, (1.0, 1.0))
    assert hausdorff95(distances) == 2.0
    assert hausdorff95(surface_distances(moved, square, (1.0, 2.26))) == pytest.approx(4.52)
    assert surface_dice(distances, 2.0) == 1.0
    # Within nothing at all: the pixels that are edge of both, rows 2 and 5 at columns 4 and 5.
    assert surface_dice(distances, 0.0) == pytest.approx(2 * 4 / 24)


def test_the_percentile_is_of_each_direction_and_the_larger_counts():
    # One pixel predicted, a row of three drawn: 0 from it, and 0, 1, 2 pixels to it.
    distances = surface_distances(mask((0, 0)), mask((0, 0), (0, 1), (0, 2)), (1.0, 1.0))
    assert hausdorff95(distances) == pytest.approx(1.9)  # 95 % of the way from 0 to 2 by ranks
    assert surface_dice(distances, 1.0) == pytest.approx(3 / 4)


def test_a_perfect_outline_is_no_distance_away():
    full = np.ones((4, 5), bool)  # to the border of the image, which is its edge
    distances = surface_distances(full, full, SPACING)
    assert distances.edges == 2 * 14
    assert (hausdorff95(distances), surface_dice(distances, 0.0)) == (0.0, 1.0)


@pytest.mark.parametrize(("predicted", "drawn"), [(True, False), (False, True)])
def test_a_miss_or_a_false_alarm_has_no_distance_and_a_surface_dice_of_nothing(predicted, drawn):
    pixel, empty = mask((2, 2)), mask()
    distances = surface_distances(pixel if predicted else empty, pixel if drawn else empty, SPACING)
    assert np.isnan(hausdorff95(distances))
    assert surface_dice(distances, 5.0) == 0.0


def test_two_empty_masks_are_undefined():
    distances = surface_distances(mask(), mask(), SPACING)
    assert np.isnan(hausdorff95(distances))
    assert np.isnan(surface_dice(distances, 5.0))


def brute_edges(mask):
    """Centres of pixels with one of four neighbours outside, in millimetres, pixel by pixel."""
    padded = np.pad(mask, 1)
    return [
        (y * SPACING[0], x * SPACING[1])
        for y, x in zip(*np.nonzero(mask), strict=True)
        if not all(padded[y + 1 + a, x + 1 + b] for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    ]


@pytest.mark.parametrize("seed", range(6))
def test_random_masks_agree_with_every_pair_of_edge_pixels(seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.random((2, 9, 11)) < rng.uniform(0.1, 0.9)).astype(bool)
    points_a, points_b = np.array(brute_edges(a)), np.array(brute_edges(b))
    pairs = np.linalg.norm(points_a[:, None] - points_b[None], axis=-1)
    to_b, to_a = pairs.min(1), pairs.min(0)

    distances = surface_distances(a, b, SPACING)

    expected = max(np.percentile(to_b, 95), np.percentile(to_a, 95))
    assert hausdorff95(distances) == pytest.approx(expected, abs=1e-9)
    for tolerance in (0.0, 2.0, 3.6):
        share = (sum(to_b <= tolerance) + sum(to_a <= tolerance)) / (len(to_b) + len(to_a))
        assert surface_dice(distances, tolerance) == pytest.approx(share, abs=1e-9)
