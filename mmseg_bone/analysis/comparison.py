"""Experiments beside each other: scores with intervals, and how far apart they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmseg_bone.analysis.aggregation import ALL, per_patient, summed
from mmseg_bone.analysis.experiments import Experiments
from mmseg_bone.analysis.seeds import SeedBootstrap
from mmseg_bone.analysis.statistics import holm, signed_rank
from mmseg_bone.analysis.sums import PatientBootstrap, Summed, on_common
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
    scores = [
        {"experiment": name, "metric": metric, "aggregation": aggregation}
        | _score(table, metric, aggregation, interval)
        for name, table in experiments.scores.items()
        for metric, aggregation in measures
    ]
    pairs = {
        name: on_common(table, experiments.scores[baseline], _VIEW)
        for name, table in experiments.scores.items()
        if name != baseline
    }
    _refuse_strangers(experiments, pairs, baseline)
    differences = [
        {"experiment": name, "baseline": baseline, "metric": metric, "aggregation": aggregation}
        | _difference(pair, metric, aggregation, interval)
        for name, pair in pairs.items()
        for metric, aggregation in measures
    ]
    columns = None if differences else [*_DIFFERENCE]
    table = pd.DataFrame(differences, columns=columns)
    by_measure = table.groupby(["metric", "aggregation"], sort=False).p
    table["p_holm"] = by_measure.transform(lambda p: holm(p.to_numpy(float)))
    return Comparison(
        baseline, pd.DataFrame(scores), table, experiments.notes, experiments.digest, level
    )


_DIFFERENCE = (
    "experiment",
    "baseline",
    "metric",
    "aggregation",
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


def _score(
    table: pd.DataFrame, metric: str, aggregation: str, interval: PatientBootstrap
) -> dict[str, object]:
    score = summed(table, metric, aggregation)
    by_seed = _by_seed(table, metric, aggregation)
    values = [of_seed.value for of_seed in by_seed.values()]
    with_seeds = SeedBootstrap(interval).score(by_seed)
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


def _difference(
    pair: tuple[pd.DataFrame, pd.DataFrame],
    metric: str,
    aggregation: str,
    interval: PatientBootstrap,
) -> dict[str, object]:
    a, b = pair
    of_a, of_b = (summed(table, metric, aggregation) for table in (a, b))
    value, low, high = interval.difference(of_a, of_b)
    with_seeds = SeedBootstrap(interval).difference(
        *(_by_seed(table, metric, aggregation) for table in (a, b))
    )
    p = float("nan")
    if aggregation in ("patient", "patient_pos"):
        of_each = per_patient(a, metric, aggregation) - per_patient(b, metric, aggregation)
        p = signed_rank(of_each.to_numpy(float))
    return {
        "difference": value,
        "low": low,
        "high": high,
        "low_with_seeds": with_seeds.low,
        "high_with_seeds": with_seeds.high,
        "patients": len(of_a.sums),
        "p": p,
    }


def _by_seed(table: pd.DataFrame, metric: str, aggregation: str) -> dict[int, Summed]:
    seeds = sorted(table.seed.unique().tolist())
    return {seed: summed(table[table.seed == seed], metric, aggregation) for seed in seeds}
