"""Intervals and tests that know that two scans of one patient are not two patients."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Num
from scipy import stats

Statistic = Callable[[Float[np.ndarray, "*draw k"]], Float[np.ndarray, "*draw"]]


class Interval(NamedTuple):
    """A score or a difference, and the bootstrap interval around it; nan where undefined."""

    value: float
    low: float
    high: float


def resample(
    patients: int, *, rng: np.random.Generator, resamples: int = 10_000
) -> Int[np.ndarray, "draw patient"]:
    """How often each patient is drawn, in each of many draws of as many patients."""
    return rng.multinomial(patients, np.full(patients, 1 / patients), size=resamples)


def bootstrap(
    sums: Float[np.ndarray, "patient k"],
    statistic: Statistic,
    draws: Num[np.ndarray, "draw patient"],
    *,
    level: float = 0.95,
) -> Interval:
    """A score made of sums over patients, with its percentile interval.

    Everything of a patient, both views and all studies, is in one row of ``sums`` and is
    drawn together. Draws in which the score is undefined (no lesion among the patients drawn)
    are left out. A single patient has a score, but no interval.

    Args:
        sums: What each patient adds to each of the sums.
        statistic: The score, from sums over the patients drawn.
        draws: How often each patient is drawn, from ``resample``.
        level: Coverage of the interval.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13 (percentile
    interval).
    """
    value = float(statistic(sums.sum(0)))
    if len(sums) < 2:
        return Interval(value, float("nan"), float("nan"))
    return interval_of(value, statistic(draws @ sums), level=level)


def interval_of(value: float, drawn: Float[np.ndarray, " draw"], *, level: float) -> Interval:
    """The percentile interval around a score; draws in which it is undefined are left out."""
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(drawn):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def mean_of_sums(sums: Float[np.ndarray, "*draw 2"]) -> Float[np.ndarray, "*draw"]:
    """A mean, from the sum of the values and their number; nan if there is none."""
    mean = np.full(sums.shape[:-1], np.nan)
    np.divide(sums[..., 0], sums[..., 1], out=mean, where=sums[..., 1] > 0)
    return mean


def signed_rank(difference: Float[np.ndarray, " patient"]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, one difference per patient.

    1 if no patient differs; nan if there is no patient. Ties at zero are shared between both
    signs (Pratt's and Wilcoxon's ways of dropping them let a model look decided by the few
    patients it changes).

    Source: Wilcoxon 1945, Biometrics Bulletin 1:80; ``zsplit`` of ``scipy.stats.wilcoxon``.
    """
    difference = difference[~np.isnan(difference)]
    if not len(difference):
        return float("nan")
    if not difference.any():
        return 1.0
    return float(stats.wilcoxon(difference, zero_method="zsplit").pvalue)


def holm(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    """P values corrected for being several, step by step from the smallest; nan stays nan.

    Source: Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    corrected = np.full(p.shape, np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
