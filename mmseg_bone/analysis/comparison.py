"""Experiments beside each other: scores with intervals, and how far apart they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmseg_bone.analysis.aggregation import ALL, per_patient, summed
from mmseg_bone.analysis.beside import by_seed, on_common
from mmseg_bone.analysis.experiments import Experiments
from mmseg_bone.analysis.seeds import SeedBootstrap
from mmseg_bone.analysis.statistics import holm, signed_rank
from mmseg_bone.analysis.sums import PatientBootstrap, Summed
from mmseg_bone.errors import RunError

_VIEW = ["id", "view"]


@dataclass(frozen=True)
class Comparison:
    """Scores with intervals, and differences from a baseline.

    Attributes:
        baseline: Name of the experiment the others are set against.
        scores: One row per experiment, metric and aggregation.
        differences: The same for each experiment but the baseline, on the studies both have.
        notes: What a reader has to know before comparing, in sentences.
        digest: Of the store.
        level: Coverage of the intervals.
    """

    baseline: str
    scores: pd.DataFrame
    differences: pd.DataFrame
    notes: list[str]
    digest: str
    level: float


def compare(
    experiments: Experiments,
    *,
    baseline: str | None = None,
    measures: Sequence[tuple[str, str]] = ALL,
    seed: int = 0,
    resamples: int = 10_000,
    level: float = 0.95,
) -> Comparison:
    """Score every experiment and set it against the baseline.

    A difference is that of the two scores on the studies both predicted; both are computed
    from the same patients in every draw, which is what makes it paired. ``p`` is of the
    signed-rank test on the differences per patient, where the aggregation is ``patient`` or
    ``patient_pos``; a normal patient rightly left unmarked has a Dice of 1 there. ``p_holm``
    corrects it for the number of experiments. ``low_with_seeds`` and ``high_with_seeds`` are of an
    interval in which seeds are drawn too; undefined where one of both has a single seed.

    Args:
        experiments: From ``collect``.
        baseline: Name of one of them; the first if None.
        measures: Metric and aggregation of each column.
        seed: Of the bootstrap: the same runs give the same intervals.
        resamples: Bootstrap draws.
        level: Coverage of the intervals.

    Raises:
        RunError: No experiment has the name of the baseline, or there is none at all; or one has
            no study in common with the baseline.
    """
    names = list(experiments.scores)
    baseline = names[0] if baseline is None else baseline
    if baseline not in names:
        raise RunError(
            f"no experiment is called {baseline!r}; there are {', '.join(names)}. Name one of "
            f"them as the baseline."
        )
    interval = PatientBootstrap(seed=seed, resamples=resamples, level=level)
    pairs = {
        name: on_common(table, experiments.scores[baseline], _VIEW)
        for name, table in experiments.scores.items()
        if name != baseline
    }
    _refuse_strangers(experiments, pairs, baseline)
    against = experiments.scores[baseline]
    base = {measure: _Sums.of(against, measure) for measure in measures}
    scores, differences = [], []
    for name, whole in experiments.scores.items():
        for measure in measures:
            own = base[measure] if name == baseline else _Sums.of(whole, measure)
            about = {"experiment": name, "metric": measure[0], "aggregation": measure[1]}
            scores.append(about | _score(own, interval))
            if name != baseline:
                a, b = pairs[name]
                # Made already, where both predicted the same studies.
                of_a = own if len(a) == len(whole) else _Sums.of(a, measure)
                of_b = base[measure] if len(b) == len(against) else _Sums.of(b, measure)
                gap = _difference(of_a, of_b, interval) | {"p": _p((a, b), measure)}
                differences.append(about | {"baseline": baseline} | gap)
    columns = None if differences else [*_DIFFERENCE]
    table = pd.DataFrame(differences, columns=columns)
    by_measure = table.groupby(["metric", "aggregation"], sort=False).p
    table["p_holm"] = by_measure.transform(lambda p: holm(p.to_numpy(float)))
    return Comparison(
        baseline, pd.DataFrame(scores), table, experiments.notes, experiments.digest, level
    )


_DIFFERENCE = (
    "experiment",
    "metric",
    "aggregation",
    "baseline",
    "difference",
    "low",
    "high",
    "low_with_seeds",
    "high_with_seeds",
    "patients",
    "p",
)


def _refuse_strangers(
    experiments: Experiments,
    pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    baseline: str,
) -> None:
    """See that everything shares studies with the baseline: other folds are other patients."""
    strangers = [
        name
        for name, (own, _) in pairs.items()
        if not len(own) and len(experiments.scores[name]) and len(experiments.scores[baseline])
    ]
    if strangers:
        found = "\n".join(
            f"  {name}: {', '.join(str(run.path) for run in experiments.runs.get(name, []))}"
            for name in (baseline, *strangers)
        )
        raise RunError(
            f"no study was predicted both by {baseline} and by {', '.join(strangers)}: they held "
            f"out other folds, so nothing of them can be compared.\n{found}\n"
            f"Train them with the same `fold=`, or compare each with its own."
        )


class _Sums(NamedTuple):
    """A score of an experiment, over its seeds and of each."""

    whole: Summed
    by_seed: dict[int, Summed]

    @classmethod
    def of(cls, table: pd.DataFrame, measure: tuple[str, str]) -> "_Sums":
        return cls(summed(table, *measure), by_seed(table, lambda own: summed(own, *measure)))


def _score(sums: _Sums, interval: PatientBootstrap) -> dict[str, object]:
    score, values = sums.whole, [of_seed.value for of_seed in sums.by_seed.values()]
    with_seeds = SeedBootstrap(interval).score(sums.by_seed)
    return {
        **interval.score(score)._asdict(),
        "low_with_seeds": with_seeds.low,
        "high_with_seeds": with_seeds.high,
        "patients": len(score.sums),
        "units": score.units,
        "undefined": score.undefined,
        "seeds": len(values),
        "sd_between_seeds": float(np.std(values, ddof=1)) if len(values) > 1 else float("nan"),
    }


def _difference(a: _Sums, b: _Sums, interval: PatientBootstrap) -> dict[str, object]:
    value, low, high = interval.difference(a.whole, b.whole)
    with_seeds = SeedBootstrap(interval).difference(a.by_seed, b.by_seed)
    return {
        "difference": value,
        "low": low,
        "high": high,
        "low_with_seeds": with_seeds.low,
        "high_with_seeds": with_seeds.high,
        "patients": len(a.whole.sums),
    }


def _p(pair: tuple[pd.DataFrame, pd.DataFrame], measure: tuple[str, str]) -> float:
    """Of the signed-rank test, where there is one value per patient."""
    if measure[1] not in ("patient", "patient_pos"):
        return float("nan")
    a, b = (per_patient(table, *measure) for table in pair)
    return signed_rank((a - b).to_numpy(float))
