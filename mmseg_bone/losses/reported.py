"""What a report teaches of a scan that nobody drew on: where lesions may be, and where not.

A report names bones. On those that it suspects there is a lesion, nobody says where; on all others,
and beside the bones, there is none. Where the bones are comes from outside, such as an atlas.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

_LEAST = -12.0  # logarithm of a probability that is as good as none
_TINY = 1e-9


def outside(
    logits: Float[Tensor, "b v h w"], allowed: Float[Tensor, "b v h w"]
) -> Float[Tensor, " b"]:
    """Marks where the report leaves no room for a lesion, per study.

    ``m / (m + 1) + Σ n softplus(logit) / Σ n`` with ``n = 1 - allowed`` and ``m = Σ n p``: what
    ``DiceCrossEntropy`` makes of a scan without a lesion, on the pixels that are none for certain.
    """
    none = (1 - allowed).flatten(1)
    marked = (logits.sigmoid().flatten(1) * none).sum(1)
    entropy = (functional.softplus(logits).flatten(1) * none).sum(1)
    return marked / (marked + 1) + entropy / none.sum(1).clamp(min=1)


def unfound(
    logits: Float[Tensor, "b v h w"],
    rooms: Float[Tensor, "b v label _ _"],
    suspected: Bool[Tensor, "b label"],
) -> Float[Tensor, " b"]:
    """``-log`` of the highest probability on each suspected bone, averaged over these, per study.

    One pixel is enough, in either view; which one is for the network to say. 0 for a study without
    a suspected bone.

    Source: a bag is positive if one of its members is, Maron and Lozano-Pérez, NIPS 1997,
    https://papers.nips.cc/paper_files/paper/1997/hash/82965d4ed8150294d4330ace00821d77-Abstract.html;
    here with the largest probability for that of the bag.

    Args:
        logits: Of every view; ``-inf`` where there is none.
        rooms: How far each block of pixels may be of each bone, from 0 to 1. The last blocks may
            reach beyond the image.
        suspected: Bones that have a lesion.
    """
    block = _block(logits, rooms)
    below, right = (
        blocks * block - size
        for blocks, size in zip(rooms.shape[-2:], logits.shape[-2:], strict=True)
    )
    padded = functional.pad(logits, (0, right, 0, below), value=-torch.inf)
    highest = functional.logsigmoid(functional.max_pool2d(padded, block))
    study, bone = suspected.nonzero(as_tuple=True)
    best = ((rooms[study, :, bone] + _TINY).log() + highest[study]).flatten(1).amax(1)
    lacking = torch.zeros(len(logits), device=logits.device)
    lacking = lacking.index_add(0, study, -best.clamp(min=_LEAST))
    return lacking / suspected.sum(1).clamp(min=1)


class ReportedBones(nn.Module):
    """``a · outside + b · unfound``, averaged over studies whose report can be read.

    Args:
        outside: Weight ``a``.
        unfound: Weight ``b``.
        least_share: A block may be of a bone to the full where the bone has at least this share of
            it, and less so in proportion.
    """

    def __init__(
        self,
        outside: float | int = 0.1,
        unfound: float | int = 0.05,
        least_share: float | int = 0.1,
    ) -> None:
        super().__init__()
        self.outside, self.unfound, self.least_share = outside, unfound, least_share

    def forward(
        self,
        logits: Float[Tensor, "b v h w"],
        bones: Float[Tensor, "b v label _ _"],
        possible: Bool[Tensor, "b label"],
        suspected: Bool[Tensor, "b label"],
        told: Bool[Tensor, " b"],
        views: Bool[Tensor, "b v"] | None = None,
    ) -> Float[Tensor, ""]:
        """Score logits by what the reports say of bones; 0 if none can be read.

        Args:
            logits: Of every view.
            bones: Share of each bone in blocks of pixels.
            possible: Bones that may have a lesion.
            suspected: Bones that have one.
            told: True where there is a report to go by.
            views: True where a view was acquired.
        """
        with torch.autocast(logits.device.type, enabled=False):
            logits = logits.float()
            if views is not None:
                logits = logits.masked_fill(~views[:, :, None, None], -torch.inf)
            rooms = (bones.float() / self.least_share).clamp(max=1)
            of_possible = (rooms * possible[:, None, :, None, None]).amax(2)
            scale = float(_block(logits, of_possible))
            allowed = functional.interpolate(of_possible, scale_factor=scale)
            allowed = allowed[..., : logits.shape[-2], : logits.shape[-1]]
            each = self.outside * outside(logits, allowed)
            each = each + self.unfound * unfound(logits, rooms, suspected)
            return each.masked_fill(~told, 0.0).sum() / told.sum().clamp(min=1)


def _block(pixels: Tensor, blocks: Tensor) -> int:
    """Side of the blocks; of a few pixels, an axis may seem to have smaller ones than there are."""
    sizes = zip(pixels.shape[-2:], blocks.shape[-2:], strict=True)
    return max(-(-size // count) for size, count in sizes)
