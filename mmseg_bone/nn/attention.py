"""Gates that close where there is nothing to see."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.pointwise import Pointwise


class AttentionGate(nn.Module):
    """Weighs each pixel of a skip connection, from 0 to 1, by what the coarser level knows.

    ``x · up(σ(ψ(leaky(W_x x + W_g g))))`` on the grid of the coarser features ``g``, in half
    the channels of ``x``.

    Source: Oktay et al. 2018, https://arxiv.org/abs/1804.03999, sec. 3.1. They have ReLU and
    convolve once more after the gate; our next layer does.

    Args:
        channels: Of the skip connection.
        channels_coarser: Of the features at half its resolution.
    """

    def __init__(self, channels: int, channels_coarser: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.of_skip = nn.Conv2d(channels, inner, 2, stride=2, bias=False)
        self.of_coarser = Pointwise(channels_coarser, inner)
        self.weight = Pointwise(inner, 1)

    def forward(
        self, features: Float[Tensor, "n c h w"], coarser: Float[Tensor, "n d i j"]
    ) -> Float[Tensor, "n c h w"]:
        """The features, each pixel with its weight."""
        both = self.of_skip(features) + self.of_coarser(coarser)
        weight = torch.sigmoid(self.weight(functional.leaky_relu(both, 0.01)))
        return features * functional.interpolate(weight, scale_factor=2.0, mode="bilinear")
