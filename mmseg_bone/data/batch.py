"""What a step of training sees: the keys, and the shapes behind them."""

from typing import TypedDict

from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor


class Batch(TypedDict, total=False):
    """Studies side by side.

    Views are always both, anterior then posterior, so that shapes agree; ``views`` says
    which of them were acquired. A missing one is zeros in ``image`` and is left out of
    losses and scores.

    Studies nobody drew on have a ``mask`` of zeros, and are no negatives. ``drawn`` tells them
    apart; it is there only if the batch has such a study.

    What a network is to learn beside the mask (``bones``, ``evidence``) is left out of losses
    where it is not known.

    ``h`` and ``w`` are those of the largest image of the batch, rounded up to the network's
    stride; ``size`` is what each study has of them, from the top left.
    """

    id: list[str]
    image: Float[Tensor, "b v h w"]  # in [0, 1]
    mask: Bool[Tensor, "b v h w"]
    drawn: Bool[Tensor, " b"]  # True where somebody drew a mask
    views: Bool[Tensor, "b v"]  # True where the view was acquired
    size: Int[Tensor, "b 2"]  # height and width before padding
    tokens: Int[Tensor, "b t"]
    token_mask: Bool[Tensor, "b t"]  # True on tokens, False on padding
    evidence: Float[Tensor, "b label said"]  # see text.site_evidence
    told: Bool[Tensor, " b"]  # True where there was a report to take evidence from
    body: Float[Tensor, "b v 2 _ _"]  # place on the body, see imaging.body_frame
    bones: UInt8[Tensor, "b v h w"]  # label of the bone; anatomy.UNKNOWN: not known
