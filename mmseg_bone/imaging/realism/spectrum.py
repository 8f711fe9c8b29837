"""How structure is shared between coarse and fine: the radial power spectrum of a view."""

import numpy as np
from jaxtyping import Float, Num
from scipy import fft

SLOPE_BAND = (0.007, 0.055)  # cycles per mm
FLOOR_BAND = (0.1, 0.22)
_BIN = 0.002
_LEAST_BINS = 4


def radial_spectrum(
    counts: Num[np.ndarray, "y x"], spacing_mm: tuple[float, float]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Frequencies in cycles per mm, and the mean of |FFT|² on the ring around each.

    A Hann window along both axes keeps the borders from leaking. In units where Poisson noise
    gives the total counts under the window.

    Args:
        counts: One view.
        spacing_mm: Pixel size along y and x.
    """
    rows, columns = counts.shape
    window = np.hanning(rows)[:, None] * np.hanning(columns)[None]
    power = np.abs(fft.fft2(counts.astype(float) * window)) ** 2
    frequency = np.hypot(
        np.fft.fftfreq(rows, spacing_mm[0])[:, None], np.fft.fftfreq(columns, spacing_mm[1])[None]
    )
    ring = np.round(frequency / _BIN).astype(int).ravel()
    pixels = np.bincount(ring)
    mean = np.bincount(ring, power.ravel()) / np.maximum(pixels, 1)
    known = pixels > 0
    known[0] = False  # the sum of the counts
    return np.flatnonzero(known) * _BIN, mean[known]


def slope(frequency: Float[np.ndarray, " n"], power: Float[np.ndarray, " n"]) -> float:
    """Exponent of the spectrum in ``SLOPE_BAND``, by a straight line in log-log; nan if too few.

    About -4 for a bone scan; -3 for white noise blurred no more than that, 0 for noise alone.
    """
    chosen = (frequency >= SLOPE_BAND[0]) & (frequency <= SLOPE_BAND[1]) & (power > 0)
    if chosen.sum() < _LEAST_BINS:
        return float("nan")
    return float(np.polyfit(np.log(frequency[chosen]), np.log(power[chosen]), 1)[0])


def floor_change(frequency: Float[np.ndarray, " n"], power: Float[np.ndarray, " n"]) -> float:
    """How much the noise floor rises or falls over ``FLOOR_BAND``, as a share of its mean.

    From a straight line, so that chance from ring to ring does not count. Smoothed images fall
    by the most of their floor. nan where the pixels are too coarse to reach the band.
    """
    chosen = (frequency >= FLOOR_BAND[0]) & (frequency <= FLOOR_BAND[1])
    if chosen.sum() < _LEAST_BINS or frequency[-1] < FLOOR_BAND[1] or not power[chosen].any():
        return float("nan")
    line = np.polyfit(frequency[chosen], power[chosen], 1)
    return float(line[0] * (FLOOR_BAND[1] - FLOOR_BAND[0]) / power[chosen].mean())


def noise_from(frequency: Float[np.ndarray, " n"], power: Float[np.ndarray, " n"]) -> float:
    """Frequency from which noise outweighs structure: where power has fallen to twice its floor.

    nan where there is no floor to see.
    """
    floor_at = (frequency >= FLOOR_BAND[0]) & (frequency <= FLOOR_BAND[1])
    if not floor_at.any() or not (floor := power[floor_at].mean()):
        return float("nan")
    sunk = frequency[(frequency >= SLOPE_BAND[0]) & (power <= 2 * floor)]
    return float(sunk[0]) if sunk.size else float("nan")
