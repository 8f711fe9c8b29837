"""Whole patients: is there any metastasis, and is acting on the answer worth it?

Segmentation is not diagnosis, and a model that reads the report is told the diagnosis. These
scores say what its masks imply, no more.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mmseg_bone.analysis.decision import THRESHOLDS, net_benefit, treat_all
from mmseg_bone.analysis.delong import delong
from mmseg_bone.analysis.statistics import holm

Tables = Mapping[str, pd.DataFrame]  # by experiment


def auc_table(scans: Tables, *, baseline: str, level: float = 0.95) -> pd.DataFrame:
    """Area under the ROC curve of each experiment, and DeLong's test against the baseline.

    Of patients, since DeLong's test needs independent ones: the score is the highest
    probability of any pixel of any of the patient's scans, averaged over seeds.

    Args:
        scans: Rows of ``scans.csv`` of each experiment.
        baseline: The experiment the others are set against.
        level: Coverage of the intervals.
    """
    patients = {name: _per_patient(table) for name, table in scans.items()}
    rows = []
    for name, own in patients.items():
        score, positive = own.score.to_numpy(float), own.metastatic.to_numpy(bool)
        # A score that says nothing has an area of 1/2, and no variance.
        alone = delong(score, np.zeros_like(score), positive, level=level)
        row = {
            "experiment": name,
            "patients": len(own),
            "metastatic": int(positive.sum()),
            "auc": alone.area_a,
            "low": max(0.5 + alone.low, 0.0),
            "high": min(0.5 + alone.high, 1.0),
        }
        if baseline in patients and name != baseline:
            both = own.join(patients[baseline].score.rename("base"), how="inner")
            against = delong(
                both.score.to_numpy(float),
                both.base.to_numpy(float),
                both.metastatic.to_numpy(bool),
                level=level,
            )
            row |= {"difference": against.difference, "p": against.p}
            row |= {"difference_low": against.low, "difference_high": against.high}
        rows.append(row)
    named = ("difference", "difference_low", "difference_high", "p")
    table = pd.DataFrame(rows).reindex(columns=[*_OWN, *named])
    return table.assign(p_holm=holm(table.p.to_numpy(float)))


_OWN = ("experiment", "patients", "metastatic", "auc", "low", "high")


def decision_table(scans: Tables) -> pd.DataFrame:
    """Net benefit of acting on each experiment, and on all patients, by threshold."""
    curves = []
    for name, table in scans.items():
        own = _per_patient(table)
        positive = own.metastatic.to_numpy(bool)
        curves.append(
            pd.DataFrame(
                {
                    "experiment": name,
                    "threshold": THRESHOLDS,
                    "net_benefit": net_benefit(own.score.to_numpy(float), positive),
                    "treat_all": treat_all(float(positive.mean()) if len(own) else float("nan")),
                    "patients": len(own),
                }
            )
        )
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()


def _per_patient(scans: pd.DataFrame) -> pd.DataFrame:
    means = scans.groupby(["patient", "id"])[["max_probability", "metastatic"]].mean()
    patients = means.groupby("patient").max()
    return patients.rename(columns={"max_probability": "score"})
