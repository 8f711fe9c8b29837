"""A U-Net of residual blocks."""

from functools import partial

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.nn.conv import Norm, ResidualBlock
from mmseg_bone.nn.decoder import Decoder
from mmseg_bone.nn.encoder import Encoder
from mmseg_bone.nn.views import Arrangement


class ResUNet(EncoderDecoder):
    """The U-Net whose convolutions, on the way down and up, have a shortcut.

    Source: U-Net-Res of Lin et al. 2020, https://doi.org/10.1371/journal.pone.0243253.
    Channels and the order of layers are not known to us: those of our U-Net, and the block
    of He et al. 2016, see ``nn.conv.ResidualBlock``. They segment crops of the thorax; this
    takes any size.

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
            partial(Encoder, norm=norm, block=ResidualBlock),
            partial(Decoder, norm=norm, block=ResidualBlock),
            base_channels,
            depth,
            views,
            coordinates,
            patch,
        )
