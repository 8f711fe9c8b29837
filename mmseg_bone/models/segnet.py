"""SegNet over the two views of a bone scan."""

from functools import partial

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.nn.conv import Norm
from mmseg_bone.nn.unpool import PlaceDecoder, PlaceEncoder
from mmseg_bone.nn.views import Arrangement


class SegNet(EncoderDecoder):
    """The decoder is told where the maxima were, not what the encoder saw.

    Source: Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561, sec. 3. They have
    the 13 convolutions of VGG-16 and as many back; we have two at each level and the widths
    of our U-Net, so that the two differ in the skip connections only.

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
            partial(PlaceEncoder, norm=norm),
            partial(PlaceDecoder, norm=norm),
            base_channels,
            depth,
            views,
            coordinates,
            patch,
        )
