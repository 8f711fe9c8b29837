"""Intervals in which trainings are drawn as well as patients: what another seed would have given.

A bootstrap over patients says how a score varies with who is tested, for the networks that were
trained. Another seed gives another network. Here both are levels: each draw takes as many seeds as
there are and as many patients as there are, each with replacement, and every seed drawn is scored
on the same patients drawn.

Source: Owen 2007, Annals of Applied Statistics 1:386 (the pigeonhole bootstrap, of rows and
columns of a table). It errs a little to the wide side by what seeds and patients have in common,
and, the seeds being few, to the narrow one by them: the variance of a mean of three seeds comes
out as two thirds of what it is.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mmseg_bone.analysis.statistics import Interval, interval_of, resample
from mmseg_bone.analysis.sums import PatientBootstrap, Summed

BySeed = Mapping[int, Summed]
_UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))


class SeedBootstrap:
    """Draws seeds beside the patients of another bootstrap.

    Args:
        patients: Draws the patients, and says how often and at which level.
    """

    def __init__(self, patients: PatientBootstrap) -> None:
        self.patients = patients

    def score(self, by_seed: BySeed) -> Interval:
        """A score, the mean over its seeds; undefined of a single seed or a single patient."""
        index = _patients(by_seed)
        if len(by_seed) < 2 or len(index) < 2:
            return _UNDEFINED
        statistic = next(iter(by_seed.values())).statistic
        drawn, whole = self._drawn(by_seed, index, stream=1)
        return interval_of(float(statistic(whole)), statistic(drawn), level=self.patients.level)

    def difference(self, a: BySeed, b: BySeed) -> Interval:
        """How much higher ``a`` is than ``b``, of the same patients in every draw.

        Where both have the same seeds, the same seeds as well: of one seed they share the order
        of the studies, and often the image part.
        """
        index = _patients(a).union(_patients(b))
        if len(a) < 2 or len(b) < 2 or len(index) < 2:
            return _UNDEFINED
        statistics = [next(iter(of.values())).statistic for of in (a, b)]
        streams = (1, 1 if set(a) == set(b) else 2)
        (drawn_a, whole_a), (drawn_b, whole_b) = (
            self._drawn(of, index, stream) for of, stream in zip((a, b), streams, strict=True)
        )
        value = float(statistics[0](whole_a) - statistics[1](whole_b))
        drawn = statistics[0](drawn_a) - statistics[1](drawn_b)
        return interval_of(value, drawn, level=self.patients.level)

    def _drawn(
        self, by_seed: BySeed, index: pd.Index, stream: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sums over the patients and the seeds drawn, ``[draw, k]``, and over all of them."""
        sums = _table(by_seed, index)
        seeds, _, width = sums.shape
        side_by_side = sums.transpose(1, 0, 2).reshape(len(index), seeds * width)
        of_patients = (self.patients.draws(len(index)) @ side_by_side).reshape(-1, seeds, width)
        rng = np.random.default_rng((self.patients.seed, stream))
        shares = resample(seeds, rng=rng, resamples=len(of_patients)) / seeds
        return np.einsum("ds,dsk->dk", shares, of_patients), sums.mean(0).sum(0)


def _patients(by_seed: BySeed) -> pd.Index:
    index = pd.Index([])
    for score in by_seed.values():
        index = index.union(score.sums.index)
    return index


def _table(by_seed: BySeed, index: pd.Index) -> np.ndarray:
    """What each patient adds for each seed, ``[seed, patient, k]``.

    A patient whom one seed did not predict adds what she adds for the others, on average.
    """
    seeds = sorted(by_seed)
    sums = np.stack([by_seed[seed].sums.reindex(index).to_numpy(float) for seed in seeds])
    known = ~np.isnan(sums)
    mean = np.where(known, sums, 0).sum(0) / np.maximum(known.sum(0), 1)
    return np.where(known, sums, mean)
