"""Words into pixels: three ways for a feature map to read a report.

All start out changing nothing: their last layer is zero, so a network with fusion begins
equal to the network without. All leave a study without a report as it is, and never read
padding. Images are ordered study by study; the images of a study read the same report.
"""

from abc import ABC, abstractmethod
from math import gcd
from typing import Literal, TypeVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.pointwise import Pointwise, double
from mmseg_bone.nn.position import coordinates, waves

WordFusion = Literal["concat", "film", "cross_attention"]  # of FUSIONS
FusionName = WordFusion | Literal["atlas"]  # atlas: nn/anatomy.py
_Layer = TypeVar("_Layer", nn.Linear, nn.Conv2d)
_BANDS = 6  # octaves: the finest wave is 1/32 of the body, about two ribs

Features = Float[Tensor, "n c h w"]  # of a decoder level, one image per study or more for each
Words = Float[Tensor, "b t d"]  # of the report's tokens
Readable = Bool[Tensor, "b t"]  # True on what may be read; something is in every study


class Fusion(nn.Module, ABC):
    """One decoder level's way to read a report."""

    def forward(
        self, features: Features, tokens: Words, token_mask: Bool[Tensor, "b t"]
    ) -> Features:
        """Features that have read the report.

        Args:
            features: Of one image per study, or of as many for each.
            tokens: Features of the report's tokens.
            token_mask: True on tokens, False on padding; False throughout without a report.
        """
        if tokens.shape[1] == 0:  # no study has a report, and attention wants a key
            tokens = functional.pad(tokens, (0, 0, 0, 1))
            token_mask = functional.pad(token_mask, (0, 1))
        has_report = token_mask.any(dim=1)
        tokens = tokens.masked_fill(~token_mask[..., None], 0.0)
        # Where nothing may be read, all may: attending to nothing is nan. It is dropped below.
        change = self.change(features, tokens, token_mask | ~has_report[:, None])
        change = change * per_image(has_report[:, None], features)
        block = features.shape[2] // change.shape[2]
        if block == 2:
            change = double(change)
        elif block > 1:
            change = functional.interpolate(change, scale_factor=float(block))
        fused: Tensor = features + change
        return fused

    @abstractmethod
    def change(
        self, features: Features, tokens: Words, readable: Readable
    ) -> Float[Tensor, "n c _ _"]:
        """What reading adds to the features, pixel by pixel or the same in square blocks."""


class ReportPooling(nn.Module):
    """One feature vector per report: a mean of its tokens, with learnt weights.

    Starts out as the plain mean.

    Source: Yang et al. 2016, https://aclanthology.org/N16-1174, eq. 5-7, without their
    hidden layer.
    """

    def __init__(self, token_width: int) -> None:
        super().__init__()
        self.weight = zeroed(nn.Linear(token_width, 1, bias=False))

    def forward(self, tokens: Words, readable: Readable) -> Float[Tensor, "b d"]:
        """Weighted mean over what is readable."""
        weight = self.weight(tokens).float().masked_fill(~readable[..., None], -torch.inf)
        pooled: Tensor = (weight.softmax(dim=1) * tokens).sum(dim=1)
        return pooled


class Concatenation(Fusion):
    """The report as further channels, the same at every pixel, through two 1×1 convolutions.

    ``x + Z leaky(W [x, s])``, with ``Z`` zero at first. A convolution of an image that is the
    same everywhere is itself the same everywhere, so ``W [x, s]`` is computed as
    ``W_x x + W_s s`` and nothing is repeated in memory.

    Source: the place, our choice; the zero start, Zhang et al. 2023,
    https://arxiv.org/abs/2302.05543, sec. 3.1.

    Args:
        channels: Of the feature map.
        token_width: Of the token features.
    """

    def __init__(self, channels: int, token_width: int) -> None:
        super().__init__()
        self.pool = ReportPooling(token_width)
        self.of_pixel = Pointwise(channels, channels)
        self.of_report = nn.Linear(token_width, channels, bias=False)
        self.out = zeroed(Pointwise(channels, channels))

    def change(self, features: Features, tokens: Words, readable: Readable) -> Features:
        """What pixel and report give together."""
        report = per_image(self.of_report(self.pool(tokens, readable)), features)
        mixed: Tensor = self.out(functional.leaky_relu(self.of_pixel(features) + report))
        return mixed


class FeatureModulation(Fusion):
    """The report scales and shifts every channel: ``x (1 + γ) + β``, FiLM.

    ``γ`` and ``β`` are linear in the pooled report and zero at first.

    Source: Perez et al. 2018, https://arxiv.org/abs/1709.07871, eq. 2.

    Args:
        channels: Of the feature map.
        token_width: Of the token features.
    """

    def __init__(self, channels: int, token_width: int) -> None:
        super().__init__()
        self.pool = ReportPooling(token_width)
        self.out = zeroed(nn.Linear(token_width, 2 * channels))

    def change(self, features: Features, tokens: Words, readable: Readable) -> Features:
        """``γ x + β``."""
        scale, shift = self.out(self.pool(tokens, readable)).chunk(2, dim=1)
        return features * per_image(scale, features) + per_image(shift, features)


class WordPixelAttention(Fusion):
    """Every pixel reads the words that concern it.

    Pixels ask, words answer: ``x + Z Attention(q(x, position), k(words), v(words))``, with
    ``Z`` zero at first. Pixels say where on the body they are, so that "left sixth rib" can
    find its place. All views of a study ask in one go; words are not repeated.

    Blocks of pixels ask as one, by their mean, and in fewer channels than the feature map
    has: what a word says of a place does not differ from a pixel to the next, and asking
    pixel by pixel costs five times as much. Where ``block`` does not divide height and
    width, the largest of its divisors that does is taken.

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, eq. 1; cross-attention to a
    report at coarse decoder levels, Zhong et al. 2023, https://arxiv.org/abs/2307.03942.

    Args:
        channels: Of the feature map.
        token_width: Of the token features.
        heads: Attention heads, fewer where they do not divide the channels they share.
        width: Channels that questions and answers have, or ``channels`` if those are fewer.
        block: Side of the blocks of pixels that ask together.
    """

    def __init__(
        self, channels: int, token_width: int, heads: int = 2, width: int = 64, block: int = 2
    ) -> None:
        super().__init__()
        self.width, self.block = min(width, channels), block
        self.heads = gcd(heads, self.width)
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, self.width)
        self.place = nn.Linear(2 + 4 * _BANDS, self.width, bias=False)
        # No bias for keys: it would add the same to all words, which softmax takes away.
        self.key = nn.Linear(token_width, self.width, bias=False)
        self.value = nn.Linear(token_width, self.width)
        self.out = zeroed(nn.Linear(self.width, channels))

    def change(
        self, features: Features, tokens: Words, readable: Readable
    ) -> Float[Tensor, "n c _ _"]:
        """What each block of pixels read."""
        block = gcd(self.block, *features.shape[2:])
        asking = functional.avg_pool2d(features, block) if block > 1 else features
        studies, (images, channels, height, width) = len(tokens), asking.shape
        at = coordinates(asking[:1].float())
        place = torch.cat([at, waves(at, _BANDS)], dim=1).flatten(2).transpose(1, 2)
        pixels = asking.flatten(2).transpose(1, 2)  # n (h w) c
        query = self.query(self.norm(pixels)) + self.place(place)
        read = functional.scaled_dot_product_attention(
            self._part(query.reshape(studies, -1, self.width)),
            self._part(self.key(tokens)),
            self._part(self.value(tokens)),
            attn_mask=readable[:, None, None],
        )
        change: Tensor = self.out(read.transpose(1, 2).reshape(images, height * width, self.width))
        return change.transpose(1, 2).reshape(images, channels, height, width)

    def _part(self, features: Float[Tensor, "b k c"]) -> Float[Tensor, "b heads k _"]:
        """Channels dealt to the heads."""
        studies, length, channels = features.shape
        return features.reshape(studies, length, self.heads, channels // self.heads).transpose(1, 2)


FUSIONS: dict[str, type[Concatenation] | type[FeatureModulation] | type[WordPixelAttention]] = {
    "concat": Concatenation,
    "film": FeatureModulation,
    "cross_attention": WordPixelAttention,
}


def zeroed(layer: _Layer) -> _Layer:
    """The layer, giving nothing until it learns to."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def per_image(
    report: Float[Tensor, "b c"] | Bool[Tensor, "b c"], features: Float[Tensor, "n _ _ _"]
) -> Float[Tensor, "n c 1 1"]:
    """A value per report and channel, for each image of the study."""
    repeated = report.repeat_interleave(len(features) // len(report), dim=0)
    return repeated[:, :, None, None].to(features.dtype)
