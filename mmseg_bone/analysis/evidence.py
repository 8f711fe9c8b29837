"""All that a comparison shows beyond its main table, gathered once for tables and figures."""

from dataclasses import dataclass

import pandas as pd

from mmseg_bone.analysis.burden import burden_points, burden_table
from mmseg_bone.analysis.detection import (
    ece_table,
    froc_points,
    froc_table,
    reliability_table,
)
from mmseg_bone.analysis.experiments import Experiments
from mmseg_bone.analysis.strata import strata_table
from mmseg_bone.analysis.sums import PatientBootstrap
from mmseg_bone.analysis.suspicion import auc_table, decision_table


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Tables by experiment; one is empty where the runs do not hold what it is made of.

    Attributes:
        froc: Sensitivity at fixed rates of false positives, and the score.
        froc_points: The curve itself.
        ece: Expected calibration error of predicted lesions.
        reliability: The bins behind it.
        strata: Scores by kind of scan, of lesion and of false alarm.
        burden: Agreement of the bone scan index.
        burden_points: The index of each study.
        auc: Area under the ROC curve for any metastasis.
        decision: Net benefit of acting on it.
    """

    froc: pd.DataFrame
    froc_points: pd.DataFrame
    ece: pd.DataFrame
    reliability: pd.DataFrame
    strata: pd.DataFrame
    burden: pd.DataFrame
    burden_points: pd.DataFrame
    auc: pd.DataFrame
    decision: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Those that have rows, by name."""
        return {name: table for name, table in vars(self).items() if len(table)}


def gather(
    experiments: Experiments,
    *,
    baseline: str,
    seed: int = 0,
    resamples: int = 10_000,
    level: float = 0.95,
) -> Evidence:
    """Make every table of which the experiments hold the rows.

    Args:
        experiments: From ``collect``.
        baseline: Name of the one the others are set against.
        seed: Of the bootstrap.
        resamples: Bootstrap draws.
        level: Coverage of the intervals.
    """
    interval = PatientBootstrap(seed=seed, resamples=resamples, level=level)
    froc, lesions, scans = (
        {name: table for name, table in experiments.tables.get(of, {}).items() if len(table)}
        for of in ("froc", "lesions", "scans")
    )
    points = burden_points(scans)
    return Evidence(
        froc=froc_table(froc, baseline=baseline, interval=interval),
        froc_points=froc_points(froc),
        ece=ece_table(lesions, interval=interval),
        reliability=reliability_table(lesions, interval=interval),
        strata=strata_table(experiments.scores, lesions, baseline=baseline, interval=interval),
        burden=burden_table(points, seed=seed, level=level),
        burden_points=points,
        auc=auc_table(scans, baseline=baseline, level=level),
        decision=decision_table(scans),
    )
