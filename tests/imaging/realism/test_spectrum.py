import numpy as np
import pytest
from scipy import ndimage

from mmseg_bone.imaging.realism.spectrum import (
    floor_change,
    noise_from,
    radial_spectrum,
    slope,
)

SPACING = (2.26, 2.26)


def power_law(exponent, shape=(512, 256)):
    """An image whose power falls with that exponent of frequency."""
    y = np.fft.fftfreq(shape[0])[:, None]
    x = np.fft.fftfreq(shape[1])[None]
    frequency = np.hypot(y, x)
    frequency[0, 0] = np.inf
    noise = np.fft.fft2(np.random.default_rng(0).normal(size=shape))
    return np.fft.ifft2(noise * frequency ** (exponent / 2)).real


@pytest.mark.parametrize("exponent", [-2.0, -3.0, -4.0])
def test_a_power_law_gives_its_exponent(exponent):
    assert slope(*radial_spectrum(power_law(exponent), SPACING)) == pytest.approx(
        exponent, abs=0.25
    )


def test_borders_that_do_not_meet_leave_the_exponent_as_it_is():
    cut_out = power_law(-4.0, (1024, 1024))[300:812, 400:656]

    assert slope(*radial_spectrum(cut_out, SPACING)) == pytest.approx(-4, abs=0.3)


def test_noise_alone_is_flat():
    counted = np.random.default_rng(0).poisson(20, (512, 256))
    frequency, power = radial_spectrum(counted, SPACING)

    assert slope(frequency, power) == pytest.approx(0, abs=0.3)
    assert floor_change(frequency, power) == pytest.approx(0, abs=0.05)


def test_frequencies_are_in_cycles_per_mm():
    x = np.arange(256) * 2.26
    frequency, power = radial_spectrum(
        np.ones((256, 1)) * (1 + np.sin(2 * np.pi * 0.1 * x)), SPACING
    )

    inside = frequency > 0.02  # beyond what the window spreads of the mean
    assert frequency[inside][power[inside].argmax()] == pytest.approx(0.1, abs=0.003)


def test_a_smoothed_image_loses_its_floor():
    counted = np.random.default_rng(0).poisson(20, (512, 256)).astype(float)

    assert floor_change(*radial_spectrum(ndimage.gaussian_filter(counted, 0.7), SPACING)) < -1


def test_noise_takes_over_where_structure_has_fallen_to_its_height():
    structure = power_law(-4.0)
    frequency, power = radial_spectrum(structure, SPACING)
    at = 0.05
    height = np.interp(at, frequency, power)  # of structure there
    per_unit = radial_spectrum(np.random.default_rng(1).normal(size=structure.shape), SPACING)[1]
    noise = np.random.default_rng(2).normal(size=structure.shape)

    mixed = structure + noise * np.sqrt(height / per_unit.mean())

    assert noise_from(*radial_spectrum(mixed, SPACING)) == pytest.approx(at, abs=0.012)


def test_pixels_too_few_or_too_coarse_say_nothing():
    few = radial_spectrum(np.ones((5, 6)), SPACING)
    coarse = radial_spectrum(np.random.default_rng(0).poisson(9, (64, 64)), (9.0, 9.0))

    assert np.isnan(slope(*few))
    assert np.isnan(floor_change(*coarse))
    assert np.isnan(noise_from(*radial_spectrum(np.zeros((64, 64)), SPACING)))
