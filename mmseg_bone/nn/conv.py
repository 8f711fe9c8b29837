"""Convolutions, and the norms between them."""

from collections.abc import Callable
from itertools import zip_longest
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.instance_norm import instance_norm
from mmseg_bone.nn.pointwise import Pointwise

Norm = Literal["instance", "batch", "group"]
Block = Callable[[int, int, Norm], nn.Module]
"""Makes the convolutions of a level, given channels in, channels out and a norm."""


class InstanceNorm(nn.Module):
    """Each channel of each image to mean 0 and variance 1, then scaled and shifted.

    The same as ``nn.InstanceNorm2d(affine=True)``, but it keeps ``channels_last``: on a CPU
    torch's own copies to another layout and takes three times as long. An image of one pixel
    has no variance and is only scaled and shifted.

    Source: Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022, eq. 2.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(
        self, features: Float[Tensor, "n c h w"], slope: float | int | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Normalise every image by itself.

        Args:
            features: Of images.
            slope: Of a leaky ReLU that comes after the norm, and costs less in one with it.
        """
        if features.device.type == "cpu" and features[0, 0].numel() > 1:
            return instance_norm(features, self.weight, self.bias, self.eps, slope)
        if features[0, 0].numel() == 1:
            features = features * self.weight[:, None, None] + self.bias[:, None, None]
        else:
            features = functional.instance_norm(
                features, weight=self.weight, bias=self.bias, eps=self.eps
            )
        return features if slope is None else functional.leaky_relu_(features, slope)


class Layers(nn.Sequential):
    """Layers one after the other, an instance norm in one with the leaky ReLU after it."""

    def forward(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n _ h w"]:
        """What the last layer gives."""
        done: nn.Module | None = None
        for layer, after in zip_longest(self, list(self)[1:]):
            if layer is done:
                continue
            if isinstance(layer, InstanceNorm) and isinstance(after, nn.LeakyReLU):
                features, done = layer(features, after.negative_slope), after
            else:
                features = layer(features)
        return features


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """The norm of that name; group norm has groups of eight channels or fewer."""
    if norm == "instance":
        return InstanceNorm(channels)
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    groups = next(g for g in range(max(1, channels // 8), 0, -1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


class ConvBlock(Layers):
    """Twice: 3×3 convolution, norm, leaky ReLU (slope 0.01).

    The convolutions have no bias: the norm would take it away again.

    Source: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597, sec. 2; norm and leaky
    ReLU as Isensee et al. 2021, https://doi.org/10.1038/s41592-020-01008-z. They pad nothing
    or stride; we pad by one and pool.
    """

    def __init__(self, channels_in: int, channels_out: int, norm: Norm = "instance") -> None:
        parts: list[nn.Module] = []
        for channels in (channels_in, channels_out):
            parts += [
                nn.Conv2d(channels, channels_out, 3, padding=1, bias=False),
                make_norm(norm, channels_out),
                nn.LeakyReLU(0.01, inplace=True),
            ]
        super().__init__(*parts)


class ResidualBlock(nn.Module):
    """A ``ConvBlock`` that adds what it makes to what it was given.

    The last leaky ReLU comes after the sum. What was given goes through a 1×1 convolution
    and a norm where the number of channels changes.

    Source: He et al. 2016, https://arxiv.org/abs/1512.03385, sec. 3.2; in a U-Net for bone
    scans, Lin et al. 2020, https://doi.org/10.1371/journal.pone.0243253. Their order of
    layers is unknown to us.
    """

    def __init__(self, channels_in: int, channels_out: int, norm: Norm = "instance") -> None:
        super().__init__()
        *change, self.last = ConvBlock(channels_in, channels_out, norm)
        self.change = Layers(*change)
        self.shortcut = make_shortcut(channels_in, channels_out, norm)

    def forward(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n _ h w"]:
        """``leaky(change(x) + x)``."""
        summed: Tensor = self.last(self.change(features) + self.shortcut(features))
        return summed


def make_shortcut(channels_in: int, channels_out: int, norm: Norm) -> nn.Module:
    """Lets features through, as many channels as are needed."""
    if channels_in == channels_out:
        return nn.Identity()
    # Without the norm features grow from block to block.
    return nn.Sequential(
        Pointwise(channels_in, channels_out, bias=False), make_norm(norm, channels_out)
    )
