"""Lesions of experiments: found at what price in false alarms, and with what right to be sure."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmseg_bone.analysis.beside import set_beside
from mmseg_bone.analysis.lesions import predictions
from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import PatientBootstrap, Summed
from mmseg_bone.metrics.calibration import BINS, bin_of, from_sums
from mmseg_bone.metrics.froc import RATES, froc_score, sensitivity_at

Tables = Mapping[str, pd.DataFrame]  # by experiment


def froc_table(froc: Tables, *, baseline: str, interval: PatientBootstrap) -> pd.DataFrame:
    """Sensitivity at each rate of false positives per scan, and the FROC score.

    Args:
        froc: Rows of ``froc.csv`` of each experiment.
        baseline: The experiment the others are set against.
        interval: Draws the patients.
    """
    measures: list[tuple[str, tuple[float, ...]]] = [(f"{rate:g}", (rate,)) for rate in RATES]
    return pd.DataFrame(
        [
            {"at": at} | row
            for at, rates in [*measures, ("score", RATES)]
            for row in set_beside(
                froc,
                partial(sensitivity, rates=rates),
                baseline=baseline,
                interval=interval,
            )
        ]
    )


def sensitivity(froc: pd.DataFrame, rates: tuple[float, ...] = RATES) -> Summed:
    """Lesion sensitivity at some rates of false positives per scan, averaged over the rates.

    Args:
        froc: Rows of ``froc.csv`` of one experiment.
        rates: All seven make the FROC score.
    """
    sums = _froc_sums(froc)

    def statistic(sums: Float[np.ndarray, "*draw k"]) -> Float[np.ndarray, "*draw"]:
        return froc_score(sensitivity_at(*_operating(sums), rates))

    return Summed(sums, statistic, round(float(sums["lesions"].to_numpy().sum())))


def froc_points(froc: Tables) -> pd.DataFrame:
    """The curve: sensitivity and false positives per scan at each threshold, seeds averaged."""
    points = []
    for name, table in froc.items():
        sums = _froc_sums(table)
        found, false_positives = _operating(sums.to_numpy(float).sum(0))
        points.append(
            pd.DataFrame(
                {
                    "experiment": name,
                    "threshold": sums.columns.get_level_values(1)[: len(found)],
                    "sensitivity": found,
                    "false_positives": false_positives,
                }
            )
        )
    return pd.concat(points, ignore_index=True) if points else pd.DataFrame()


def ece_table(lesions: Tables, *, interval: PatientBootstrap) -> pd.DataFrame:
    """Expected calibration error of predicted lesions, with intervals over patients.

    The probability of a lesion is the mean of its pixels; it is right if it is a hit. Only
    what reached the threshold of the masks became a lesion, so probabilities start there.

    Args:
        lesions: Rows of ``lesions.csv`` of each experiment.
        interval: Draws the patients.
    """
    rows = set_beside(lesions, calibration_error, baseline="", interval=interval)
    intervals = ["value", "low", "high", "low_with_seeds", "high_with_seeds"]
    return pd.DataFrame(rows, columns=["experiment", *intervals, "patients", "units"])


def calibration_error(lesions: pd.DataFrame) -> Summed:
    """Expected calibration error of the predicted lesions of one experiment."""
    sums = _bin_sums(lesions)
    return Summed(sums, _ece_of_sums, int(sums["count"].to_numpy().sum()))


def reliability_table(lesions: Tables, *, interval: PatientBootstrap) -> pd.DataFrame:
    """What became of predicted lesions by probability; bins without any are left out."""
    rows = []
    for name, table in lesions.items():
        sums = _bin_sums(table)
        for at in range(BINS):
            of_bin = sums[[("right", at), ("count", at), ("probability", at)]]
            count = float(of_bin["count", at].sum())
            if count:
                observed = interval.score(Summed(of_bin.iloc[:, :2], mean_of_sums, int(count)))
                rows.append(
                    {"experiment": name, "from": at / BINS, "to": (at + 1) / BINS}
                    | {"predictions": int(count), "observed": observed.value}
                    | {"low": observed.low, "high": observed.high}
                    | {"predicted": float(of_bin["probability", at].sum()) / count}
                )
    return pd.DataFrame(rows)


def _froc_sums(table: pd.DataFrame) -> pd.DataFrame:
    """Per patient: hits and false positives at each threshold, then lesions and scans."""
    values = ["lesions_hit", "false_positives", "lesions"]
    studies = table.groupby(["patient", "id", "threshold"])[values].mean().unstack()
    patients = studies.groupby("patient").sum()
    first = patients.columns[-1]  # as many lesions at every threshold
    counts = pd.concat(
        {
            ("lesions", first[1]): patients[first],
            ("scans", first[1]): studies.groupby("patient").size(),
        },
        axis=1,
    )
    return pd.concat([patients.drop(columns="lesions", level=0), counts], axis=1)


def _operating(
    sums: Float[np.ndarray, "*draw k"],
) -> tuple[Float[np.ndarray, "*draw t"], Float[np.ndarray, "*draw t"]]:
    """Sensitivity and false positives per scan at each threshold, from the sums above."""
    thresholds = (sums.shape[-1] - 2) // 2
    hits, false = sums[..., :thresholds], sums[..., thresholds : 2 * thresholds]
    return _over(hits, sums[..., -2:-1]), _over(false, sums[..., -1:])


def _over(
    part: Float[np.ndarray, "*draw t"], whole: Float[np.ndarray, "*draw one"]
) -> Float[np.ndarray, "*draw t"]:
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=np.broadcast_to(whole > 0, part.shape))
    return share


def _bin_sums(table: pd.DataFrame) -> pd.DataFrame:
    """Per patient and bin: how many were predicted, how many right, sum of probabilities."""
    found = predictions(table)
    probability = found.mean_probability.to_numpy(float)
    binned = pd.DataFrame(
        {
            "patient": found.patient.to_numpy(),
            "bin": bin_of(probability, BINS),
            "count": 1.0,
            "right": found.hit.to_numpy(float),
            "probability": probability,
        }
    )
    # Patients without a prediction stay: they may be drawn, and add nothing.
    everyone = pd.MultiIndex.from_product(
        [sorted(table.patient.unique()), range(BINS)], names=["patient", "bin"]
    )
    sums = binned.groupby(["patient", "bin"]).sum().reindex(everyone, fill_value=0.0)
    return pd.DataFrame(sums.unstack())


def _ece_of_sums(sums: Float[np.ndarray, "*draw k"]) -> Float[np.ndarray, "*draw"]:
    return from_sums(*np.split(sums, 3, axis=-1)).ece
