"""What networks share whose decoder reads the report."""

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mmseg_bone.models.encoder_decoder import EncoderDecoder
from mmseg_bone.models.grounding import Ground, Grounding
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
    their abstract, and is our choice; ``atlas`` is a step beyond it, see ``nn.anatomy``.

    Args:
        unet: The image part.
        encoder: Reads the report; kept only if its words are read.
        fusion: ``none``, ``concat``, ``film``, ``cross_attention`` or ``atlas``.
        levels: Levels of resolution that read, 0 the image's own, 1 the half of it, and so on; None
            for those of a quarter of the resolution and coarser, or the coarsest.
        report_dropout: Share of reports not read in training.
        grounding: What ``atlas`` is made of; not looked at otherwise.
    """

    def __init__(
        self,
        unet: EncoderDecoder,
        encoder: TextEncoder | None,
        fusion: FusionName | Literal["none"],
        levels: Sequence[int] | None,
        report_dropout: float | int,
        grounding: Grounding | None = None,
    ) -> None:
        super().__init__()
        self.unet = unet
        self.stride = unet.stride
        self.report_dropout = report_dropout
        self.text: TextEncoder | None = None
        self.ground: Ground | None = None
        self.words = nn.ModuleDict()
        if fusion == "none":
            return
        finest, coarsest = min(unet.widths), max(unet.widths)
        if levels is None:
            levels = range(max(finest, min(_FINEST, coarsest)), coarsest + 1)
        if not levels or not set(levels) <= set(unet.widths):
            raise ValueError(f"levels={list(levels)}: expected some of {finest} to {coarsest}")
        widths = {level: unet.widths[level] for level in sorted(set(levels))}
        if fusion == "atlas":
            views_per_image = unet.layout.views_per_image
            self.ground = (grounding or Grounding()).make(
                widths, views_per_image, None if encoder is None else encoder.width
            )
            self.text = encoder if "tokens" in self.ground.reads else None
            self.reads = ("image", *self.ground.reads)
            self.learns = self.ground.learns
            self.fusion = self.ground.fusions(widths, views_per_image)
            self.words = self.ground.word_fusions(widths)
            return
        if encoder is None:
            raise ValueError(f"fusion={fusion!r} needs an encoder that reads the report")
        self.reads = ("image", "tokens", "token_mask")
        self.text = encoder
        self.fusion = nn.ModuleDict(
            {str(level): FUSIONS[fusion](width, encoder.width) for level, width in widths.items()}
        )

    def forward(
        self,
        image: Float[Tensor, "b v h w"],
        tokens: Int[Tensor, "b t"] | None = None,
        token_mask: Bool[Tensor, "b t"] | None = None,
        views: Bool[Tensor, "b v"] | None = None,
        **grounds: Tensor,
    ) -> Float[Tensor, "b v h w"]:
        """Logits of every view.

        Args:
            image: Anterior and posterior view.
            tokens: Of the report; None is no report for any study.
            token_mask: True on tokens, False on padding.
            views: True where a view was acquired; the pixels of the others are not read.
            grounds: What else it reads, with the names of a batch: ``evidence`` and ``told``,
                or no report for any study, and ``body``.
        """
        fuse, _ = self._read(tokens, token_mask, views, **grounds)
        logits: Tensor = self.unet(image, views, fuse=fuse)
        return logits

    def with_sides(
        self,
        image: Float[Tensor, "b v h w"],
        tokens: Int[Tensor, "b t"] | None = None,
        token_mask: Bool[Tensor, "b t"] | None = None,
        views: Bool[Tensor, "b v"] | None = None,
        **grounds: Tensor,
    ) -> tuple[Float[Tensor, "b v h w"], Sequence[Side]]:
        """Logits, and those of the image part's side heads, which have read the report too.

        Those of bones and of evidence are beside them, as far as they are learnt.
        """
        fuse, own = self._read(tokens, token_mask, views, **grounds)
        logits, sides = self.unet.with_sides(image, views, fuse=fuse)
        return logits, [*sides, *own]

    def _read(
        self,
        tokens: Tensor | None,
        token_mask: Tensor | None,
        views: Tensor | None,
        **grounds: Tensor,
    ) -> tuple[Fuse, list[Side]]:
        """Read the reports once, for all levels; sides are added while it fuses."""
        sides: list[Side] = []
        if self.ground is not None:
            return self._lay(self.ground, tokens, token_mask, views, sides, **grounds), sides
        if self.text is None or tokens is None or token_mask is None:
            return unchanged, sides
        mask = token_mask & self._kept(tokens)[:, None]
        words = self.text(tokens, mask)

        def fuse(level: int, features: Tensor) -> Tensor:
            if str(level) not in self.fusion:
                return features
            fused: Tensor = self.fusion[str(level)](features, words, mask)
            return fused

        return fuse, sides

    def _lay(
        self,
        ground: Ground,
        tokens: Tensor | None,
        token_mask: Tensor | None,
        views: Tensor | None,
        sides: list[Side],
        evidence: Tensor | None = None,
        told: Tensor | None = None,
        body: Tensor | None = None,
    ) -> Fuse:
        """Take the evidence once; lay it on the body at each level, and the words after it."""
        words = None
        if self.text is not None and tokens is not None and token_mask is not None:
            words = self.text(tokens, token_mask)
            if ground.sites is not None:
                evidence = ground.evidence_of(words, token_mask, sides)
                told = token_mask.any(dim=1)
        if evidence is None or told is None:
            return unchanged
        said, kept = evidence, self._kept(evidence)
        heard = told & kept

        def fuse(level: int, features: Tensor) -> Tensor:
            at = str(level)
            if at not in self.fusion:
                return features
            mapped = ground(level, features, said, body, views, sides)
            fused: Tensor = self.fusion[at](features, mapped, heard)
            if at in self.words and words is not None and token_mask is not None:
                fused = self.words[at](fused, words, token_mask & kept[:, None])
            return fused

        return fuse

    def _kept(self, reports: Tensor) -> Bool[Tensor, " b"]:
        """Which reports are read: all, but for those left out at random in training."""
        if not self.training or self.report_dropout <= 0:
            return torch.ones(len(reports), dtype=torch.bool, device=reports.device)
        return torch.rand(len(reports), device=reports.device) >= self.report_dropout

    def text_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of the text encoder; fusion learns at the rate of the image part."""
        return () if self.text is None else self.text.parameters()
