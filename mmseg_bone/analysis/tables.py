"""A comparison as tables: Markdown to read, LaTeX to paste, CSV for everything else."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from mmseg_bone.analysis.comparison import Comparison

# The columns of the main table; every other measure is in the CSV.
HEADLINE = (
    ("dice", "patient"),
    ("dice", "patient_pos"),
    ("dice", "micro"),
    ("dice", "image_pos"),
    ("dice", "image_all"),
    ("precision", "patient"),
    ("recall", "patient"),
    ("lesion_sensitivity", "lesion"),
    ("false_positives", "scan"),
)
OUTLINES = (("surface_dice", "image_pos"), ("hausdorff95_mm", "image_pos"), ("iou", "patient"))
_NAMES = {
    "dice": "Dice (= F1)",
    "iou": "IoU",
    "precision": "precision (= CPA)",
    "lesion_sensitivity": "lesion sensitivity",
    "lesion_precision": "lesion precision",
    "false_positives": "false positives",
    "pixel_accuracy": "pixel accuracy",
    "hausdorff95_mm": "Hausdorff 95 (mm)",
    "surface_dice": "surface Dice",
}
_EXPLAINED = """\
Brackets hold {level} intervals from a bootstrap over patients; both views and all studies of a
patient stay together, and seeds are averaged first. In the heads, after the metric, its
aggregation. `patient`: pixels of a patient pooled, mean over patients, 0 for a false alarm on a
normal patient, without those rightly left unmarked; so it also rises with each false alarm that is
done without. `patient_pos`: the same of patients with a lesion, as many for every experiment.
`micro`: all pixels pooled. `image_pos`: mean over views with a lesion. `image_all`: mean over
views, 0 for a false alarm, without views that are rightly empty. `lesion`: all lesions pooled.
`scan`: mean per scan. SD of seeds: of Dice, patient. With seeds: the interval of its difference
where trainings are drawn as well as patients, which is a little too narrow still, seeds being few.
p: signed-rank test on Dice per patient, 1 for a normal patient rightly left unmarked, corrected by
Holm for the number of experiments."""
_LATEX = str.maketrans({c: f"\\{c}" for c in "_%&#$"})


def label(metric: str, aggregation: str) -> str:
    """A measure in words, its aggregation always beside it."""
    return f"{_NAMES.get(metric, metric)}, {aggregation}"


def score_table(
    comparison: Comparison, measures: Sequence[tuple[str, str]] = HEADLINE
) -> pd.DataFrame:
    """Experiments by measures, each as ``value [low, high]``, and how far seeds are apart."""
    table = _by_measure(comparison.scores, "value", measures, sign="")
    about = comparison.scores.groupby("experiment", sort=False)[["seeds", "patients"]].first()
    dice = comparison.scores.query("metric == 'dice' and aggregation == 'patient'")
    spread = dice.set_index("experiment").sd_between_seeds
    about["SD of seeds"] = spread.map(lambda sd: "" if math.isnan(sd) else f"{sd:.3f}")
    return about.join(table).reset_index()


def difference_table(
    comparison: Comparison, measures: Sequence[tuple[str, str]] = HEADLINE
) -> pd.DataFrame:
    """The same of differences from the baseline; of Dice per patient also with seeds, and p."""
    table = _by_measure(comparison.differences, "difference", measures, sign="+")
    dice = comparison.differences.query("metric == 'dice' and aggregation == 'patient'")
    dice = dice.set_index("experiment")
    table["Dice, patient, with seeds"] = pd.Series(
        {
            name: "" if math.isnan(low) else f"[{low:+.3f}, {high:+.3f}]"
            for name, low, high in zip(
                dice.index, dice.low_with_seeds, dice.high_with_seeds, strict=True
            )
        }
    )
    table["p (Holm)"] = dice.p_holm.map(p_value)
    table.index.name = f"minus {comparison.baseline}"
    return table.reset_index()


def markdown(comparison: Comparison) -> str:
    """The comparison to read: scores, differences, and what to know before believing them."""
    parts = ["# Comparison", pipes(score_table(comparison))]
    if len(comparison.differences):
        parts += [
            f"Differences from {comparison.baseline}, on the studies both predicted:",
            pipes(difference_table(comparison)),
        ]
    parts += ["Outlines:", pipes(score_table(comparison, OUTLINES))]
    notes = [*comparison.notes, *_undefined(comparison.scores)]
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    parts += [_EXPLAINED.format(level=f"{comparison.level:.0%}"), f"Store: {comparison.digest}."]
    return "\n\n".join(parts) + "\n"


def latex(table: pd.DataFrame) -> str:
    """A table as a LaTeX ``tabular`` with the rules of ``booktabs``."""
    lines = [
        " & ".join(str(entry).translate(_LATEX) for entry in row) + r" \\"
        for row in [list(table.columns), *table.to_numpy().tolist()]
    ]
    start = rf"\begin{{tabular}}{{l{'r' * (table.shape[1] - 1)}}}"
    rows = [start, r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([*rows, r"\end{tabular}"]) + "\n"


def files(comparison: Comparison) -> Mapping[str, str]:
    """Everything a comparison leaves behind: name of the file, and its text."""
    made = {
        "comparison.md": markdown(comparison),
        "scores.csv": comparison.scores.to_csv(index=False, lineterminator="\n"),
        "differences.csv": comparison.differences.to_csv(index=False, lineterminator="\n"),
        "scores.tex": latex(score_table(comparison)),
    }
    if len(comparison.differences):
        made["differences.tex"] = latex(difference_table(comparison))
    return made


def summary_table(summary: Mapping[str, Mapping[str, float]]) -> str:
    """Scores of one run in Markdown: a row per metric, a column per aggregation."""
    metrics = dict.fromkeys(
        metric
        for named in summary.values()
        for metric in named
        if not metric.endswith("_undefined") and metric not in ("f1", "cpa")  # by another name
    )
    rows = [
        {"metric": _NAMES.get(metric, metric)}
        | {
            aggregation: cell(named[metric]) if metric in named else ""
            for aggregation, named in summary.items()
        }
        for metric in metrics
    ]
    return pipes(pd.DataFrame(rows))


def repairs_table(repairs: pd.DataFrame) -> str:
    """Dice of patients, as it is and after each repair, in Markdown."""
    if repairs.empty:
        return "No study was scored, so there is nothing to repair."
    rows = [
        {"pool": row["pool"], "patients": row["patients"], "repair": row["repair"]}
        | {"Dice, patient": cell(row["value"], row["low"], row["high"])}
        | {"gain": _gain(row["difference"], row["difference_low"], row["difference_high"])}
        for row in repairs.to_dict("records")
    ]
    return pipes(pd.DataFrame(rows))


def _gain(difference: float, low: float, high: float) -> str:
    return "" if math.isnan(difference) else cell(difference, low, high, "+")


def _by_measure(
    rows: pd.DataFrame, column: str, measures: Sequence[tuple[str, str]], sign: str
) -> pd.DataFrame:
    """One column per measure, one row per experiment, in the order of both."""
    cells: dict[str, dict[str, str]] = {label(*measure): {} for measure in measures}
    for row in rows.to_dict("records"):
        column_of_it = cells.get(label(row["metric"], row["aggregation"]))
        if column_of_it is not None:
            column_of_it[row["experiment"]] = cell(row[column], row["low"], row["high"], sign)
    experiments = pd.Index(rows.experiment.unique(), name="experiment")
    return pd.DataFrame({name: column for name, column in cells.items() if column}, experiments)


def cell(
    value: float, low: float = float("nan"), high: float = float("nan"), sign: str = ""
) -> str:
    """A score with its interval, if it has one; ``+`` for a sign shows that of a difference."""
    if math.isnan(value):
        return "undefined"
    if math.isnan(low):
        return f"{value:{sign}.3f}"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def p_value(p: float) -> str:
    """A p value to three digits, and none that would claim more."""
    if math.isnan(p):
        return "undefined"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def pipes(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    head = [str(column) for column in table.columns]
    rows = [[str(entry).replace("|", "\\|") for entry in row] for row in table.to_numpy().tolist()]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _undefined(scores: pd.DataFrame) -> list[str]:
    """What the means of the main table leave out."""
    notes = []
    for metric, aggregation in (*HEADLINE, *OUTLINES):
        of = [
            f"{row['experiment']} {row['undefined']} of {row['undefined'] + row['units']}"
            for row in scores.to_dict("records")
            if (row["metric"], row["aggregation"]) == (metric, aggregation) and row["undefined"]
        ]
        if of:
            units = "patients" if aggregation.startswith("patient") else "views"
            notes.append(
                f"{label(metric, aggregation)}: undefined, and left out, for {units}: "
                f"{', '.join(of)}."
            )
    return notes
