"""What all networks share that look at the image, ever coarser, and find back to the pixel."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmseg_bone.nn.decoder import Fuse, unchanged
from mmseg_bone.nn.network import Network
from mmseg_bone.nn.pointwise import Pointwise
from mmseg_bone.nn.position import coordinates
from mmseg_bone.nn.views import Arrangement, blank_missing, make_layout

_PRIOR = 0.01  # share of lesion pixels that an untrained network expects


class EncoderDecoder(Network):
    """Image in, one logit per pixel of each view out.

    Abstract: a network says which encoder and which decoder. Takes any height and width that
    are multiples of ``stride``. The posterior view is turned on the way in and back on the
    way out, so that the patient's left lies on one side, and pixels are told where they are:
    a convolution alone cannot know the left sixth rib.

    An untrained network expects lesions in 1 % of the pixels, so that the first steps are
    not spent on learning that most of a scan is no lesion (Lin et al. 2017,
    https://arxiv.org/abs/1708.02002, sec. 4.1).

    Attributes:
        widths: Channels of each level of resolution that the decoder has, by its number: 0 is the
            image's own, 1 the half of it, and so on.

    Args:
        make_encoder: Given the channels of the image and of each level. What it makes gives
            something to the decoder.
        make_decoder: Given the channels of each level. What it makes is called with what the
            encoder gave and with ``fuse``, and gives features of the finest level.
        base_channels: Channels at the finest level; doubled at each level.
        depth: Levels of resolution; the coarsest is ``1 / 2^(depth-1)`` of the finest.
        views: ``shared``, the same weights see each view, ``paired``, with the other one beside
            it, or ``stacked``, the conjugate views are channels of one image.
        coordinates: Tell each pixel where it is.
        patch: Side of the patches of pixels that are one pixel to the network, a power of 2; see
            ``nn.views.Patches``. With 2 the finest level is that of half the resolution.

    Raises:
        ValueError: ``patch`` is no power of 2.
    """

    def __init__(
        self,
        make_encoder: Callable[[int, tuple[int, ...]], nn.Module],
        make_decoder: Callable[[tuple[int, ...]], nn.Module],
        base_channels: int,
        depth: int,
        views: Arrangement,
        coordinates: bool,
        patch: int,
    ) -> None:
        super().__init__()
        if patch < 1 or patch & (patch - 1):
            raise ValueError(f"patch={patch}: expected a power of 2, such as 1, 2 or 4")
        self.layout = make_layout(views, patch)
        self.coordinates = coordinates
        self.stride = patch * 2 ** (depth - 1)
        self.finest = patch.bit_length() - 1
        widths = tuple(base_channels * 2**level for level in range(depth))
        self.widths = dict(enumerate(widths, self.finest))
        self.encoder = make_encoder(self.layout.channels_in + 2 * coordinates, widths)
        self.decoder = make_decoder(widths)
        self.head = self.make_head(base_channels)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def make_head(self, channels: int) -> nn.Conv2d:
        """Features to logits, at first those of a scan with few lesions."""
        head = Pointwise(channels, self.layout.channels_out)
        nn.init.constant_(head.bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]
        return head

    def forward(
        self,
        image: Float[Tensor, "b v h w"],
        views: Bool[Tensor, "b v"] | None = None,
        *,
        fuse: Fuse = unchanged,
    ) -> Float[Tensor, "b v h w"]:
        """Logits of every view.

        Args:
            image: Anterior and posterior view.
            views: True where a view was acquired; the pixels of the others are not read.
            fuse: What else comes in, level by level of resolution.
        """
        pixels = self.layout.lay_out(blank_missing(image, views))
        if self.coordinates:
            pixels = torch.cat([pixels, coordinates(pixels)], dim=1)
        features = self.encoder(pixels.contiguous(memory_format=torch.channels_last))
        logits: Tensor = self.head(self.decoder(features, self._by_resolution(fuse)))
        return self.layout.restore(logits)

    def _by_resolution(self, fuse: Fuse) -> Fuse:
        """For the decoder, which counts its levels from its own finest."""
        return lambda level, features: fuse(level + self.finest, features)
