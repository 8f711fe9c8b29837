"""The MSA-Net-style network, reading the report."""

from collections.abc import Sequence
from typing import Literal

from mmseg_bone.models.grounding import Grounding
from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.text_fused import TextFused
from mmseg_bone.nn.conv import Norm
from mmseg_bone.nn.fusion import FusionName
from mmseg_bone.nn.views import Arrangement
from mmseg_bone.text.encoder import TextEncoder


class TextMSANet(TextFused):
    """An ``MSANet`` that reads the report; see ``TextFused`` for what that means.

    Neither paper has this: Ma et al. 2024 fuse text, Wu et al. 2025 have the blocks.

    Args:
        encoder: See ``TextFused``.
        fusion: The same.
        levels: The same.
        report_dropout: The same.
        grounding: The same.
        residual: See ``MSANet``, also for the rest.
        extraction: Multi-scale feature extraction.
        dilation: Cascaded dilated convolutions.
        pyramid: Pyramid pooling.
        deep_supervision: Side heads.
        base_channels: Channels at full resolution.
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
        residual: bool = True,
        extraction: bool = True,
        dilation: bool = True,
        pyramid: bool = True,
        deep_supervision: bool = True,
        base_channels: int = 32,
        depth: int = 5,
        norm: Norm = "instance",
        views: Arrangement = "shared",
        coordinates: bool = True,
        patch: int = 1,
    ) -> None:
        unet = MSANet(
            residual,
            extraction,
            dilation,
            pyramid,
            deep_supervision,
            base_channels=base_channels,
            depth=depth,
            norm=norm,
            views=views,
            coordinates=coordinates,
            patch=patch,
        )
        super().__init__(unet, encoder, fusion, levels, report_dropout, grounding)
