"""What the side heads of a network are told."""

from collections.abc import Iterable

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional


def coarser(reference: Bool[Tensor, "b v h w"], height: int, width: int) -> Bool[Tensor, "b v _ _"]:
    """A reference of fewer, larger pixels: lesion where any of its pixels is.

    So no lesion is lost, however small; taking every second pixel would lose some.
    """
    factor = (reference.shape[2] // height, reference.shape[3] // width)
    return functional.max_pool2d(reference.float(), factor) > 0


def deeply_supervised(
    loss: nn.Module,
    logits: Float[Tensor, "b v h w"],
    sides: Iterable[tuple[Float[Tensor, "b v _ _"], float | int]],
    reference: Bool[Tensor, "b v h w"],
    views: Bool[Tensor, "b v"] | None = None,
) -> Float[Tensor, ""]:
    """Loss of the answer, and that of each side head on the reference at its resolution.

    ``L(logits) + Σ w_i L(side_i)``; without sides it is the loss itself.

    Source: Lee et al. 2015, https://arxiv.org/abs/1409.5185, eq. 3. They let the weights
    vanish in the course of training; ours stay.

    Args:
        loss: Takes logits, reference and views.
        logits: The answer.
        sides: Logits of each side head, and its weight.
        reference: At full resolution.
        views: True where a view was acquired.
    """
    total: Tensor = loss(logits, reference, views)
    for side, weight in sides:
        total = total + weight * loss(side, coarser(reference, *side.shape[2:]), views)
    return total
