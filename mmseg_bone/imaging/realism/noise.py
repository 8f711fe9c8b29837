"""Is the noise that of counting? Poisson events, each in one pixel, never smoothed or rescaled."""

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Num
from scipy import ndimage

BINS = (8.0, 15.0, 25.0, 40.0, 60.0, 90.0, 150.0, 280.0)  # local mean counts per pixel
MANY_PIXELS, FEW_PIXELS = 5_000, 1_000  # a bin of fewer says nothing
_SIGMA_PX = 2.0
_CALM_PX = 3.0  # blur before steepness is judged
_STEEP = 0.15  # gradient over local mean, per pixel; the skin's edge, and a bladder's
_FLAT = 0.06


def noise_ratios(
    counts: Num[np.ndarray, "y x"],
    mask: Bool[np.ndarray, "y x"],
    bins: tuple[float, ...] = BINS,
) -> list[tuple[float, int]]:
    """Variance over mean in each bin of local mean counts, and the pixels it is from.

    The image less its blur (2 px) still holds the edges of bones; differences of neighbours
    in it hardly do, and half their variance is that of one pixel. Poisson counts give 1; a
    blur of 0.7 px gives about 0.1, and counts doubled after halving give 2. Steep places, such
    as the skin, are left out. A bin without pixels is nan.

    Args:
        counts: One view.
        mask: Where to look.
        bins: Bounds of the local mean.
    """
    image = counts.astype(float)
    local = ndimage.gaussian_filter(image, _SIGMA_PX)
    residual = image - local
    difference = residual[:, 1:] - residual[:, :-1]
    mean = (local[:, 1:] + local[:, :-1]) / 2
    calm = mask & ~_steep(image, _STEEP)
    inside = calm[:, 1:] & calm[:, :-1]
    found = []
    for low, high in pairwise(bins):
        chosen = inside & (mean >= low) & (mean < high)
        pixels = int(chosen.sum())
        ratio = difference[chosen].var() / 2 / mean[chosen].mean() if pixels else np.nan
        found.append((float(ratio), pixels))
    return found


def _steep(image: Float[np.ndarray, "y x"], most: float) -> Bool[np.ndarray, "y x"]:
    gradient = ndimage.gaussian_gradient_magnitude(image, _CALM_PX)
    steep: Bool[np.ndarray, "y x"] = gradient >= most * ndimage.gaussian_filter(image, _CALM_PX)
    return steep


def neighbour_correlation(
    counts: Num[np.ndarray, "y x"], mask: Bool[np.ndarray, "y x"], least_counts: float = BINS[0]
) -> float:
    """Lag-1 correlation along x of what a blur of 2 px leaves in flat parts; nan without any.

    Independent pixels give nearly 0, slightly below, since the blur holds a share of each.

    Args:
        counts: One view.
        mask: Where to look; its outermost 8 pixels are left out.
        least_counts: Local mean a part needs.
    """
    image = counts.astype(float)
    local = ndimage.gaussian_filter(image, _SIGMA_PX)
    flat = ndimage.binary_erosion(mask, iterations=8) & (local > least_counts)
    flat &= ~_steep(image, _FLAT)
    pairs = flat[:, 1:] & flat[:, :-1]
    if pairs.sum() < FEW_PIXELS:
        return float("nan")
    residual = image - local
    left, right = residual[:, :-1][pairs], residual[:, 1:][pairs]
    if left.std() == 0 or right.std() == 0:
        return float("nan")
    return float(np.corrcoef(left, right)[0, 1])
