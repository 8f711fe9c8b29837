"""Report → mentions as tokens, and their features: a text encoder whose every input is plain."""

from itertools import product
from typing import get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from mmseg_bone.anatomy import BONES, BY_NAME, Bone
from mmseg_bone.study import Report
from mmseg_bone.text.encoder import TextEncoder
from mmseg_bone.text.evidence import Label, Mention, mentions
from mmseg_bone.text.tokens import PADDING, Part

REPORT = 1  # the first token of every report, also of one that names no bone
_FIRST = 2  # the first token that is a mention
_SAID = tuple(
    product(get_args(Label), ("high", "middle", "low", "benign"), (False, True), (False, True))
)


class MentionTokens:
    """Turns reports into numbers of what the parser finds in them, one token per mention.

    A mention is a bone with its label, certainty, whether it is one of a crowd (多根肋骨) and
    whether it is denied; see ``text.evidence``. Before the mentions stands one token for the
    report itself, so that a report that names no bone is not the same as none, which gives no
    token at all. The parser reads Chinese: an English report names no bone to it.

    No report is too long: it has at most one mention of each bone.

    Args:
        part: What is read. The findings alone leave most labels open, for those are said in
            the impression.
    """

    def __init__(self, part: Part = "whole") -> None:
        self.part = part

    def __call__(self, report: Report | None) -> list[int]:
        """Token numbers of a report, in the order of naming; none where nothing is to be read."""
        read = None if report is None else _part(report, self.part)
        if read is None or not read.text.strip():
            return []
        return [REPORT, *map(token_of, mentions(read))]


class MentionEncoder(TextEncoder):
    """Token features that are sums: of bone, kind of bone, side, level, and what is said.

    Each mention is read on its own, and a left rib shares with the right one all but its side and
    its name. So what is learnt of one bone holds for others too, and which features a report gives
    can be read off its mentions. The whole encoder learns; there is nothing in it to freeze.
    Making it leaves torch's random numbers as they were, so that a network with it starts out
    equal to the network without. What it is made of is our choice.

    Args:
        width: Of the token features.
        seed: Of the weights.
    """

    table: Tensor

    def __init__(self, width: int = 128, seed: int = 0) -> None:
        super().__init__()
        self.width = width
        words = [words_of(token) for token in range(_FIRST + len(BONES) * len(_SAID))]
        known = list(dict.fromkeys(word for spelt in words for word in spelt))
        number = {word: place for place, word in enumerate(known)}
        table = torch.tensor([[number[word] for word in spelt] for spelt in words])
        self.register_buffer("table", table, persistent=False)
        draw = torch.Generator().manual_seed(seed)
        start = torch.randn(len(known), width, generator=draw)
        self.embedding = nn.Embedding(len(known), width, _weight=start)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, tokens: Int[Tensor, "b t"], token_mask: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t w"]:
        """Features of each mention; where ``token_mask`` is False they mean nothing."""
        features: Tensor = self.norm(self.embedding(self.table[tokens]).sum(dim=2))
        return features


def token_of(mention: Mention) -> int:
    """The number of a mention; numbers stay when bones are added to ``anatomy.BONES``."""
    place = BY_NAME[mention.bone].label - 1
    said = (mention.label, mention.certainty, mention.collective, mention.negated)
    return _FIRST + place * len(_SAID) + _SAID.index(said)


def words_of(token: int) -> tuple[str, ...]:
    """What a token says: bone, kind, side, level, label, certainty, crowd, denial.

    Such as rib_left_5, rib, left, level 5, metastatic, certainty high, alone, there. The token
    of the report itself and padding say one thing only, eight times.
    """
    if token < _FIRST:
        return ("padding" if token == PADDING else "report",) * 8
    place, said = divmod(token - _FIRST, len(_SAID))
    bone = BONES[place]
    label, certainty, collective, negated = _SAID[said]
    return (
        bone.name,
        _kind(bone),
        bone.side,
        f"level {bone.level}",
        str(label),
        f"certainty {certainty}",
        "in a crowd" if collective else "alone",
        "denied" if negated else "there",
    )


def _kind(bone: Bone) -> str:
    """``rib`` of rib_left_5, ``femur`` of femur_left, ``lumbar`` of L3."""
    if bone.side != "midline":
        return bone.name.split("_")[0]
    return bone.region if bone.level else f"the {bone.name}"


def _part(report: Report, part: Part) -> Report:
    if part == "findings":
        return Report(findings=report.findings)
    return Report(impression=report.impression) if part == "impression" else report
