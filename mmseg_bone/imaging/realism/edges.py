"""How sharp: widths of edges and of lines across bones, and the waves that ribs make."""

import warnings

import numpy as np
from jaxtyping import Float
from scipy import optimize, signal, special

FROM_10_TO_90 = 2.563  # of a Gaussian's sigma


def edge_width_mm(profiles: Float[np.ndarray, "n x"], spacing_mm: float) -> float:
    """Width of an edge from 10 to 90 % of its height, by an error function.

    Each profile is shifted so that its half height lies at the same place, then all are
    averaged: a slanted edge is as wide as a straight one, and noise is small before the fit.

    Args:
        profiles: Across the edge, from low to high or high to low.
        spacing_mm: Between points of a profile.

    Returns:
        nan where there is no edge to fit.
    """
    aligned = _aligned(profiles)
    if aligned is None:
        return float("nan")
    place = (np.arange(len(aligned)) - (len(aligned) - 1) / 2) * spacing_mm
    low, high = float(aligned[0]), float(aligned[-1])
    if high <= low:
        return float("nan")
    try:
        with warnings.catch_warnings():
            # A perfect fit leaves no residual to estimate a covariance from.
            warnings.simplefilter("ignore", optimize.OptimizeWarning)
            (_, _, _, sigma), _ = optimize.curve_fit(
                lambda x, a, b, m, s: a + b * special.erf((x - m) / (np.sqrt(2) * s)),
                place,
                aligned,
                ((low + high) / 2, (high - low) / 2, 0.0, 3 * spacing_mm),
                maxfev=2000,
            )
    except RuntimeError:  # the fit did not settle: no edge
        return float("nan")
    width = FROM_10_TO_90 * abs(float(sigma))
    return width if width < place[-1] - place[0] else float("nan")


def _aligned(profiles: Float[np.ndarray, "n x"]) -> Float[np.ndarray, " m"] | None:
    length = profiles.shape[1] if profiles.ndim == 2 else 0
    if length < 7 or not len(profiles):
        return None
    mean = profiles.mean(axis=0)
    if mean[-1] < mean[0]:
        profiles, mean = profiles[:, ::-1], mean[::-1]
    half = (mean[:2].mean() + mean[-2:].mean()) / 2
    offsets = np.arange(length) - (length - 1) / 2
    parts = []
    kernel = np.array([1, 2, 3, 2, 1]) / 9  # noise would cross the half height many times
    for profile in profiles:
        calm = np.convolve(np.pad(profile, 2, "edge"), kernel, "valid")
        at = np.flatnonzero((calm[:-1] < half) & (calm[1:] >= half))
        if at.size:
            first = at[np.abs(at - (length - 1) / 2).argmin()]
            where = first + (half - calm[first]) / (calm[first + 1] - calm[first])
            parts.append(np.interp(where + offsets, np.arange(length), profile))
    return np.mean(parts, axis=0) if len(parts) >= max(1, len(profiles) // 3) else None


def line_width_mm(profile: Float[np.ndarray, " x"], spacing_mm: float) -> tuple[float, float]:
    """Full width at half maximum of the highest peak, and its height over the background.

    The background is a straight line between the lowest points on either side.

    Args:
        profile: Across a bone, averaged along it.
        spacing_mm: Between points.

    Returns:
        Width, and peak over background below it; nan where there is no peak.
    """
    nothing = (float("nan"), float("nan"))
    if profile.size < 5:
        return nothing
    peak = int(profile[1:-1].argmax()) + 1
    left, right = int(profile[: peak + 1].argmin()), peak + int(profile[peak:].argmin())
    if not left < peak < right:
        return nothing
    base = np.interp(np.arange(left, right + 1), (left, right), (profile[left], profile[right]))
    above = profile[left : right + 1] - base
    at = peak - left
    if above[at] <= 0 or base[at] <= 0:
        return nothing
    half = above[at] / 2
    before = int(np.flatnonzero(above[: at + 1] < half)[-1])
    after = at + int(np.flatnonzero(above[at:] < half)[0])
    start = before + (half - above[before]) / (above[before + 1] - above[before])
    end = after - (half - above[after]) / (above[after - 1] - above[after])
    return float((end - start) * spacing_mm), float(profile[peak] / base[at])


def waves(
    profile: Float[np.ndarray, " y"],
    spacing_mm: float,
    apart_mm: tuple[float, float] = (20.0, 60.0),
) -> tuple[float, float]:
    """Modulation and spacing of the waves that ribs make along a line down the chest.

    Modulation is (peak - valley)/(peak + valley), the median over neighbouring peaks and
    valleys; spacing is the median distance of neighbouring peaks.

    Args:
        profile: Down the chest.
        spacing_mm: Between points.
        apart_mm: Peaks nearer than this are one; peaks further have lost one between them.

    Returns:
        nan for either where there are not two peaks.
    """
    if profile.size < 5:
        return float("nan"), float("nan")
    distance = max(1, round(apart_mm[0] / spacing_mm))
    peaks, _ = signal.find_peaks(profile, distance=distance)
    gaps = np.diff(peaks) * spacing_mm
    heights, spacings = [], []
    for first, second, gap in zip(peaks[:-1], peaks[1:], gaps, strict=True):
        if gap <= apart_mm[1]:
            valley = profile[first : second + 1].min()
            peak = (profile[first] + profile[second]) / 2
            if peak + valley > 0:
                heights.append((peak - valley) / (peak + valley))
                spacings.append(gap)
    if not heights:
        return float("nan"), float("nan")
    return float(np.median(heights)), float(np.median(spacings))
