"""The half of a U-Net that finds its way back to the pixel."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmseg_bone.nn.conv import Block, ConvBlock, Norm
from mmseg_bone.nn.pointwise import Pointwise, double

Fuse = Callable[[int, Tensor], Tensor]
"""Changes the features of a decoder level, given the number of the level."""


def unchanged(level: int, features: Tensor) -> Tensor:
    """Fuse nothing."""
    return features


class Decoder(nn.Module):
    """Double, set beside what the encoder saw at that level, convolve.

    Something else than the image may come in at each level, coarsest first: ``fuse`` is
    handed the features of every level, the coarsest being the encoder's last.

    Source: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597, sec. 2. They double by
    a transposed convolution; we by a 1×1 convolution and repetition, which costs less.

    Args:
        widths: Channels of each level of the encoder, finest first.
        norm: Between the convolutions.
        block: Makes the convolutions of a level.
        skip: Makes what changes the encoder's features of a level before they are set
            beside, given the channels of that level and of the next coarser one. It is
            called with the features of both. None leaves them as they are.
    """

    def __init__(
        self,
        widths: Sequence[int],
        norm: Norm = "instance",
        block: Block = ConvBlock,
        skip: Callable[[int, int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        steps = list(pairwise(widths))
        self.narrow = nn.ModuleList(Pointwise(b, a, bias=False) for a, b in steps)
        self.levels = nn.ModuleList(block(2 * a, a, norm) for a, _ in steps)
        self.skips = nn.ModuleList(skip(a, b) for a, b in steps) if skip else None

    def forward(
        self, features: Sequence[Float[Tensor, "n _ _ _"]], fuse: Fuse = unchanged
    ) -> Float[Tensor, "n c h w"]:
        """Features of the finest level."""
        here = fuse(len(self.levels), features[-1])
        for level in reversed(range(len(self.levels))):
            beside = self.skips[level](features[level], here) if self.skips else features[level]
            doubled = double(self.narrow[level](here))
            here = fuse(level, self.levels[level](torch.cat([beside, doubled], dim=1)))
        return here
