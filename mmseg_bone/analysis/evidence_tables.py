"""The evidence as tables: a short word on each, then its rows."""

from collections.abc import Mapping, Sequence

import pandas as pd

from mmseg_bone.analysis.evidence import Evidence
from mmseg_bone.analysis.tables import cell, p_value, pipes

_FROC = """\
## Lesions found, by false positives allowed

Share of drawn lesions found at the best threshold that keeps to so many false positives per scan
(both views); `score` is the mean over all seven rates."""
_ECE = """\
## Calibration

Expected calibration error of predicted lesions, in ten bins: the gap between the mean probability
of a lesion and how often such a lesion is a hit. 0 is best."""
_BURDEN = """\
## Burden

Planar bone scan index in percent of the skeleton: predicted minus true, mean and 95% limits of
agreement, and correlation of ranks. Weights are of Spiers 1968, see `skeletal_mass.csv`."""
_AUC = """\
## Any metastasis

Patients by the highest probability in their scans: area under the ROC curve, with DeLong's
interval and test, corrected by Holm. A mask is no diagnosis, and a report names the answer."""
_STRATA = """\
## Strata

Many, and each of few patients: they raise questions. Intervals are not corrected for their
number. In parentheses: patients, lesions or scans. Paired differences are in `strata.csv`."""


def markdown(evidence: Evidence) -> str:
    """All sections of which there is something to tell; may be empty."""
    sections = [
        (_FROC, froc(evidence.froc)),
        (_ECE, calibration(evidence.ece)),
        (_BURDEN, burden(evidence.burden)),
        (_AUC, area(evidence.auc)),
        *_strata(evidence.strata),
    ]
    parts = [f"{head}\n\n{pipes(table)}" for head, table in sections if len(table)]
    return "\n\n".join(parts) + "\n" if parts else ""


def files(evidence: Evidence) -> Mapping[str, str]:
    """Every table in full, as CSV: name of the file, and its text."""
    return {
        f"{name}.csv": table.to_csv(index=False, lineterminator="\n")
        for name, table in evidence.tables().items()
    }


def froc(table: pd.DataFrame) -> pd.DataFrame:
    """Experiments by rates of false positives."""
    return _wide(table, "at")


def calibration(table: pd.DataFrame) -> pd.DataFrame:
    """Experiments with their calibration error."""
    return pd.DataFrame(
        {
            "experiment": row["experiment"],
            "ECE": cell(row["value"], row["low"], row["high"]),
            "predicted lesions": row["units"],
        }
        for row in table.to_dict("records")
    )


def burden(table: pd.DataFrame) -> pd.DataFrame:
    """Experiments with the agreement of their burden."""
    return pd.DataFrame(
        {
            "experiment": row["experiment"],
            "against": row["against"],
            "studies (metastatic)": f"{row['studies']} ({row['metastatic']})",
            "bias [limits]": cell(row["bias"], row["limit_low"], row["limit_high"], "+"),
            "Spearman": cell(row["spearman"], row["spearman_low"], row["spearman_high"]),
        }
        for row in table.to_dict("records")
    )


def area(table: pd.DataFrame) -> pd.DataFrame:
    """Experiments with their area under the curve."""
    rows = []
    for row in table.to_dict("records"):
        difference = (row["difference"], row["difference_low"], row["difference_high"])
        is_baseline = pd.isna(row["difference"])
        rows.append(
            {
                "experiment": row["experiment"],
                "patients (metastatic)": f"{row['patients']} ({row['metastatic']})",
                "AUC": cell(row["auc"], row["low"], row["high"]),
                "difference": "" if is_baseline else cell(*difference, "+"),
                "p (Holm)": "" if is_baseline else p_value(row["p_holm"]),
            }
        )
    return pd.DataFrame(rows)


def _strata(table: pd.DataFrame) -> Sequence[tuple[str, pd.DataFrame]]:
    """One table per measure; the head of all stands above the first."""
    if not len(table):
        return []
    sections: list[tuple[str, pd.DataFrame]] = []
    for measure, own in table.groupby("measure", sort=False):
        counted = "patients" if "Dice" in str(measure) else "units"
        largest = own.groupby(["stratum", "level"])[counted].transform("max")
        named = own.assign(
            stratum=own.stratum + ": " + own.level + " (" + largest.astype(str) + ")"
        )
        head = f"{measure}:" if sections else f"{_STRATA}\n\n{measure}:"
        sections.append((head, _wide(named, "experiment", index="stratum")))
    return sections


def _wide(table: pd.DataFrame, column: str, index: str = "experiment") -> pd.DataFrame:
    """Cells with intervals, in the order in which rows and columns are met."""
    cells: dict[str, dict[str, str]] = {}
    for row in table.to_dict("records"):
        own = cells.setdefault(row[index], {index: row[index]})
        own[row[column]] = cell(row["value"], row["low"], row["high"])
    return pd.DataFrame(list(cells.values()))
