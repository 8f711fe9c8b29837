"""A U-Net over the two views of a bone scan: the text-free system."""

from functools import partial

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.nn.conv import Norm
from mmseg_bone.nn.decoder import Decoder
from mmseg_bone.nn.encoder import Encoder
from mmseg_bone.nn.views import Arrangement


class UNet(EncoderDecoder):
    """The plain U-Net, which the other networks are compared with and built from.

    Source: Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597; see ``nn.conv`` and
    ``nn.decoder`` for how we differ.

    Args:
        base_channels: See ``EncoderDecoder``.
        depth: The same.
        norm: ``instance``, ``batch`` or ``group``.
        views: See ``EncoderDecoder``.
        coordinates: The same.
        patch: The same.
    """

    def __init__(
        self,
        base_channels: int = 32,
        depth: int = 5,
        norm: Norm = "instance",
        views: Arrangement = "shared",
        coordinates: bool = True,
        patch: int = 1,
    ) -> None:
        super().__init__(
            partial(Encoder, norm=norm),
            partial(Decoder, norm=norm),
            base_channels,
            depth,
            views,
            coordinates,
            patch,
        )
