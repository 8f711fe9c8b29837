"""From rows to one number, and the name of the way there.

The same predictions give a Dice of 0.5 or of 0.2 depending on what is averaged over what, so a
score is never reported without its aggregation:

- ``micro``: pixels of all views added up, then the metric, once. Large lesions rule it.
- ``image_pos``: the metric of each view in which a lesion was drawn, then the mean.
- ``image_all``: the metric of each view, then the mean. A view with nothing drawn counts 0 for
  Dice if anything is predicted in it, and is left out, and counted as undefined, if not.
- ``patient``: pixels of a patient's views and studies added up, the metric, then the mean over
  patients. The default of this package: patients are what a study is about. A patient with
  nothing drawn counts as a view does for ``image_all``, so a system also gains by false alarms
  it does without: its mean is then over fewer patients.
- ``patient_pos``: the same of patients with a lesion, who are as many for every system.
- ``lesion``: lesions of all views added up; a metastasis seen from both sides is two.
- ``scan``: a sum over the views of each study, then the mean over studies.

Where an experiment was run with several seeds, they are averaged first: counts per view for
``micro``, ``lesion`` and ``scan``; the metric per view or patient for the others, where one counts
as far as it is defined: a normal scan with a false alarm for one seed of three is a third of a
scan with Dice 0. So more seeds steady a score, do not shift it, and are never taken for patients.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmseg_bone.analysis.scores import counts_of
from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import Summed
from mmseg_bone.metrics.overlap import METRICS, Confusion, Metric, macro

AGGREGATIONS = ("micro", "image_pos", "image_all", "patient", "patient_pos")
_COUNTS = ["tp", "fp", "fn", "tn"]
_VIEW = ["patient", "id", "view"]
_OVERLAPS = ("dice", "f1", "iou")  # undefined only where nothing is drawn and nothing marked
# Of lesions: what is summed above and below the line, and over what.
LESION_METRICS = {
    "lesion_sensitivity": ("lesions_hit", "lesions", "lesion"),
    "lesion_precision": ("lesions_hit", "predicted", "lesion"),
    "false_positives": ("false_positives", "studies", "scan"),
}
OUTLINE_METRICS = ("hausdorff95_mm", "surface_dice")  # of a view, never of pooled pixels
# Everything there is, as (metric, aggregation).
ALL = (
    *((m, a) for m in METRICS for a in AGGREGATIONS),
    *((m, "image_pos") for m in OUTLINE_METRICS),
    *((m, parts[2]) for m, parts in LESION_METRICS.items()),
)


def summed(scores: pd.DataFrame, metric: str, aggregation: str) -> Summed:
    """Bring scores into the form of sums over patients.

    Args:
        scores: Rows of ``scores.csv`` of one experiment. A column ``seed`` tells repeated
            runs apart; without it there is one.
        metric: Name in ``METRICS``, also with ``macro_`` before it for the mean over both
            classes; or in ``LESION_METRICS``.
        aggregation: How to come to one number; see above.

    Raises:
        ValueError: There is no such metric or aggregation.
    """
    if (metric, aggregation) not in ALL and (metric.removeprefix("macro_"), aggregation) not in ALL:
        raise ValueError(
            f"no metric {metric!r} with aggregation {aggregation!r}; there are "
            f"{', '.join(f'{m} ({a})' for m, a in ALL)}, and macro_ before those of pixels"
        )
    scores = _typed(scores)
    if metric in LESION_METRICS:
        return _lesions(scores, *LESION_METRICS[metric][:2])
    if metric in OUTLINE_METRICS:
        with_lesion = scores[scores.tp + scores.fn > 0]
        return _mean(with_lesion.set_index(["seed", *_VIEW])[metric], scores)
    of_counts = _metric(metric)
    if aggregation == "micro":
        return _micro(scores, of_counts)
    if aggregation == "patient":
        return _mean(_patients(scores, of_counts), scores)
    if aggregation == "patient_pos":
        scores = _with_lesion(scores)
        return _mean(_patients(scores, of_counts), scores)
    if aggregation == "image_pos":
        scores = scores[scores.tp + scores.fn > 0]
    return _mean(_views(scores, of_counts), scores)


def per_patient(scores: pd.DataFrame, metric: str, aggregation: str = "patient") -> pd.Series:
    """A metric of each patient, pooled over views and studies, averaged over seeds.

    Of Dice and IoU, a patient with nothing drawn who is rightly left unmarked is 1 here, where a
    mean leaves her out: a test of pairs needs both of a pair.

    Args:
        scores: Rows of ``scores.csv`` of one experiment.
        metric: Name in ``METRICS``.
        aggregation: ``patient``, or ``patient_pos`` for those with a lesion.
    """
    scores = _typed(scores)
    if aggregation == "patient_pos":
        scores = _with_lesion(scores)
    values = _patients(scores, _metric(metric))
    if metric in _OVERLAPS:
        values = values.fillna(1.0)
    return values.groupby("patient").mean()


def per_study(scores: pd.DataFrame, metric: str) -> pd.Series:
    """A metric of each study, pooled over views, averaged over seeds."""
    studies = _typed(scores).assign(patient=scores.id)
    return _patients(studies, _metric(metric)).groupby("patient").mean().rename_axis("id")


def summarise(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Every measure of one experiment, by aggregation and then by metric.

    Keys ending in ``_undefined`` say of how many units a mean does not speak.
    """
    summary: dict[str, dict[str, float]] = {}
    for metric, aggregation in ALL:
        score = summed(scores, metric, aggregation)
        named = summary.setdefault(aggregation, {})
        named[metric] = score.value
        if score.undefined:
            named[f"{metric}_undefined"] = score.undefined
    return summary


def _typed(scores: pd.DataFrame) -> pd.DataFrame:
    """What is needed, with a seed, and numbers as such: a table without rows knows no types."""
    numbers = [*_COUNTS, *OUTLINE_METRICS, "lesions", "lesions_hit", "false_positives"]
    numbers = [name for name in numbers if name in scores]  # masks may come alone
    keys = scores[[*_VIEW, "seed"]] if "seed" in scores else scores[_VIEW].assign(seed=0)
    values = pd.DataFrame(scores[numbers].to_numpy(float), keys.index, numbers)
    return pd.concat([keys, values], axis=1)


def _metric(name: str) -> Metric:
    if name.startswith("macro_"):
        of_lesions = METRICS[name.removeprefix("macro_")]
        return lambda counts: macro(of_lesions, counts)
    return METRICS[name]


def _micro(scores: pd.DataFrame, metric: Metric) -> Summed:
    sums = _over_seeds(scores, _COUNTS)

    def statistic(sums: Float[np.ndarray, "*draw 4"]) -> Float[np.ndarray, "*draw"]:
        return metric(Confusion(*(sums[..., i] for i in range(4))))

    return Summed(sums, statistic, len(scores.drop_duplicates(["id", "view"])), 0)


def _lesions(scores: pd.DataFrame, above: str, below: str) -> Summed:
    views = scores.groupby("id").view.transform("nunique")
    scores = scores.assign(predicted=scores.lesions_hit + scores.false_positives, studies=1 / views)
    sums = _over_seeds(scores, [above, below])
    return Summed(sums, mean_of_sums, round(float(sums[below].sum())), 0)


def _over_seeds(scores: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Sums per patient, of the means over seeds per view."""
    views = scores.groupby(_VIEW)[columns].mean()
    return views.groupby("patient").sum()


def _with_lesion(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of patients in any of whose views something was drawn."""
    drawn = (scores.tp + scores.fn).groupby(scores.patient).transform("sum")
    return scores[drawn > 0]


def _patients(scores: pd.DataFrame, metric: Metric) -> pd.Series:
    pooled = scores.groupby(["seed", "patient"])[_COUNTS].sum()
    return pd.Series(metric(counts_of(pooled)), pooled.index)


def _views(scores: pd.DataFrame, metric: Metric) -> pd.Series:
    by_view = scores.set_index(["seed", *_VIEW])
    return pd.Series(metric(counts_of(by_view)), by_view.index)


def _mean(values: pd.Series, scores: pd.DataFrame) -> Summed:
    """The mean of a metric per unit and seed, as its sum and number per patient.

    A unit counts by the share of the seeds for which it is defined. Were it to count as one
    whenever it is defined for any, more seeds would count more normal scans with a false alarm.
    """
    parts = pd.DataFrame({"sum": values.fillna(0.0), "count": values.notna().astype(float)})
    units = parts.groupby([name for name in values.index.names if name != "seed"]).mean()
    defined = units["count"] > 0
    # Patients without a defined value stay: they may be drawn, and add nothing.
    patients = sorted(scores.patient.unique())
    sums = units.groupby("patient").sum().reindex(patients, fill_value=0.0)
    return Summed(sums, mean_of_sums, int(defined.sum()), int((~defined).sum()))
