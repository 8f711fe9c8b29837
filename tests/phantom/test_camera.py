import numpy as np
import pytest

from mmseg_bone.phantom import camera as cameras
from mmseg_bone.phantom.camera import SCATTER_CM, SIEMENS_ECAM, Camera, count, expected

SHAPE = (120, 100)
NO_SCATTER = np.zeros((len(SCATTER_CM), *SHAPE))


def point(y=60, x=50):
    image = np.zeros(SHAPE)
    image[y, x] = 1000.0
    return image


def fwhm(profile, spacing):
    """Full width at half maximum, between the two crossings."""
    half = profile.max() / 2
    above = np.flatnonzero(profile >= half)
    first, last = above[0], above[-1]
    left = first - (profile[first] - half) / (profile[first] - profile[first - 1])
    right = last + (profile[last] - half) / (profile[last] - profile[last + 1])
    return (right - left) * spacing


@pytest.mark.parametrize("distance_cm", [5.0, 20.0])
def test_a_point_is_as_wide_as_the_collimator_makes_it(distance_cm):
    spacing = (0.05, 0.08)  # unequal, cm
    sigma = SIEMENS_ECAM.sigma_cm(distance_cm)
    image = expected(point()[None], NO_SCATTER, [sigma], spacing)
    asked = SIEMENS_ECAM.resolution_mm(10 * distance_cm) / 10
    assert fwhm(image[:, 50], spacing[0]) == pytest.approx(asked, rel=0.02)
    assert fwhm(image[60], spacing[1]) == pytest.approx(asked, rel=0.02)


@pytest.mark.parametrize(
    # FWHM in mm at 0, 10 and 20 cm, computed by hand from hole, length and crystal.
    ("camera", "widths"),
    [
        (SIEMENS_ECAM, (4.1, 7.3, 11.7)),
        (Camera(name="GE", hole_mm=1.5, length_mm=35.0), (4.2, 7.3, 11.3)),
        (Camera(name="LEAP", hole_mm=1.45, length_mm=24.05), (4.3, 9.0, 14.9)),
    ],
)
def test_resolution_follows_the_collimator_equation(camera, widths):
    found = [camera.resolution_mm(distance) for distance in (0.0, 100.0, 200.0)]
    np.testing.assert_allclose(found, widths, atol=0.1)


def test_attenuation_is_exponential_in_depth():
    share = cameras.primary(np.array([0.0, 1.0, 10.0, 20.0]))
    np.testing.assert_allclose(share, [1, np.exp(-0.153), np.exp(-1.53), np.exp(-3.06)])


def test_with_scatter_the_beam_is_a_broad_one():
    depth = np.array([5.0, 10.0, 20.0])
    total = cameras.primary(depth) * (1 + cameras.BUILD_UP_PER_CM * depth)
    np.testing.assert_allclose(-np.log(total) / depth, [0.108, 0.112, 0.118], atol=0.001)


def test_blur_and_scatter_keep_every_photon():
    slabs = np.stack([point(40, 30), point(80, 60)])
    scatter = NO_SCATTER + 0.01 * point()
    image = expected(slabs, scatter, [0.3, 0.6], (0.23, 0.23))
    assert image.sum() == pytest.approx(slabs.sum() + scatter.sum(), rel=1e-3)
    assert image.min() >= 0


def test_scatter_from_deep_reaches_further():
    def share_beyond_2_cm(lot):
        scatter = NO_SCATTER.copy()
        scatter[lot] = point()
        image = expected(np.zeros((1, *SHAPE)), scatter, [0.3], (0.23, 0.23))
        y, x = np.indices(SHAPE)
        return image[np.hypot(y - 60, x - 50) * 0.23 > 2].sum() / image.sum()

    shallow, middle, deep = map(share_beyond_2_cm, range(3))
    assert shallow < 0.1 < middle < 0.5 < deep
    np.testing.assert_array_equal(cameras.scatter_lot(np.array([1.0, 5.0, 12.0])), [0, 1, 2])


def test_the_line_spread_of_scatter_is_exponential():
    scatter = NO_SCATTER.copy()
    scatter[1, :, 50] = 1.0  # a line along y
    row = expected(np.zeros((1, *SHAPE)), scatter, [0.01], (0.25, 0.25))[60]
    slope = np.log(row[54] / row[62]) / (8 * 0.25)
    assert slope == pytest.approx(1 / SCATTER_CM[1], rel=0.02)


def test_counts_are_poisson():
    rng = np.random.default_rng(0)
    for mean in (0.5, 8.0, 120.0):
        counts = count(np.full((300, 300), mean), rng).astype(float)
        assert counts.mean() == pytest.approx(mean, rel=0.02)
        assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.03)


def test_neighbouring_counts_know_nothing_of_each_other():
    counts = count(np.full((300, 300), 30.0), np.random.default_rng(1)).astype(float)
    lag = np.corrcoef(counts[:, 1:].ravel(), counts[:, :-1].ravel())[0, 1]
    assert abs(lag) < 0.01


def test_a_draw_does_not_hang_on_the_last_bit():
    image = np.random.default_rng(0).integers(0, 200_000, (300, 300)) / 1000
    nudged = image + 4e-4  # more than a processor errs by, less than half a thousandth
    same = count(image, np.random.default_rng(1)) == count(nudged, np.random.default_rng(1))
    assert same.all()


def test_a_blank_scene_gives_a_blank_image():
    image = expected(np.zeros((2, *SHAPE)), NO_SCATTER, [0.3, 0.6], (0.23, 0.23))
    assert not count(image, np.random.default_rng(0)).any()
