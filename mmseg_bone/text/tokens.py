"""Report → token numbers."""

import logging
from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from transformers import BertTokenizer  # since 5, another name of BertTokenizerFast

from mmseg_bone.errors import TextModelError
from mmseg_bone.study import Report
from mmseg_bone.text.checkpoint import Checkpoint, open_checkpoint
from mmseg_bone.text.cleaning import clean

Part = Literal["whole", "findings", "impression"]
PADDING = 0  # any number would do: padding is never read

_log = logging.getLogger(__name__)


class ReportTokens:
    """Turns reports into the token numbers of a text encoder.

    ``[CLS] findings [SEP] impression [SEP]``, without the parts that are not read or not
    there. No report, or nothing in the part that is read, gives no token at all. A report
    that is too long loses the end of its longer part, so that the impression outlives long
    findings.

    Args:
        model: As for ``text.encoder.ReportEncoder``; the two must be the same.
        part: What is read. The impression often names the answer.
        max_tokens: The most tokens of a report; None for as many as the encoder has places.

    Attributes:
        seen: Reports with tokens so far, in this process.
        cut: How many of them were too long.

    Raises:
        TextModelError: The checkpoint has no usable vocabulary, or too few places.
    """

    def __init__(
        self,
        model: str | PathLike[str] = "default",
        part: Part = "whole",
        max_tokens: int | None = None,
    ) -> None:
        checkpoint = open_checkpoint(model)
        config = checkpoint.read_config()
        places = config.max_position_embeddings
        self.max_tokens = places if max_tokens is None else max_tokens
        if not 4 <= self.max_tokens <= places:
            raise TextModelError(
                f"max_tokens={max_tokens}, but {checkpoint.name!r} has places for 4 to {places}."
            )
        self.part = part
        self.tokenizer = _open_tokenizer(checkpoint, config.vocab_size)
        self.seen = self.cut = 0

    def __call__(self, report: Report | None) -> list[int]:
        """Token numbers of a report; none where there is nothing to read."""
        parts = [ids for text in self._texts(report) if (ids := self._ids(text))]
        if not parts:
            return []
        self.seen += 1
        room = self.max_tokens - 1 - len(parts)
        if sum(map(len, parts)) > room:
            self.cut += 1
            if self.cut == 1:
                _log.warning("a report was cut to %d tokens; counting goes on", self.max_tokens)
            parts = _shorten(parts, room)
        begin, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        return [begin, *(id for ids in parts for id in (*ids, end))]

    def batch(
        self, reports: Sequence[Report | None]
    ) -> tuple[Int[Tensor, "b t"], Bool[Tensor, "b t"]]:
        """Reports side by side, padded to the longest, and True where there is a token."""
        rows = [self(report) for report in reports]
        tokens = torch.full((len(rows), max(map(len, rows), default=0)), PADDING)
        for row, ids in zip(tokens, rows, strict=True):
            row[: len(ids)] = torch.tensor(ids, dtype=torch.long)
        lengths = torch.tensor([len(ids) for ids in rows], dtype=torch.long)
        return tokens, torch.arange(tokens.shape[1])[None] < lengths[:, None]

    @property
    def cut_rate(self) -> float:
        """Share of the reports seen that were too long; 0 before the first."""
        return self.cut / max(1, self.seen)

    def unknown_rate(self, texts: Iterable[str]) -> float:
        """Share of the tokens of these texts that the vocabulary does not have."""
        ids = [id for text in texts for id in self._ids(clean(text))]
        return ids.count(self.tokenizer.unk_token_id) / max(1, len(ids))

    def _texts(self, report: Report | None) -> list[str]:
        if report is None:
            return []
        whole = {"findings": report.findings, "impression": report.impression}
        return [clean(text) for name, text in whole.items() if self.part in ("whole", name)]

    def _ids(self, text: str) -> list[int]:
        # verbose=False: transformers would warn of lengths that are cut right after.
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False, verbose=False)
        return ids


def _shorten(parts: list[list[int]], room: int) -> list[list[int]]:
    """Take tokens from the end of whichever part is longer until all fit."""
    if len(parts) == 1:
        return [parts[0][:room]]
    first, second = parts
    first = first[: max(room // 2, room - len(second))]
    return [first, second[: room - len(first)]]


def _open_tokenizer(checkpoint: Checkpoint, vocab_size: int) -> BertTokenizer:
    """The tokeniser of a checkpoint, with all of its vocabulary.

    Asked for a ``vocab_file``, transformers 5 gives a vocabulary of five tokens and says
    nothing; hence the count.
    """
    tokenizer: BertTokenizer = BertTokenizer.from_pretrained(str(checkpoint.vocabulary.parent))
    if checkpoint.vocabulary.suffix == ".txt":
        written = len(checkpoint.vocabulary.read_text("utf-8").splitlines())
        if len(tokenizer) < written:
            raise TextModelError(
                f"{checkpoint.vocabulary} lists {written} tokens, but the tokeniser has "
                f"{len(tokenizer)}. Some are listed twice, or the file is no BERT vocabulary."
            )
    if len(tokenizer) > vocab_size:
        raise TextModelError(
            f"{checkpoint.vocabulary} has {len(tokenizer)} tokens, but the encoder beside it "
            f"knows {vocab_size}. The files are of different checkpoints; copy them again."
        )
    return tokenizer
