"""Decision curves: what acting on a probability is worth, in true positives."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Num

THRESHOLDS = tuple(float(t) for t in np.round(np.arange(0.05, 1.0, 0.05), 2))


def net_benefit(
    probability: Float[np.ndarray, " scan"],
    positive: Bool[np.ndarray, " scan"],
    thresholds: Sequence[float] = THRESHOLDS,
) -> Float[np.ndarray, " threshold"]:
    """True positives per scan, less the false ones at the price that the threshold implies.

    Whoever acts from a probability ``t`` on holds a false alarm for ``t / (1 - t)`` times as
    bad as a finding is good. A perfect model is worth the prevalence at every threshold;
    acting on nobody is worth 0. The probabilities have to be calibrated for a threshold to
    mean what it says.

    Args:
        probability: That a scan is positive; acted on from the threshold on, inclusive.
        positive: Whether it is.
        thresholds: From 0 to below 1.

    Source: Vickers & Elkin 2006, Medical Decision Making 26:565.
    """
    acted = probability[:, None] >= np.asarray(thresholds)
    true, false = acted[positive].sum(0), acted[~positive].sum(0)
    return worth(true, false, np.asarray(len(probability)), thresholds)


def treat_all(
    prevalence: float, thresholds: Sequence[float] = THRESHOLDS
) -> Float[np.ndarray, " threshold"]:
    """What acting on every scan is worth."""
    return worth(np.asarray(prevalence), np.asarray(1 - prevalence), np.asarray(1.0), thresholds)


def worth(
    true: Num[np.ndarray, "*draw"],
    false: Num[np.ndarray, "*draw"],
    scans: Num[np.ndarray, "*#draw"],
    thresholds: Sequence[float],
) -> Float[np.ndarray, "*draw2"]:
    """Net benefit from the numbers of true and false positives; nan without scans."""
    odds = np.asarray(thresholds) / (1 - np.asarray(thresholds))
    gain = np.asarray(true - false * odds, float)
    result = np.full(gain.shape, np.nan)
    np.divide(gain, scans, out=result, where=np.broadcast_to(scans > 0, gain.shape))
    return result
