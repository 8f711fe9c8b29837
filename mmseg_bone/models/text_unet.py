"""A U-Net whose decoder reads the report: the text-fused system."""

from collections.abc import Sequence
from typing import Literal

from mmseg_bone.models.grounding import Grounding
from mmseg_bone.models.text_fused import TextFused
from mmseg_bone.models.unet import UNet
from mmseg_bone.nn.conv import Norm
from mmseg_bone.nn.fusion import FusionName
from mmseg_bone.nn.views import Arrangement
from mmseg_bone.text.encoder import TextEncoder


class TextUNet(TextFused):
    """A ``UNet`` that reads the report; see ``TextFused`` for what that means.

    Source: Ma et al. 2024, https://doi.org/10.2174/0115734056324977240911073841.

    Args:
        encoder: See ``TextFused``.
        fusion: The same.
        levels: The same.
        report_dropout: The same.
        grounding: The same.
        base_channels: See ``UNet``, also for the rest.
        depth: Levels of resolution.
        norm: Between convolutions.
        views: ``shared``, ``paired`` or ``stacked``.
        coordinates: Tell each pixel where it is.
        patch: Side of what is one pixel to the network.
    """

    def __init__(
        self,
        encoder: TextEncoder | None,
        fusion: FusionName | Literal["none"] = "cross_attention",
        levels: Sequence[int] | None = None,
        report_dropout: float | int = 0.1,
        grounding: Grounding | None = None,
        *,
        base_channels: int = 32,
        depth: int = 5,
        norm: Norm = "instance",
        views: Arrangement = "shared",
        coordinates: bool = True,
        patch: int = 1,
    ) -> None:
        unet = UNet(base_channels, depth, norm, views, coordinates, patch)
        super().__init__(unet, encoder, fusion, levels, report_dropout, grounding)
