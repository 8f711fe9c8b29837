import numpy as np
import pytest

from mmseg_bone.phantom.anatomy.shapes import Ellipsoid, Plate, Tube, curve, even

LINE = [(0.0, 0.0, 0.0), (0.0, 0.0, 10.0)]


def test_a_curve_passes_through_its_keys_at_equal_steps():
    keys = np.array([(0.0, 0, 0), (3, 0, 4), (3, 5, 4), (9, 5, 4)])
    line, direction, length = curve(keys, np.linspace(0, 1, 5001))
    for key in keys:
        assert np.linalg.norm(line - key, axis=1).min() < 0.02
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    assert np.ptp(steps) < 0.05 * steps.mean()
    assert steps.sum() == pytest.approx(length, rel=1e-3)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), 1)


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (Tube(LINE, [(1.0, 2.0)] * 2), np.pi * 1 * 2 * 10),
        (Tube(LINE, [(1.0, 2.0)] * 2, inner=0.5), np.pi * 1 * 2 * 10 * 0.75),
        (Ellipsoid((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)), 4 / 3 * np.pi * 6),
        (Ellipsoid((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), inner=0.5), 4 / 3 * np.pi * 7),
        (Ellipsoid((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), above=(0.0, 0.0)), 2 / 3 * np.pi * 8),
        (Plate([[(0, 0, 0), (4, 0, 0)], [(0, 0, 5), (4, 0, 5)]], [[0.5] * 2] * 2), 10.0),
    ],
)
def test_a_shape_has_its_volume(shape, volume):
    assert shape.fill(4000).volume.sum() == pytest.approx(volume, rel=0.01)


def test_points_of_a_shape_stay_inside_it():
    place = Ellipsoid((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), inner=0.6).fill(2000).place
    radius = np.linalg.norm((place - (1, 2, 3)) / (1, 2, 3), axis=1)
    assert radius.max() <= 1
    assert radius.min() >= 0.6
    across = Tube(LINE, [(1.0, 2.0)] * 2, tall=(1.0, 0.0, 0.0)).fill(2000).place
    assert np.abs(across[:, 0]).max() <= 1 < np.abs(across[:, 1]).max() <= 2


def test_points_lie_more_evenly_than_random_ones():
    def unevenness(cube):  # of points in 64 cells
        return np.histogramdd(cube.T, bins=4, range=[(0, 1)] * 3)[0].std()

    at_random = np.random.default_rng(0).random((3, 5000))
    assert unevenness(even(5000)) < 0.3 * unevenness(at_random)


def test_any_stretch_of_a_tube_is_filled_evenly():
    place = Tube(LINE, [(1.0, 1.0)] * 2).fill(2000).place
    sides = [
        np.mean(place[np.abs(place[:, 2] - z) < 0.25] > 0, axis=0)[:2] for z in np.arange(1, 9, 0.5)
    ]
    assert np.abs(np.array(sides) - 0.5).max() < 0.08  # half of them on either side, everywhere
