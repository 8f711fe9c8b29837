"""How a network grounds words in anatomy: where evidence and bones are taken from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from mmseg_bone.anatomy import BONES
from mmseg_bone.nn.anatomy import BoneAtlas, BoneHeads, MapFusion, SiteHead
from mmseg_bone.nn.fusion import FUSIONS, WordFusion
from mmseg_bone.nn.network import Side
from mmseg_bone.text.site_evidence import SAID

_LABELS = len(BONES) + 1


@dataclass(frozen=True, kw_only=True)
class Grounding:
    """What ``fusion="atlas"`` is made of.

    Attributes:
        anatomy: Which bone a pixel shows is told by the ``atlas``, by a ``head`` on each level
            that reads, which learns it from phantoms, or by ``both``: heads that learn what to
            change of the atlas.
        evidence: What is said of each bone is told by the ``parser``, or by a head on the text
            ``encoder``, which learns it from the parser.
        atlas: Reads the atlas; called only if one is used.
        bones_weight: Of the loss of the heads, all levels together.
        evidence_weight: Of the loss of the head on the encoder.
        words: Let each level read the words of the report after its evidence, in this way:
            what the parser makes nothing of may still be in them.
        peaks: Lay the evidence of a bone once more, on what stands out most on that bone; wants
            heads.
    """

    anatomy: Literal["atlas", "head", "both"] = "atlas"
    evidence: Literal["parser", "encoder"] = "parser"
    atlas: Callable[[], UInt8[np.ndarray, "view label y x"]] | None = None
    bones_weight: float | int = 0.3
    evidence_weight: float | int = 1.0
    words: WordFusion | None = None
    peaks: bool = False

    def make(
        self, widths: Mapping[int, int], views_per_image: int, token_width: int | None
    ) -> "Ground":
        """The parts of a network that do it, all of them changing nothing at first.

        Args:
            widths: Channels of each level that reads.
            views_per_image: Views that are channels of one image.
            token_width: Of the text encoder, if there is one.
        """
        return Ground(self, widths, views_per_image, token_width)


class Ground(nn.Module):
    """Evidence and bones, and the map that comes of them.

    Args:
        parts: What it is made of.
        widths: Channels of each level that reads.
        views_per_image: Views that are channels of one image.
        token_width: Of the text encoder, if there is one.

    Attributes:
        reads: Keys of a batch beside the image.
        learns: Keys of a batch that the network is judged by beside the mask.
    """

    def __init__(
        self,
        parts: Grounding,
        widths: Mapping[int, int],
        views_per_image: int,
        token_width: int | None,
    ) -> None:
        super().__init__()
        self.bones_weight = parts.bones_weight / len(widths)
        self.evidence_weight = parts.evidence_weight
        self.words, self.token_width = parts.words, token_width
        self.maps = 2 if parts.peaks else 1
        if parts.words is not None and token_width is None:
            raise ValueError("words are to be read, and there is no encoder that reads them")
        self.sites: SiteHead | None = None
        self.reads: tuple[str, ...] = ("evidence", "told")
        self.learns: tuple[str, ...] = ()
        if parts.evidence == "encoder":
            if token_width is None:
                raise ValueError("evidence='encoder' needs an encoder that reads the report")
            self.sites = SiteHead(token_width, _LABELS, len(SAID))
            self.reads, self.learns = (), ("evidence", "told")
        if parts.words is not None or self.sites is not None:
            self.reads = (*self.reads, "tokens", "token_mask")
        self.anatomy: BoneAtlas | BoneHeads
        atlas: BoneAtlas | None = None
        if parts.anatomy != "head":
            if parts.atlas is None:
                raise ValueError(f"anatomy={parts.anatomy!r} needs an atlas of bones")
            atlas = BoneAtlas(torch.from_numpy(parts.atlas()))
            self.reads = (*self.reads, "body")
        if atlas is not None and parts.anatomy == "atlas":
            if parts.peaks:
                raise ValueError(
                    "peaks=True needs anatomy='head' or 'both': no atlas scores pixels"
                )
            self.anatomy = atlas
        else:
            self.anatomy = BoneHeads(widths, _LABELS, views_per_image, parts.peaks, atlas)
            self.learns = (*self.learns, "bones")
            if parts.peaks:
                self.reads = (*self.reads, "views")

    def word_fusions(self, widths: Mapping[int, int]) -> nn.ModuleDict:
        """What brings the words into each level; nothing if they are not read."""
        if self.words is None or self.token_width is None:
            return nn.ModuleDict()
        kind, width = FUSIONS[self.words], self.token_width
        return nn.ModuleDict({str(level): kind(c, width) for level, c in widths.items()})

    def fusions(self, widths: Mapping[int, int], views_per_image: int) -> nn.ModuleDict:
        """What brings the map into each level."""
        said = len(SAID) * views_per_image * self.maps
        return nn.ModuleDict({str(level): MapFusion(c, said) for level, c in widths.items()})

    def evidence_of(
        self, words: Float[Tensor, "b t d"], token_mask: Bool[Tensor, "b t"], sides: list[Side]
    ) -> Float[Tensor, "b label said"]:
        """Evidence as the encoder has it."""
        assert self.sites is not None  # it is asked only of a network that has one
        logits = self.sites(words, token_mask)
        sides.append(Side(logits, self.evidence_weight, "evidence"))
        evidence: Tensor = logits.sigmoid()
        return evidence

    def forward(
        self,
        level: int,
        features: Float[Tensor, "n c h w"],
        evidence: Float[Tensor, "b label said"],
        body: Float[Tensor, "b v 2 _ _"] | None,
        views: Bool[Tensor, "b v"] | None,
        sides: list[Side],
    ) -> Float[Tensor, "n k h w"]:
        """The map at a level; what its head takes the bones for is added to the sides."""
        said, bones = self.anatomy(level, features, evidence, body, views)
        if bones is not None:
            sides.append(Side(bones, self.bones_weight, "bones"))
        mapped: Tensor = said
        return mapped
