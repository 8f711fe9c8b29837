"""Scores as sums over patients: one bootstrap serves them all, and differences are paired."""

from collections.abc import Callable, Mapping, Sequence
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


def set_beside(
    tables: Mapping[str, pd.DataFrame],
    summed_of: Callable[[pd.DataFrame], Summed],
    *,
    baseline: str,
    interval: PatientBootstrap,
    keys: Sequence[str] = ("id",),
) -> list[dict[str, object]]:
    """One score of each experiment, and how far it is from that of the baseline.

    Args:
        tables: By experiment; the baseline need not be among them, and there is no difference
            then.
        summed_of: The score of a table.
        baseline: Name of the experiment the others are set against.
        interval: Draws the patients.
        keys: What makes a row the same in two experiments; a difference is of common ones.
    """
    base = tables.get(baseline)
    rows: list[dict[str, object]] = []
    for name, table in tables.items():
        score = summed_of(table)
        row: dict[str, object] = {
            "experiment": name,
            **interval.score(score)._asdict(),
            "patients": len(score.sums),
            "units": score.units,
        }
        difference = Interval(float("nan"), float("nan"), float("nan"))
        if base is not None and name != baseline:
            a, b = (summed_of(part) for part in on_common(table, base, keys))
            difference = interval.difference(a, b)
        for part, value in zip(("", "_low", "_high"), difference, strict=True):
            row[f"difference{part}"] = value
        rows.append(row)
    return rows


def on_common(
    a: pd.DataFrame, b: pd.DataFrame, keys: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of two tables whose keys are in both."""
    names = list(keys)
    common = a[names].drop_duplicates().merge(b[names].drop_duplicates())
    return a.merge(common, on=names), b.merge(common, on=names)
