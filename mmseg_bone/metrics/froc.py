"""Lesions found against lesions made up, over every threshold: the FROC curve."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from mmseg_bone.imaging.lesions import box_of, drop_small
from mmseg_bone.metrics.lesion import HitRule, detect

# Even in logits, with 0.5 among them, and far towards 1: networks are sure of themselves, and of
# what is no lesion too.
THRESHOLDS: tuple[float, ...] = tuple(
    float(p) for p in np.round(1 / (1 + np.exp(-np.linspace(-6, 12, 37))), 7)
)
RATES = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0)  # false positives per scan


def sweep(
    probability: Float[np.ndarray, "y x"],
    reference: Bool[np.ndarray, "y x"],
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    rule: HitRule = "iou",
    smallest_iou: float = 0.1,
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    smallest_mm2: float = 0.0,
) -> Int[np.ndarray, "threshold 2"]:
    """Hits and false positives of one view at each threshold.

    The probability is cut at every threshold anew, and the connected parts are matched to the
    lesions there, exactly as at the threshold of the masks. So a curve is of masks that one
    could have asked for. (Cutting once, low, and ranking the parts by their peak is cheaper,
    but it scores outlines that no threshold would give.) Since parts merge as the threshold
    falls, hits may also fall; ``sensitivity_at`` allows for that.

    Args:
        probability: Of lesion, per pixel.
        reference: Drawn mask of the same view.
        thresholds: In rising order.
        rule: See ``detect``.
        smallest_iou: See ``detect``.
        spacing_mm: Pixel size along y and x.
        smallest_mm2: Smaller predicted parts are dropped.
    """
    found = np.zeros((len(thresholds), 2), np.int64)
    before = 0
    for at, threshold in enumerate(thresholds):
        prediction = probability >= threshold
        marked = int(np.count_nonzero(prediction))
        if not marked:
            break  # and at none above
        # Lower thresholds mark all that higher ones do: as many pixels are the same ones, and
        # there is less and less to look at.
        if marked == before:
            found[at] = found[at - 1]
            continue
        before = marked
        box = box_of(prediction | reference)
        probability, reference, prediction = probability[box], reference[box], prediction[box]
        if smallest_mm2 > 0:
            prediction = drop_small(
                prediction[None], spacing_mm=spacing_mm, smallest_mm2=smallest_mm2
            )[0]
        seen = detect(prediction, reference, rule=rule, smallest_iou=smallest_iou)
        found[at] = len(seen.hits), seen.false_positives
    return found


def sensitivity_at(
    sensitivity: Float[np.ndarray, "*draw threshold"],
    false_positives: Float[np.ndarray, "*draw threshold"],
    rates: Sequence[float] = RATES,
) -> Float[np.ndarray, "*draw rate"]:
    """The best sensitivity that can be had for at most so many false positives per scan.

    That of a threshold that was tried, not of a line drawn between two: nobody can set a
    threshold between two operating points and get the mean of both. 0 where every threshold
    gives more; nan where there is no lesion.

    Args:
        sensitivity: Share of lesions found at each threshold, in any order.
        false_positives: Mean per scan at each threshold.
        rates: False positives per scan allowed.
    """
    undefined = np.isnan(sensitivity).any(-1)
    best = [
        np.where(undefined, np.nan, np.where(false_positives <= rate, sensitivity, 0.0).max(-1))
        for rate in rates
    ]
    return np.stack(best, axis=-1)


def froc_score(sensitivities: Float[np.ndarray, "*draw rate"]) -> Float[np.ndarray, "*draw"]:
    """Mean of the sensitivities at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives per scan.

    Source: van Ginneken et al. 2010, Medical Image Analysis 14:707 (ANODE09), for whole scans.
    """
    return np.asarray(sensitivities.mean(-1))
