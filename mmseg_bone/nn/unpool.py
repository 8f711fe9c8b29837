"""An encoder that remembers where each maximum was, and a decoder that puts it back there."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.conv import ConvBlock, Norm
from mmseg_bone.nn.decoder import Fuse, unchanged
from mmseg_bone.nn.pointwise import Pointwise


def pool(
    features: Float[Tensor, "n c h w"],
) -> tuple[Float[Tensor, "n c i j"], UInt8[Tensor, "n c i j"]]:
    """Maximum of each 2×2 window, and which of its pixels that was, row by row from 0 to 3."""
    images, channels, height, width = features.shape
    windows = functional.pixel_unshuffle(features, 2)
    largest, place = windows.reshape(images, channels, 4, height // 2, width // 2).max(dim=2)
    return largest, place.to(torch.uint8)


def unpool(
    features: Float[Tensor, "n c i j"], place: UInt8[Tensor, "n c i j"]
) -> Float[Tensor, "n c h w"]:
    """Each value at its place of a 2×2 window, zeros at the other three.

    ``torch.nn.functional.max_unpool2d`` does the same, but not where torch is told to be
    deterministic.
    """
    windows = torch.stack([features * (place == which) for which in range(4)], dim=2)
    return functional.pixel_shuffle(windows.flatten(1, 2), 2)


class PlaceEncoder(nn.Module):
    """Convolve, halve by the maximum, remember where it was.

    Args:
        channels_in: Channels of the image.
        widths: Channels of each level, finest first.
        norm: Between the convolutions.
    """

    def __init__(self, channels_in: int, widths: Sequence[int], norm: Norm = "instance") -> None:
        super().__init__()
        before = (channels_in, *widths[:-1])
        self.levels = nn.ModuleList(
            ConvBlock(a, b, norm) for a, b in zip(before, widths, strict=True)
        )

    def forward(
        self, image: Float[Tensor, "n c h w"]
    ) -> tuple[Float[Tensor, "n _ _ _"], list[UInt8[Tensor, "n _ _ _"]]]:
        """Features of the coarsest level, and the places of the maxima, finest first."""
        features, places = self.levels[0](image), []
        for level in self.levels[1:]:
            features, place = pool(features)
            places.append(place)
            features = level(features)
        return features, places


class PlaceDecoder(nn.Module):
    """Put each value back where its maximum was, and convolve the zeros away.

    Args:
        widths: Channels of each level of the encoder, finest first.
        norm: Between the convolutions.
    """

    def __init__(self, widths: Sequence[int], norm: Norm = "instance") -> None:
        super().__init__()
        steps = list(pairwise(widths))
        self.narrow = nn.ModuleList(Pointwise(b, a, bias=False) for a, b in steps)
        self.levels = nn.ModuleList(ConvBlock(a, a, norm) for a, _ in steps)

    def forward(
        self,
        encoded: tuple[Float[Tensor, "n _ _ _"], list[UInt8[Tensor, "n _ _ _"]]],
        fuse: Fuse = unchanged,
    ) -> Float[Tensor, "n c h w"]:
        """Features of the finest level; ``fuse`` is that of ``nn.decoder``."""
        features, places = encoded
        here = fuse(len(self.levels), features)
        for level in reversed(range(len(self.levels))):
            here = unpool(self.narrow[level](here), places[level])
            here = fuse(level, self.levels[level](here))
        return here
