"""Runs brought together: which belong to one experiment, and which do not belong at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run

TABLES = ("lesions", "froc", "scans")  # beside the scores
_ENOUGH_SEEDS = 3
_STUDY = ["id", "view"]


@dataclass(frozen=True)
class Experiments:
    """Scores of several experiments on one store.

    Attributes:
        scores: By name of the experiment, in the order given; rows of ``scores.csv`` with a
            column ``seed``. Folds are pooled: each study is predicted by the run that held
            it out.
        digest: Of the store.
        tables: The other tables of a run, ``lesions``, ``froc`` and ``scans``, likewise:
            by name of the table, then of the experiment. An experiment of which a run lacks
            one is left out of it, and told in the notes.
        runs: The runs of each experiment, by its name.
        notes: What a reader has to know before comparing, in sentences.
    """

    scores: dict[str, pd.DataFrame]
    digest: str
    notes: list[str] = field(default_factory=list)
    tables: dict[str, dict[str, pd.DataFrame]] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=dict)


def collect(runs: Iterable[Run]) -> Experiments:
    """Bring runs together by the name of their experiment.

    Args:
        runs: Scored runs. Those of one name differ in seed or fold.

    Raises:
        RunError: They stem from different stores, were scored by different rules, or two of
            one name predict the same study with the same seed.
    """
    runs = list({run.path.resolve(): run for run in runs}.values())
    if not runs:
        raise RunError("no run was given; name at least one directory of `mmseg-bone train`.")
    _agree(
        {str(run.path): {f"store {run.store_digest[:12]}"} for run in runs},
        "were trained on different stores, so their scores are not of the same studies",
        "Compare runs of one store, or train again on it.",
    )
    tables = [run.read_scores().assign(seed=run.seed) for run in runs]
    for setting in ("hit_rule", "smallest_mm2", "tolerance_mm"):
        _agree(
            {
                str(run.path): set(map(str, table[setting].unique()))
                for run, table in zip(runs, tables, strict=True)
                if setting in table
            },
            f"were scored with different {setting}",
            "Score them again alike, with `mmseg-bone evaluate`.",
        )
    scores: dict[str, pd.DataFrame] = {}
    for name in dict.fromkeys(run.name for run in runs):
        own = [pair for pair in zip(runs, tables, strict=True) if pair[0].name == name]
        _check_each_study_once_per_seed(name, own)
        scores[name] = _stacked([table for _, table in own])
    by_name = {name: [run for run in runs if run.name == name] for name in scores}
    others = {table: _pooled(by_name, table) for table in TABLES}
    notes = _notes(scores) + _without(by_name)
    return Experiments(scores, runs[0].store_digest, notes, others, by_name)


def _pooled(by_name: Mapping[str, Sequence[Run]], table: str) -> dict[str, pd.DataFrame]:
    """One table of each experiment, of all its runs, where they all have it."""
    return {
        name: _stacked([run.read_table(table).assign(seed=run.seed) for run in runs])
        for name, runs in by_name.items()
        if all(run.has_table(table) for run in runs)
    }


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    # A run whose fold nobody drew on has no rows, and a table without rows no types.
    return pd.concat([t for t in tables if len(t)] or [tables[0]], ignore_index=True)


def _without(by_name: Mapping[str, Sequence[Run]]) -> list[str]:
    lacking = [
        name
        for name, runs in by_name.items()
        if not all(run.has_table(table) for run in runs for table in TABLES)
    ]
    if not lacking:
        return []
    return [
        f"Left out of what needs more than scores, for a run lacks "
        f"{', '.join(f'{table}.csv' for table in TABLES)} (see `mmseg-bone evaluate`): "
        f"{', '.join(lacking)}."
    ]


def _agree(used: Mapping[str, set[str]], wrong: str, advice: str) -> None:
    """See that all runs used one value, or name who used which."""
    by_value: dict[str, list[str]] = {}
    for run, values in used.items():
        for value in values:
            by_value.setdefault(value, []).append(run)
    if len(by_value) > 1:
        found = "\n".join(f"  {value}: {', '.join(of)}" for value, of in by_value.items())
        raise RunError(f"the runs {wrong}:\n{found}\n{advice}")


def _check_each_study_once_per_seed(name: str, runs: Sequence[tuple[Run, pd.DataFrame]]) -> None:
    seen: dict[tuple[object, ...], Run] = {}
    for run, table in runs:
        for key in table[["seed", *_STUDY]].itertuples(index=False, name=None):
            if key in seen:
                raise RunError(
                    f"{seen[key].path} and {run.path} are both runs of {name!r} with seed "
                    f"{key[0]}, and both predict {key[1]!r}. If they are different experiments, "
                    f"give each its own `name=`; if one repeats the other, leave it out."
                )
            seen[key] = run


def _notes(scores: Mapping[str, pd.DataFrame]) -> list[str]:
    notes = []
    studies = {name: set(table.id) for name, table in scores.items()}
    everywhere = set.intersection(*studies.values())
    for name, own in studies.items():
        if more := len(own - everywhere):
            notes.append(
                f"{name} was scored on {len(own)} studies, {more} of which not every experiment "
                f"has: its scores are of other studies. Differences are of common ones only."
            )
    for name, table in scores.items():
        if (table.groupby("id").seed.nunique() < table.seed.nunique()).any():
            notes.append(f"{name}: not every study was predicted with every seed.")
    few = [name for name, table in scores.items() if table.seed.nunique() < _ENOUGH_SEEDS]
    if few:
        notes.append(f"Fewer than {_ENOUGH_SEEDS} seeds, so exploratory: {', '.join(few)}.")
    thresholds = {
        name: "/".join(f"{value:g}" for value in sorted(table.threshold.unique()))
        for name, table in scores.items()
    }
    if len(set(thresholds.values())) > 1:
        found = ", ".join(f"{name} {value}" for name, value in thresholds.items())
        notes.append(f"Thresholds differ: {found}.")
    return notes
