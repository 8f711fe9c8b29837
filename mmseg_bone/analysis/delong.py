"""Areas under ROC curves, and whether two of the same scans differ."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

_LARGEST_FLOAT_ERROR = 1e-12


class AreaDifference(NamedTuple):
    """How much larger one area is than the other.

    Attributes:
        area_a: Area under the curve of ``a``.
        area_b: That of ``b``.
        difference: ``a`` minus ``b``.
        low: Lower end of its interval.
        high: Upper end.
        p: Two-sided.
    """

    area_a: float
    area_b: float
    difference: float
    low: float
    high: float
    p: float


def auc(score: Float[np.ndarray, " scan"], positive: Bool[np.ndarray, " scan"]) -> float:
    """Chance that a positive scan scores above a negative one, a tie counting half.

    nan if all scans are of one kind.

    Source: Hanley & McNeil 1982, Radiology 143:29.
    """
    m, n = int(positive.sum()), int((~positive).sum())
    if not (m and n):
        return float("nan")
    ranks = stats.rankdata(score)
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * n))


def delong(
    a: Float[np.ndarray, " scan"],
    b: Float[np.ndarray, " scan"],
    positive: Bool[np.ndarray, " scan"],
    *,
    level: float = 0.95,
) -> AreaDifference:
    """Compare the areas of two scores of the same scans.

    Valid for independent scans: with several scans of one patient, or several lesions of one
    scan, the interval is too narrow, and patients are to be resampled instead. Scores that
    order the scans alike differ by 0 with p = 1. Interval and p are nan where they cannot be
    told: fewer than two scans of either kind, or areas that differ without any variance, as
    of a perfect and of a reversed order.

    Args:
        a: Scores of one model; higher is more suspicious.
        b: Scores of the other, on the same scans in the same order.
        positive: Which scans are.
        level: Coverage of the interval.

    Source: DeLong et al. 1988, Biometrics 44:837; by ranks as in Sun & Xu 2014, IEEE Signal
    Processing Letters 21:1389.
    """
    area_a, area_b = auc(a, positive), auc(b, positive)
    difference = area_a - area_b
    undefined = AreaDifference(area_a, area_b, difference, *[float("nan")] * 3)
    m, n = int(positive.sum()), int((~positive).sum())
    if min(m, n) < 2:
        return undefined
    parts_a, parts_b = _components(a, positive), _components(b, positive)
    of_positives, of_negatives = (x - y for x, y in zip(parts_a, parts_b, strict=True))
    variance = of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n
    if variance < _LARGEST_FLOAT_ERROR**2:
        same = abs(difference) < _LARGEST_FLOAT_ERROR
        return undefined._replace(difference=0.0, low=0.0, high=0.0, p=1.0) if same else undefined
    error = float(np.sqrt(variance))
    reach = float(stats.norm.ppf((1 + level) / 2)) * error
    p = 2 * float(stats.norm.sf(abs(difference) / error))
    return AreaDifference(area_a, area_b, difference, difference - reach, difference + reach, p)


def _components(
    score: Float[np.ndarray, " scan"], positive: Bool[np.ndarray, " scan"]
) -> tuple[Float[np.ndarray, " positive"], Float[np.ndarray, " negative"]]:
    """For each positive the share of negatives below it; for each negative, of positives above."""
    ranks = stats.rankdata(score)
    above, below = score[positive], score[~positive]
    of_positives = (ranks[positive] - stats.rankdata(above)) / len(below)
    of_negatives = 1 - (ranks[~positive] - stats.rankdata(below)) / len(above)
    return of_positives, of_negatives
