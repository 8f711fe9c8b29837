"""What networks share whose decoder reads the report."""

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.nn.decoder import Fuse, unchanged
from mmseg_bone.nn.fusion import FUSIONS, FusionName
from mmseg_bone.nn.network import Network, Side
from mmseg_bone.text.encoder import TextEncoder

_FINEST = 2  # by default the report comes in up to a quarter of the resolution


class TextFused(Network):
    """Image and report in, one logit per pixel of each view out.

    Abstract: a network says which image part. Build it before anything else, so that it
    draws the random numbers, and has the weights, that it has alone from the same seed.
    Until something is learnt the answer is the same too: an ablation differs by the report
    alone. With ``fusion="none"`` there is no text module, and no report is read.

    A study without a report is segmented from its image. Reports can be left out at random
    in training, so that the network does not come to depend on them.

    Source: the two paths and fusion while decoding, Ma et al. 2024,
    https://doi.org/10.2174/0115734056324977240911073841. How and where to fuse is not in
    their abstract, and is our choice.

    Args:
        unet: The image part.
        encoder: Reads the report; not kept if nothing is fused.
        fusion: ``none``, ``concat``, ``film`` or ``cross_attention``.
        levels: Decoder levels that read, 0 the finest, ``depth - 1`` the coarsest; None for
            those of a quarter of the resolution and coarser, or the coarsest.
        report_dropout: Share of reports not read in training.
    """

    def __init__(
        self,
        unet: EncoderDecoder,
        encoder: TextEncoder | None,
        fusion: FusionName | Literal["none"],
        levels: Sequence[int] | None,
        report_dropout: float | int,
    ) -> None:
        super().__init__()
        self.unet = unet
        self.stride = unet.stride
        self.report_dropout = report_dropout
        self.text: TextEncoder | None = None
        if fusion == "none":
            return
        if encoder is None:
            raise ValueError(f"fusion={fusion!r} needs an encoder that reads the report")
        depth = len(unet.widths)
        if levels is None:
            levels = range(min(_FINEST, depth - 1), depth)
        if not levels or not set(levels) <= set(range(depth)):
            raise ValueError(f"levels={list(levels)}: expected some of 0 to {depth - 1}")
        self.reads = ("image", "tokens", "token_mask")
        self.text = encoder
        self.fusion = nn.ModuleDict(
            {
                str(level): FUSIONS[fusion](unet.widths[level], encoder.width)
                for level in sorted(set(levels))
            }
        )

    def forward(
        self,
        image: Float[Tensor, "b v h w"],
        tokens: Int[Tensor, "b t"] | None = None,
        token_mask: Bool[Tensor, "b t"] | None = None,
        views: Bool[Tensor, "b v"] | None = None,
    ) -> Float[Tensor, "b v h w"]:
        """Logits of every view.

        Args:
            image: Anterior and posterior view.
            tokens: Of the report; None is no report for any study.
            token_mask: True on tokens, False on padding.
            views: True where a view was acquired; the pixels of the others are not read.
        """
        logits: Tensor = self.unet(image, views, fuse=self._read(tokens, token_mask))
        return logits

    def with_sides(
        self,
        image: Float[Tensor, "b v h w"],
        tokens: Int[Tensor, "b t"] | None = None,
        token_mask: Bool[Tensor, "b t"] | None = None,
        views: Bool[Tensor, "b v"] | None = None,
    ) -> tuple[Float[Tensor, "b v h w"], Sequence[Side]]:
        """Logits, and those of the image part's side heads, which have read the report too."""
        return self.unet.with_sides(image, views, fuse=self._read(tokens, token_mask))

    def _read(
        self, tokens: Int[Tensor, "b t"] | None, token_mask: Bool[Tensor, "b t"] | None
    ) -> Fuse:
        """Read the reports once, for all levels."""
        if self.text is None or tokens is None or token_mask is None:
            return unchanged
        mask = token_mask
        if self.training and self.report_dropout > 0:
            kept = torch.rand(len(tokens), 1, device=tokens.device) >= self.report_dropout
            mask = mask & kept
        words = self.text(tokens, mask)

        def fuse(level: int, features: Tensor) -> Tensor:
            if str(level) not in self.fusion:
                return features
            fused: Tensor = self.fusion[str(level)](features, words, mask)
            return fused

        return fuse

    def text_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of the text encoder; fusion learns at the rate of the image part."""
        return () if self.text is None else self.text.parameters()
