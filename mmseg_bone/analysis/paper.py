"""A comparison as files for a paper: its tables, and one figure for each question."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from mmseg_bone.analysis import evidence_tables, tables
from mmseg_bone.analysis.comparison import Comparison
from mmseg_bone.analysis.evidence import Evidence
from mmseg_bone.analysis.experiments import Experiments
from mmseg_bone.analysis.figures import curves, rows
from mmseg_bone.analysis.figures import examples as side_by_side
from mmseg_bone.io.store import Store


def written(comparison: Comparison, evidence: Evidence) -> Mapping[str, str]:
    """All tables: name of the file, and its text.

    ``comparison.md`` is to read and holds what the others hold in full.
    """
    made = dict(tables.files(comparison))
    if more := evidence_tables.markdown(evidence):
        made["comparison.md"] += f"\n{more}"
    return {**made, **evidence_tables.files(evidence)}


def figures(comparison: Comparison, evidence: Evidence) -> Mapping[str, Figure]:
    """A figure for every question that the runs can answer, by name."""
    made = {}
    if comparison.differences.difference.notna().any():
        made["forest"] = rows.forest(comparison)
    if len(evidence.froc) and evidence.froc.value.notna().any():
        made["froc"] = curves.froc(evidence.froc_points, evidence.froc)
    if len(evidence.reliability):
        made["reliability"] = curves.reliability(evidence.reliability, evidence.ece)
    if len(evidence.strata):
        made["strata"] = rows.strata(evidence.strata)
    if len(evidence.burden_points):
        made["burden"] = curves.burden(evidence.burden_points)
    if evidence.auc.auc.notna().any():
        made["decision"] = curves.decision(evidence.decision)
    return made


def examples(
    experiments: Experiments, comparison: Comparison, store: Store, shown: str | None = None
) -> Figure | None:
    """The best, median, worst and an ambiguous study, by the baseline and by another experiment.

    Args:
        experiments: From ``collect``; their runs still have to hold predictions.
        comparison: Of them.
        store: The store they were trained on.
        shown: The experiment by whose Dice studies are chosen; None for the one that is best
            without the baseline.

    Returns:
        None if no study has a lesion.

    Raises:
        RunError: The store is another one, or predictions are missing.
    """
    shown = shown or best(comparison)
    chosen = side_by_side.choose(experiments.scores[shown])
    names = list(dict.fromkeys([comparison.baseline, shown]))
    return side_by_side.examples(experiments, store, names, chosen) if chosen else None


def best(comparison: Comparison) -> str:
    """The experiment with the highest Dice per patient, the baseline only if it is alone."""
    scores = comparison.scores.query("metric == 'dice' and aggregation == 'patient'")
    dice = scores.set_index("experiment").value.fillna(-1.0)
    others = dice.drop(comparison.baseline)
    return str((others if len(others) else dice).idxmax())
