"""How well the burden measured on predictions agrees with the burden there is."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mmseg_bone.metrics.burden import bland_altman, spearman

Tables = Mapping[str, pd.DataFrame]  # by experiment
# What a prediction is held against, and how it is called.
TRUTHS = {"reference": "reference mask", "true": "phantom's volume"}
_RESAMPLES = 1000  # of ranks, which have to be sorted anew in every draw


def burden_points(scans: Tables) -> pd.DataFrame:
    """The bone scan index of every study in percent: predicted, drawn, and true where known.

    Predictions of several seeds are averaged. Studies without a bones map are left out.
    """
    points = []
    for name, table in scans.items():
        columns = [f"bsi_{what}" for what in ("predicted", "reference", "true")]
        means = table.groupby(["id", "patient"])[columns].mean().reset_index()
        means.columns = means.columns.str.removeprefix("bsi_")
        points.append(means.dropna(subset=["predicted"]).assign(experiment=name))
    return pd.concat(points, ignore_index=True) if points else pd.DataFrame()


def burden_table(points: pd.DataFrame, *, seed: int = 0, level: float = 0.95) -> pd.DataFrame:
    """Bias, limits of agreement and correlation of ranks, by experiment and truth.

    Studies without metastases are in it: finding none is agreement. They tie at 0, and their
    number moves the correlation; ``metastatic`` says how many are left without them.

    Args:
        points: From ``burden_points``.
        seed: Of the bootstrap of the correlation.
        level: Coverage of its interval.
    """
    rows = []
    for (name, truth), own in _pairs(points):
        predicted, true = own.predicted.to_numpy(float), own[truth].to_numpy(float)
        limits = bland_altman(predicted, true)
        low, high = _interval(own, truth, seed=seed, level=level)
        rows.append(
            {
                "experiment": name,
                "against": TRUTHS[truth],
                "studies": len(own),
                "metastatic": int((true > 0).sum()),
                "bias": limits.bias,
                "limit_low": limits.low,
                "limit_high": limits.high,
                "spearman": spearman(predicted, true),
                "spearman_low": low,
                "spearman_high": high,
            }
        )
    return pd.DataFrame(rows)


def _pairs(points: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    if not len(points):
        return []
    return [
        ((str(name), truth), known)
        for truth in TRUTHS
        for name, own in points.groupby("experiment", sort=False)
        if len(known := own.dropna(subset=[truth]))
    ]


def _interval(points: pd.DataFrame, truth: str, *, seed: int, level: float) -> tuple[float, float]:
    """Percentile interval of the rank correlation over patients."""
    rng = np.random.default_rng(seed)
    values = points[["predicted", truth]].to_numpy(float)
    of_patient = list(points.groupby("patient").indices.values())
    if len(of_patient) < 2:
        return float("nan"), float("nan")
    found = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(of_patient), size=len(of_patient))
        rows = values[np.concatenate([of_patient[patient] for patient in drawn])]
        found.append(spearman(rows[:, 0], rows[:, 1]))
    found = [value for value in found if not np.isnan(value)]
    if not found:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
