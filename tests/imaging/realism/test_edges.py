import numpy as np
import pytest
from scipy import special

from mmseg_bone.imaging.realism.edges import edge_width_mm, line_width_mm, waves

X_MM = np.arange(60) * 2.0


def edge(at_mm, sigma_mm):
    return 5 + 20 * (1 + special.erf((X_MM - at_mm) / (np.sqrt(2) * sigma_mm))) / 2


def bone(sigma_mm):
    return 10 + 15 * np.exp(-((X_MM - 59) ** 2) / (2 * sigma_mm**2))


@pytest.mark.parametrize("sigma_mm", [4.0, 6.0, 10.0])
def test_an_edge_gives_its_width_from_10_to_90_percent(sigma_mm):
    width = edge_width_mm(np.array([edge(60, sigma_mm)]), 2.0)

    assert width == pytest.approx(2.563 * sigma_mm, rel=0.04)


def test_a_slanted_edge_is_as_wide_as_a_straight_one():
    slanted = np.array([edge(50 + row, 5.0) for row in range(20)])

    assert edge_width_mm(slanted, 2.0) == pytest.approx(2.563 * 5, rel=0.05)


def test_a_falling_edge_is_an_edge():
    assert edge_width_mm(np.array([edge(60, 5.0)[::-1]]), 2.0) == pytest.approx(12.8, rel=0.04)


def test_counting_noise_hardly_widens_an_edge():
    counted = np.random.default_rng(0).poisson([edge(60, 5.0)] * 40).astype(float)

    assert edge_width_mm(counted, 2.0) == pytest.approx(12.8, rel=0.12)


@pytest.mark.parametrize("profiles", [np.zeros((3, 20)), np.full((3, 20), 7.0), np.ones((0, 20)),
                                      np.ones((3, 4))])  # fmt: skip
def test_where_there_is_no_edge_there_is_no_width(profiles):
    assert np.isnan(edge_width_mm(profiles, 2.0))


def test_a_line_gives_its_width_at_half_height_and_its_contrast():
    width, contrast = line_width_mm(bone(8.0), 2.0)

    assert width == pytest.approx(2.355 * 8, rel=0.02)
    assert contrast == pytest.approx(25 / 10, rel=0.02)


def test_a_line_on_sloping_ground_keeps_its_width():
    width, _ = line_width_mm(bone(8.0) + 0.02 * X_MM, 2.0)

    assert width == pytest.approx(2.355 * 8, rel=0.05)


@pytest.mark.parametrize("profile", [np.zeros(20), np.full(20, 3.0), np.arange(20.0), np.ones(3)])
def test_a_profile_without_a_peak_has_no_width(profile):
    assert all(np.isnan(line_width_mm(profile, 2.0)))


def test_waves_give_their_modulation_and_spacing():
    down = 20 * (1 + 0.12 * np.cos(2 * np.pi * np.arange(100) * 2.0 / 36))

    modulation, apart = waves(down, 2.0)

    assert modulation == pytest.approx(0.12, rel=0.03)
    assert apart == pytest.approx(36, abs=1)


def test_no_waves_no_ribs():
    assert all(np.isnan(waves(np.full(100, 20.0), 2.0)))
    assert all(np.isnan(waves(np.ones(3), 2.0)))
