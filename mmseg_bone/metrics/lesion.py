"""Lesions found and lesions made up: one prediction answers for one lesion."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from mmseg_bone.imaging.lesions import label_lesions

HitRule = Literal["iou", "overlap", "centroid"]


class Hit(NamedTuple):
    """A drawn lesion and the prediction that found it, by their numbers, from 1."""

    reference: int
    prediction: int


class Detection(NamedTuple):
    """What became of the lesions of one view.

    Attributes:
        lesions: Drawn.
        hits: Pairs of a drawn lesion and the prediction that found it.
        predicted: Predicted.
    """

    lesions: int
    hits: tuple[Hit, ...]
    predicted: int

    @property
    def false_positives(self) -> int:
        """Predictions that found nothing."""
        return self.predicted - len(self.hits)

    @property
    def sensitivity(self) -> float:
        """Share of drawn lesions that were found; nan if none was drawn."""
        return len(self.hits) / self.lesions if self.lesions else float("nan")


def detect(
    prediction: Bool[np.ndarray, "y x"],
    reference: Bool[np.ndarray, "y x"],
    *,
    rule: HitRule = "iou",
    smallest_iou: float = 0.1,
) -> Detection:
    """Pair predicted with drawn lesions of one view, one to one.

    A prediction that runs over two lesions finds one of them, and of two predictions on one
    lesion one is a false positive: otherwise a mask of the whole skeleton would find
    everything. As many pairs are made as can be, and among those the best overlapping.

    Args:
        prediction: Predicted mask of one view.
        reference: Drawn mask of the same view.
        rule: When a prediction may count as a hit. ``iou``: intersection over union of at
            least ``smallest_iou``. ``overlap``: one pixel in common. ``centroid``: the
            centroid of the prediction, to the nearest pixel, lies in the lesion. The default
            is our choice: one pixel in common is too little to say that a lesion was seen,
            and outlines of small lesions overlap too poorly to ask for much more.
        smallest_iou: For the rule ``iou``.
    """
    drawn, lesions = label_lesions(reference)
    marked, predicted = label_lesions(prediction)
    overlap = _iou(drawn, lesions, marked, predicted)
    if rule == "iou":
        may_hit = overlap >= max(smallest_iou, np.finfo(float).tiny)  # no overlap is no hit
    elif rule == "overlap":
        may_hit = overlap > 0
    else:
        may_hit = _centroid_inside(drawn, lesions, marked, predicted)
    # One more pair outweighs any sum of overlaps.
    worth = np.where(may_hit, min(overlap.shape) + 1 + overlap, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    hits = tuple(
        Hit(int(r) + 1, int(p) + 1) for r, p in zip(rows, columns, strict=True) if may_hit[r, p]
    )
    return Detection(lesions, hits, predicted)


def _iou(
    drawn: Int[np.ndarray, "y x"], lesions: int, marked: Int[np.ndarray, "y x"], predicted: int
) -> Float[np.ndarray, "lesion prediction"]:
    """Intersection over union of every drawn with every predicted lesion."""
    lit = (drawn > 0) | (marked > 0)  # few of the pixels of a view
    pairs = drawn[lit].astype(np.int64) * (predicted + 1) + marked[lit]
    together = np.bincount(pairs, minlength=(lesions + 1) * (predicted + 1))
    together = together.reshape(lesions + 1, predicted + 1)
    sizes = together.sum(1)[1:, None] + together.sum(0)[None, 1:]
    shared = together[1:, 1:]
    ratio: np.ndarray = shared / (sizes - shared)
    return ratio


def _centroid_inside(
    drawn: Int[np.ndarray, "y x"], lesions: int, marked: Int[np.ndarray, "y x"], predicted: int
) -> Bool[np.ndarray, "lesion prediction"]:
    inside = np.zeros((lesions, predicted), bool)
    centroids = ndimage.center_of_mass(marked > 0, marked, range(1, predicted + 1))
    for column, (y, x) in enumerate(centroids):
        lesion = drawn[round(float(y)), round(float(x))]
        if lesion:
            inside[lesion - 1, column] = True
    return inside
