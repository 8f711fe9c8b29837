"""An MSA-Net-style network: the U-Net with blocks that look at several scales."""

from collections.abc import Sequence
from functools import partial

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.nn.conv import ConvBlock, Norm
from mmseg_bone.nn.decoder import Decoder, Fuse, unchanged
from mmseg_bone.nn.encoder import Encoder
from mmseg_bone.nn.multiscale import (
    CascadedDilation,
    MultiScaleExtraction,
    PyramidPooling,
    ResidualMultiScale,
)
from mmseg_bone.nn.network import Side
from mmseg_bone.nn.views import Arrangement

_SIDES = {1: 0.5, 2: 0.25, 3: 0.125}  # weight of the side head of each decoder level


class MSANet(EncoderDecoder):
    """MSA-Net-style: each of its blocks can be left out, and without all it is the U-Net.

    Which blocks there are is from the paper. Where they sit, their widths and the weights of
    the side heads are our choice: the paper's are not known to us, and its scores are not
    those of this network. The critic is the task's, see ``tasks.adversarial``.

    With all switches off the weights are those of a ``UNet`` built from the same seed, and
    so is the answer, bit for bit.

    Source: Wu et al. 2025, https://doi.org/10.1186/s40658-025-00785-w; the blocks, see
    ``nn.multiscale``; side heads that learn along, Lee et al. 2015,
    https://arxiv.org/abs/1409.5185.

    Args:
        residual: Residual multi-scale blocks for all convolutions of encoder and decoder.
        extraction: Multi-scale feature extraction on the skip connections.
        dilation: Cascaded dilated convolutions at the coarsest level.
        pyramid: Pyramid pooling there, after them.
        deep_supervision: Side heads at 1/2, 1/4 and 1/8 of the resolution, as far as those
            are between the finest level and the coarsest, with weights 1/2, 1/4 and 1/8 in
            training.
        base_channels: See ``EncoderDecoder``.
        depth: The same.
        norm: ``instance``, ``batch`` or ``group``.
        views: See ``EncoderDecoder``.
        coordinates: The same.
        patch: The same.
    """

    def __init__(
        self,
        residual: bool = True,
        extraction: bool = True,
        dilation: bool = True,
        pyramid: bool = True,
        deep_supervision: bool = True,
        *,
        base_channels: int = 32,
        depth: int = 5,
        norm: Norm = "instance",
        views: Arrangement = "shared",
        coordinates: bool = True,
        patch: int = 1,
    ) -> None:
        block = ResidualMultiScale if residual else ConvBlock
        wanted = [(CascadedDilation, dilation), (PyramidPooling, pyramid)]
        coarsest = [partial(part, norm=norm) for part, on in wanted if on]
        skip = partial(MultiScaleExtraction, norm=norm) if extraction else None
        super().__init__(
            partial(Encoder, norm=norm, block=block, coarsest=coarsest),
            partial(Decoder, norm=norm, block=block, skip=skip),
            base_channels,
            depth,
            views,
            coordinates,
            patch,
        )
        between = list(self.widths)[1:-1]
        levels = [level for level in _SIDES if deep_supervision and level in between]
        self.sides = nn.ModuleDict({str(i): self.make_head(self.widths[i]) for i in levels})
        self.sides.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def with_sides(
        self,
        image: Float[Tensor, "b v h w"],
        views: Bool[Tensor, "b v"] | None = None,
        *,
        fuse: Fuse = unchanged,
    ) -> tuple[Float[Tensor, "b v h w"], Sequence[Side]]:
        """Logits, and those of the side heads; see ``forward`` for the arguments."""
        sides: list[Side] = []

        def watched(level: int, features: Tensor) -> Tensor:
            features = fuse(level, features)
            if str(level) in self.sides:
                logits = self.layout.restore(self.sides[str(level)](features))
                sides.append(Side(logits, _SIDES[level]))
            return features

        logits: Tensor = self(image, views, fuse=watched)
        return logits, sides
