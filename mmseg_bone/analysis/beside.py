"""One score of several experiments beside each other, and how far each is from a baseline."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from mmseg_bone.analysis.seeds import SeedBootstrap
from mmseg_bone.analysis.statistics import Interval
from mmseg_bone.analysis.sums import PatientBootstrap, Summed

SummedOf = Callable[[pd.DataFrame], Summed]
_UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))


def set_beside(
    tables: Mapping[str, pd.DataFrame],
    summed_of: SummedOf,
    *,
    baseline: str,
    interval: PatientBootstrap,
    keys: Sequence[str] = ("id",),
) -> list[dict[str, object]]:
    """One score of each experiment, and how far it is from that of the baseline.

    Beside the interval over patients stands one in which seeds are drawn too (``_with_seeds``);
    undefined where there is a single seed.

    Args:
        tables: By experiment; the baseline need not be among them, and there is no difference
            then.
        summed_of: The score of a table.
        baseline: Name of the experiment the others are set against.
        interval: Draws the patients.
        keys: What makes a row the same in two experiments; a difference is of common ones.
    """
    base, with_seeds = tables.get(baseline), SeedBootstrap(interval)
    rows: list[dict[str, object]] = []
    for name, table in tables.items():
        score, of_seeds = summed_of(table), with_seeds.score(by_seed(table, summed_of))
        difference = difference_of_seeds = _UNDEFINED
        if base is not None and name != baseline:
            a, b = on_common(table, base, keys)
            difference = interval.difference(summed_of(a), summed_of(b))
            difference_of_seeds = with_seeds.difference(
                by_seed(a, summed_of), by_seed(b, summed_of)
            )
        rows.append(
            {
                "experiment": name,
                **interval.score(score)._asdict(),
                "low_with_seeds": of_seeds.low,
                "high_with_seeds": of_seeds.high,
                "patients": len(score.sums),
                "units": score.units,
                "difference": difference.value,
                "difference_low": difference.low,
                "difference_high": difference.high,
                "difference_low_with_seeds": difference_of_seeds.low,
                "difference_high_with_seeds": difference_of_seeds.high,
            }
        )
    return rows


def by_seed(table: pd.DataFrame, summed_of: SummedOf) -> dict[int, Summed]:
    """The score of each seed by itself; of none where a table does not tell them apart."""
    if "seed" not in table:
        return {}
    seeds = sorted(table.seed.unique().tolist())
    return {seed: summed_of(table[table.seed == seed]) for seed in seeds}


def on_common(
    a: pd.DataFrame, b: pd.DataFrame, keys: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of two tables whose keys are in both."""
    names = list(keys)
    common = a[names].drop_duplicates().merge(b[names].drop_duplicates())
    return a.merge(common, on=names), b.merge(common, on=names)
