"""How two masks overlap, pixel by pixel: counts first, then every metric from the counts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Num
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Confusion:
    """Pixels by what was predicted and what was drawn.

    Counts can be added up over views, studies or patients before a metric is taken of them,
    or metrics can be taken first and averaged: these are different numbers, and the second
    has to say over what it averages. Fractions are allowed, so that counts can be averaged
    over repeated runs.

    Attributes:
        tp: Lesion, and predicted.
        fp: No lesion, but predicted.
        fn: Lesion, but not predicted.
        tn: Neither.
    """

    tp: Num[np.ndarray, "*unit"]
    fp: Num[np.ndarray, "*unit"]
    fn: Num[np.ndarray, "*unit"]
    tn: Num[np.ndarray, "*unit"]

    def pooled(self) -> "Confusion":
        """The counts of all units together."""
        return Confusion(*(np.asarray(n.sum()) for n in (self.tp, self.fp, self.fn, self.tn)))

    def of_background(self) -> "Confusion":
        """The same pixels, counted for the class *no lesion*."""
        return Confusion(tp=self.tn, fp=self.fn, fn=self.fp, tn=self.tp)


Metric = Callable[[Confusion], Float[np.ndarray, "..."]]


def confusion(
    prediction: Bool[np.ndarray, "*unit y x"], reference: Bool[np.ndarray, "*unit y x"]
) -> Confusion:
    """Count pixels of each view by itself."""
    both = (prediction & reference).sum((-2, -1))
    predicted, drawn = prediction.sum((-2, -1)), reference.sum((-2, -1))
    pixels = prediction.shape[-2] * prediction.shape[-1]
    return Confusion(
        tp=np.asarray(both),
        fp=np.asarray(predicted - both),
        fn=np.asarray(drawn - both),
        tn=np.asarray(pixels - predicted - drawn + both),
    )


def dice(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Dice coefficient, ``2 TP / (2 TP + FP + FN)``; nan where both masks are empty.

    Two empty masks have no overlap to measure; how a model does on normal scans is for the
    false positives to say. nan keeps the two questions apart: an average skips it and counts
    it, and cannot mistake it for a perfect score.

    Source: Dice 1945, Ecology 26:297.
    """
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def iou(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Intersection over union, ``TP / (TP + FP + FN)``; nan where both masks are empty.

    It is ``dice / (2 - dice)`` of the same counts, but not of means.

    Source: Jaccard 1912, New Phytologist 11:37.
    """
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def precision(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Share of predicted pixels that are lesion, ``TP / (TP + FP)``; nan if none is predicted."""
    return _ratio(counts.tp, counts.tp + counts.fp)


def cpa(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Class pixel accuracy, which in the bone-scan papers is precision by another name.

    Elsewhere the name is used for recall. That these papers mean precision follows from
    their numbers: F1 of CPA .726 and recall .638 is .679, the Dice they report (Ma et al.
    2024, doi 10.2174/0115734056324977240911073841).
    """
    return precision(counts)


def recall(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Share of lesion pixels that are predicted, ``TP / (TP + FN)``; nan if there is no lesion."""
    return _ratio(counts.tp, counts.tp + counts.fn)


def f1(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Harmonic mean of precision and recall, which is Dice of the same counts.

    Computed from the counts, so that it is 0, not undefined, where a lesion is drawn and
    nothing is predicted. The harmonic mean of *averaged* precision and recall is another
    number, and is not offered.
    """
    return dice(counts)


def pixel_accuracy(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Share of pixels that are right, ``(TP + TN) / all``; near 1 for a mask left empty."""
    right = counts.tp + counts.tn
    return _ratio(right, right + counts.fp + counts.fn)


def specificity(counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Share of pixels without lesion that are left alone, ``TN / (TN + FP)``."""
    return _ratio(counts.tn, counts.tn + counts.fp)


METRICS: dict[str, Metric] = {
    metric.__name__: metric
    for metric in (dice, iou, precision, cpa, recall, f1, pixel_accuracy, specificity)
}


def macro(metric: Metric, counts: Confusion) -> Float[np.ndarray, "*unit"]:
    """Mean of a metric over the two classes, lesion and no lesion.

    Macro-averaged recall and specificity are the same number, which is how to recognise a
    paper that averages so (Y. Wang et al. 2024 report .8039 for both).
    """
    return np.asarray((metric(counts) + metric(counts.of_background())) / 2)


def _ratio(part: ArrayLike, whole: ArrayLike) -> Float[np.ndarray, "*unit"]:
    # Arithmetic on arrays without axes gives NumPy scalars: hence ArrayLike.
    ratio = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=ratio, where=np.asarray(whole) > 0)
    return ratio
