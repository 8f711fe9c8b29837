"""Scores as sums over patients: one bootstrap serves them all, and differences are paired."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmseg_bone.analysis.statistics import Interval, Statistic, bootstrap, resample


@dataclass(frozen=True)
class Summed:
    """A score as a function of sums over patients, which is what a bootstrap needs.

    Attributes:
        sums: What each patient adds; one row per patient, by name.
        statistic: The score, from the sums over patients.
        units: How many views, patients, lesions or scans it rests on.
        undefined: How many it leaves out because the metric is undefined there.
    """

    sums: pd.DataFrame
    statistic: Statistic
    units: int
    undefined: int = 0

    @property
    def value(self) -> float:
        """The score; nan where it is undefined."""
        return float(self.statistic(self.sums.to_numpy(float).sum(0)))


class PatientBootstrap:
    """Draws the same patients for every score, so that differences are paired.

    Args:
        seed: The same seed gives the same intervals.
        resamples: Bootstrap draws.
        level: Coverage of the intervals.
    """

    def __init__(self, *, seed: int = 0, resamples: int = 10_000, level: float = 0.95) -> None:
        self.seed, self.resamples, self.level = seed, resamples, level
        self._draws: dict[int, np.ndarray] = {}

    def score(self, score: Summed) -> Interval:
        """A score with its interval."""
        return self._interval(score.sums, score.statistic)

    def difference(self, a: Summed, b: Summed) -> Interval:
        """How much higher ``a`` is than ``b``, of the same patients in every draw."""
        width = a.sums.shape[1]

        def minus(sums: np.ndarray) -> np.ndarray:
            return np.asarray(a.statistic(sums[..., :width]) - b.statistic(sums[..., width:]))

        # A patient who adds nothing to one of them, as without a lesion, may still be drawn.
        return self._interval(pd.concat([a.sums, b.sums], axis=1).fillna(0.0), minus)

    def draws(self, patients: int) -> Float[np.ndarray, "draw patient"]:
        """How often each of so many patients is drawn: the same whenever asked."""
        if patients not in self._draws:
            rng = np.random.default_rng(self.seed)
            draws = resample(patients, rng=rng, resamples=self.resamples)
            self._draws[patients] = draws.astype(float)  # which multiplies faster
        return self._draws[patients]

    def _interval(self, sums: pd.DataFrame, statistic: Statistic) -> Interval:
        if not len(sums):
            return Interval(float("nan"), float("nan"), float("nan"))
        draws = self.draws(len(sums))
        return bootstrap(sums.to_numpy(float), statistic, draws, level=self.level)
