"""How much of the skeleton is diseased, and how well two ways of measuring it agree."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import stats

from mmseg_bone.anatomy import BONES, skeletal_mass


class BoneScanIndex(NamedTuple):
    """The planar bone scan index of a study.

    Attributes:
        percent: Of the skeleton's mass that is involved; nan if no bone is seen.
        visible_percent: Of the skeleton's mass that is seen in any view. Bones out of sight
            count as free, so the index of half a skeleton is at most this.
    """

    percent: float
    visible_percent: float


def bone_scan_index(
    mask: Bool[np.ndarray, "view y x"], bones: UInt8[np.ndarray, "view y x"]
) -> BoneScanIndex:
    """Weigh the involved share of each bone by the bone's share of the skeleton.

    The involved share is one of areas, since a planar view knows no volumes: of a bone's
    pixels those that are lesion, in each view that shows the bone, averaged over those views.
    Lesion pixels beside all bones count nothing. A whole skeleton of lesion is 100 %, though
    the weights as printed add up to 100.1.

    Args:
        mask: True on lesions.
        bones: Label of the bone seen at each pixel, 0 for none; see ``anatomy.BONES``.

    Source: Imbriaco et al. 1998, Clin Cancer Res 4:1765; area for volume is our choice.
    """
    weights = skeletal_mass()
    labels = len(BONES) + 1
    area = np.stack([np.bincount(view[view > 0], minlength=labels) for view in bones])
    involved = np.stack(
        [
            np.bincount(view[lesion & (view > 0)], minlength=labels)
            for view, lesion in zip(bones, mask, strict=True)
        ]
    )
    seen = area > 0
    share = np.where(seen, involved, 0) / np.maximum(area, 1)
    share = share.sum(0) / np.maximum(seen.sum(0), 1)
    weight = np.array([0.0, *(weights[bone.name] for bone in BONES)]) / sum(weights.values())
    visible = float(100 * weight[seen.any(0)].sum())
    return BoneScanIndex(float(100 * weight @ share) if visible else float("nan"), visible)


class Limits(NamedTuple):
    """How far one way of measuring lies from another.

    Attributes:
        bias: Mean difference.
        low: Lower limit of agreement: 95 % of differences lie between this and the next, if
            they are normally distributed.
        high: Upper limit of agreement.
    """

    bias: float
    low: float
    high: float


def bland_altman(measured: Float[np.ndarray, " n"], true: Float[np.ndarray, " n"]) -> Limits:
    """Bias and 95 % limits of agreement of ``measured - true``.

    The limits are nan for fewer than two pairs, and all is nan for none.

    Source: Bland & Altman 1986, Lancet 327:307.
    """
    difference = measured - true
    if not len(difference):
        return Limits(float("nan"), float("nan"), float("nan"))
    bias = float(difference.mean())
    spread = 1.96 * float(difference.std(ddof=1)) if len(difference) > 1 else float("nan")
    return Limits(bias, bias - spread, bias + spread)


def spearman(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"]) -> float:
    """Correlation of ranks, ties at their mean; nan if either does not vary.

    Source: Spearman 1904, American Journal of Psychology 15:72.
    """
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    ranks_a, ranks_b = stats.rankdata(a), stats.rankdata(b)
    return float(np.corrcoef(ranks_a, ranks_b)[0, 1])
