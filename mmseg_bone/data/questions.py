"""What pre-training asks of a report: masked words, the order of its parts, what it says."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.utils.data import Dataset

from mmseg_bone.study import Report
from mmseg_bone.text.masking import IGNORED, Masking, Word, two_parts
from mmseg_bone.text.site_evidence import SAYABLE, site_evidence
from mmseg_bone.text.tokens import PADDING, ReportTokens

_VALIDATION = 1  # a stream of its own, so that validation reports are masked alike every epoch
_CHINESE = re.compile("[一-鿿]")


class CutReport(NamedTuple):
    """A report as words."""

    findings: tuple[Word, ...]
    impression: tuple[Word, ...]
    said: tuple[int, ...] | None = None  # of each bone, see ``told_of_bones``; None: not known


class Question(NamedTuple):
    """One report with the questions of pre-training."""

    tokens: list[int]
    targets: list[int]
    words: list[int]
    swapped: int
    said: tuple[int, ...] | None = None


class ReportBatch(TypedDict):
    """Masked reports side by side.

    ``targets`` and ``swapped`` hold ``IGNORED`` where nothing is asked. ``words`` tells which
    masked word of its report a token belongs to, from 1; 0 is no masked one. ``swapped`` is
    1 where the second part comes first, the number BERT gives a sentence that does not follow.
    ``said`` is what the report says of each bone, laid out flat (``text.site_evidence``), and
    ``read`` tells of which reports that is known.
    """

    tokens: Int[Tensor, "b t"]
    token_mask: Bool[Tensor, "b t"]
    targets: Int[Tensor, "b t"]
    words: Int[Tensor, "b t"]
    swapped: Int[Tensor, " b"]
    said: Bool[Tensor, "b s"]
    read: Bool[Tensor, " b"]


class MaskedReports(Dataset[Question]):
    """Reports with questions, by place, or by epoch and place.

    What is asked of a report depends on seed, epoch and place alone, so that a run that was cut
    off goes on as if it had not been.

    Args:
        reports: Cut at their words.
        masking: Replaces words.
        tokens: Knows the first and last token, and how many there may be.
        seed: Of the questions.
    """

    def __init__(
        self, reports: Sequence[CutReport], masking: Masking, tokens: ReportTokens, seed: int
    ) -> None:
        self.masking, self.seed = masking, seed
        self.begin = int(tokens.tokenizer.cls_token_id)
        self.end = int(tokens.tokenizer.sep_token_id)
        self.reports = [shortened(report, tokens.max_tokens - 3) for report in reports]
        self.lengths = [
            3 + sum(len(word.tokens) for part in report[:2] for word in part)
            for report in self.reports
        ]

    def __len__(self) -> int:
        return len(self.reports)

    def __getitem__(self, place: int | tuple[int, int]) -> Question:
        if isinstance(place, int):
            return self.ask(place, np.random.default_rng([self.seed, 0, place, _VALIDATION]))
        epoch, index = place
        return self.ask(index, np.random.default_rng([self.seed, epoch, index]))

    def ask(self, index: int, rng: np.random.Generator) -> Question:
        """Swap the parts or not, and mask both: ``[CLS] part [SEP] other part [SEP]``."""
        parts = two_parts(*self.reports[index][:2])
        swapped = int(rng.random() < 0.5) if all(parts) else IGNORED
        ordered = parts[::-1] if swapped == 1 else parts
        question = Question([self.begin], [IGNORED], [0], swapped, self.reports[index].said)
        asked = 0
        for part in filter(None, ordered):
            masked = self.masking(part, rng)
            question.tokens.extend([*masked.tokens, self.end])
            question.targets.extend([*masked.targets, IGNORED])
            question.words.extend([*(asked + word if word else 0 for word in masked.words), 0])
            asked = max(question.words)
        return question


def shortened(report: CutReport, room: int) -> CutReport:
    """Words from the end of the longer part are left out until the tokens fit."""
    findings, impression = list(report.findings), list(report.impression)
    lengths = [sum(len(word.tokens) for word in part) for part in (findings, impression)]
    while sum(lengths) > room:
        longer = int(lengths[1] > lengths[0])
        lengths[longer] -= len((findings, impression)[longer].pop().tokens)
    return CutReport(tuple(findings), tuple(impression), report.said)


def told_of_bones(report: Report) -> tuple[int, ...] | None:
    """Places of ``site_evidence``, laid out flat, that are not zero; None if it cannot be told.

    The parser reads Chinese. Of a report without a Chinese character it knows nothing, which is
    not to know that nothing is said.
    """
    if not _CHINESE.search(report.text):
        return None
    return tuple(np.flatnonzero(site_evidence(report)).tolist())


def put_together(questions: Sequence[Question]) -> ReportBatch:
    """Questions side by side, padded to the longest."""
    longest = max(len(question.tokens) for question in questions)

    def padded(rows: Iterable[list[int]], filling: int) -> Int[Tensor, "b t"]:
        return torch.tensor([row + [filling] * (longest - len(row)) for row in rows])

    lengths = torch.tensor([len(question.tokens) for question in questions])
    return {
        "tokens": padded((q.tokens for q in questions), PADDING),
        "token_mask": torch.arange(longest)[None] < lengths[:, None],
        "targets": padded((q.targets for q in questions), IGNORED),
        "words": padded((q.words for q in questions), 0),
        "swapped": torch.tensor([q.swapped for q in questions]),
        "said": _marked([q.said or () for q in questions]),
        "read": torch.tensor([q.said is not None for q in questions]),
    }


def _marked(places: Sequence[Sequence[int]]) -> Bool[Tensor, "b s"]:
    said = torch.zeros(len(places), SAYABLE, dtype=torch.bool)
    for row, marked in zip(said, places, strict=True):
        row[list(marked)] = True
    return said
