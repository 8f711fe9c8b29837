"""A U-Net with attention gates."""

from functools import partial

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.nn.attention import AttentionGate
from mmseg_bone.nn.conv import Norm
from mmseg_bone.nn.decoder import Decoder
from mmseg_bone.nn.encoder import Encoder
from mmseg_bone.nn.views import Arrangement


class AttentionUNet(EncoderDecoder):
    """The U-Net whose skip connections pass through a gate.

    Source: Oktay et al. 2018, https://arxiv.org/abs/1804.03999; see ``nn.attention`` for how
    we differ. Their deep supervision is left out.

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
            partial(Decoder, norm=norm, skip=AttentionGate),
            base_channels,
            depth,
            views,
            coordinates,
            patch,
        )
