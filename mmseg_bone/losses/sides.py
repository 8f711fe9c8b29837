"""What the side heads of a network are told."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.anatomy import UNKNOWN


def coarser(reference: Bool[Tensor, "b v h w"], height: int, width: int) -> Bool[Tensor, "b v _ _"]:
    """A reference of fewer, larger pixels: lesion where any of its pixels is.

    So no lesion is lost, however small; taking every second pixel would lose some.
    """
    factor = (reference.shape[2] // height, reference.shape[3] // width)
    return functional.max_pool2d(reference.float(), factor) > 0


def bone_loss(
    logits: Float[Tensor, "b v label _ _"],
    bones: UInt8[Tensor, "b v h w"],
    views: Bool[Tensor, "b v"],
) -> Float[Tensor, ""]:
    """Cross-entropy of bone labels, over the pixels whose label is known.

    A large pixel is judged by the label at its middle. It is 0 where no label is known.

    Args:
        logits: Of every label; height and width a whole part of those of ``bones``.
        bones: Labels, ``UNKNOWN`` where nobody knows.
        views: True where a view was acquired.
    """
    down, across = (bones.shape[2] // logits.shape[3], bones.shape[3] // logits.shape[4])
    label = bones[:, :, down // 2 :: down, across // 2 :: across].long()
    label = label.masked_fill(~views[:, :, None, None], UNKNOWN)
    known = (label != UNKNOWN).sum().clamp(min=1)
    # A row per pixel: for images, CUDA has no deterministic kernel.
    rows = logits.movedim(2, -1).flatten(0, 3).float()
    total: Tensor = functional.cross_entropy(
        rows, label.flatten(), ignore_index=UNKNOWN, reduction="sum"
    )
    return total / known


def evidence_loss(
    logits: Float[Tensor, "b label said"],
    evidence: Float[Tensor, "b label said"],
    told: Bool[Tensor, " b"],
) -> Float[Tensor, ""]:
    """Cross-entropy of what is said of each bone, per thing that is said.

    Of the hundreds of things that could be said few are, and a mean over all of them would
    teach next to nothing. Studies of whose report nothing is known are left out.
    """
    cells: Tensor = functional.binary_cross_entropy_with_logits(
        logits.float(), evidence, reduction="none"
    )
    known = told[:, None, None]
    return (cells * known).sum() / (evidence * known).sum().clamp(min=1)


_JUDGED: dict[str, Callable[[Tensor, Mapping[str, Any]], Tensor]] = {
    "bones": lambda logits, batch: bone_loss(logits, batch["bones"], batch["views"]),
    "evidence": lambda logits, batch: evidence_loss(logits, batch["evidence"], batch["told"]),
}


def deeply_supervised(
    loss: nn.Module,
    logits: Float[Tensor, "b v h w"],
    sides: Iterable[tuple[Tensor, float | int, str]],
    batch: Mapping[str, Any],
) -> Float[Tensor, ""]:
    """Loss of the answer, and that of each side head on what it learns.

    ``L(logits) + Σ w_i L_i(side_i)``; without sides it is the loss itself. A side that learns
    the mask has the loss of the answer, on the reference at its resolution; one of bones or
    of evidence has its own.

    Source: Lee et al. 2015, https://arxiv.org/abs/1409.5185, eq. 3. They let the weights
    vanish in the course of training; ours stay.

    Args:
        loss: Takes logits, reference and views.
        logits: The answer.
        sides: Logits of each side head, its weight, and the key of the batch it learns.
        batch: Holds ``mask`` at full resolution, ``views`` and whatever else is learnt.
    """
    mask, views = batch["mask"], batch["views"]
    total: Tensor = loss(logits, mask, views)
    for side, weight, learns in sides:
        if learns == "mask":
            of_side = loss(side, coarser(mask, *side.shape[2:]), views)
        else:
            of_side = _JUDGED[learns](side, batch)
        total = total + weight * of_side
    return total
