"""Reports to pre-train on: read, dealt by patient, masked anew every epoch."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import NamedTuple, TypedDict

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from mmseg_bone.data.datamodule import EpochShuffle
from mmseg_bone.errors import ReportError
from mmseg_bone.io.reports import read_reports
from mmseg_bone.io.tables import TableError, find_column, read_table
from mmseg_bone.study import Report
from mmseg_bone.text.cleaning import clean
from mmseg_bone.text.deidentify import deidentify_report
from mmseg_bone.text.masking import IGNORED, Masking, Word, WordCutter, two_parts
from mmseg_bone.text.report import split_report
from mmseg_bone.text.rewording import reword as in_other_words
from mmseg_bone.text.site_evidence import SAYABLE, site_evidence
from mmseg_bone.text.tokens import PADDING, ReportTokens

_VALIDATION = 1  # a stream of its own, so that validation reports are masked alike every epoch
_SPLIT = 2
_REWORDING = 3
_CHINESE = re.compile("[一-鿿]")


class ReportOf(NamedTuple):
    """A report, and whose it is."""

    patient: str
    report: Report


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


def read_corpus(
    path: str | PathLike[str],
    *,
    key: str | None = None,
    patient: str | None = None,
    text: str | None = None,
    findings: str | None = None,
    impression: str | None = None,
) -> list[ReportOf]:
    """Reports of a hospital's own table, split at their headings and without identity.

    Columns are found as ``mmseg_bone.io.reports`` finds them. Name the patient's column if a
    patient may have several reports, or they will count as several patients and lie on both
    sides of the validation split.

    Args:
        path: CSV or XLSX.
        key: Column of the study key.
        patient: Column of the patient; none for one report a patient.
        text: Column of the whole report.
        findings: Column of the findings.
        impression: Column of the impression.

    Raises:
        ReportError: The table cannot be read, or lacks a column.
    """
    written = read_reports(path, key=key, text=text, findings=findings, impression=impression)
    whose = _patients(path, patient)
    corpus = []
    for study, words in written.items():
        report = Report(findings=words.findings, impression=words.impression)
        if words.text:
            report = split_report(words.text)
        known = {study, whose.get(words.row, study)}
        owner = whose.get(words.row) or study
        corpus.append(ReportOf(owner, deidentify_report(report, known)))
    return corpus


def _patients(path: str | PathLike[str], column: str | None) -> dict[int, str]:
    """Patient by row; none where there is no such column."""
    if column is None:
        return {}
    try:
        table = read_table(path)
    except TableError as error:
        raise ReportError(error.reason, path) from None
    name = find_column(table, (column,))
    if name is None:
        raise ReportError(
            f"has no column {column!r} for the patient; it has {', '.join(table.columns)}.", path
        )
    return {row.number: row.cells[name] for row in table.rows}


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


def _digest(reports: Iterable[Report]) -> str:
    digest = hashlib.sha256()
    for report in reports:
        digest.update(f"{report.findings}\0{report.impression}\0".encode())
    return digest.hexdigest()


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


class BucketBatches(Sampler[list[tuple[int, int]]]):
    """Batches of reports of like length, so that little of a batch is padding.

    The order of the epoch is cut into windows, a window sorted by length and cut into batches,
    and the batches shuffled. It depends on seed and epoch alone.

    Args:
        sampler: The order of the epoch; Lightning tells it which one it is.
        lengths: Tokens of each report.
        batch_size: Reports of a batch.
        window: Batches that are sorted together.
    """

    def __init__(
        self, sampler: EpochShuffle, lengths: Sequence[int], batch_size: int, window: int = 50
    ) -> None:
        self.sampler, self.lengths = sampler, lengths
        self.batch_size, self.window = batch_size, window

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.batch_size)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = list(self.sampler)
        step, size = self.batch_size * self.window, self.batch_size
        batches = []
        for start in range(0, len(order), step):
            near = sorted(order[start : start + step], key=lambda place: self.lengths[place[1]])
            batches += [near[at : at + size] for at in range(0, len(near), size)]
        rng = np.random.default_rng([self.sampler.seed, self.sampler.epoch])
        return iter([batches[at] for at in rng.permutation(len(batches))])


class ReportDataModule(pl.LightningDataModule):
    """Reports, some patients' kept apart to validate on.

    Reports are cut at their words once, when the module is built; masking is done anew every
    epoch, but for validation reports, which are asked the same every time.

    Args:
        corpus: Reports, and whose they are. Those without a word are left out.
        tokens: Of the encoder that is to be trained.
        val_share: Of the patients that are validated on; one at least.
        batch_size: Reports per batch.
        workers: Processes that mask them.
        reword: How much of a training report may stand in other words of the same meaning, see
            ``text.rewording``; 0 leaves it as it is. What it says is told of the words it had.
        seed: Of split, order, masking and other words.

    Attributes:
        digest: Of all words, to tell corpora apart without telling what is in them.

    Raises:
        ReportError: There are not two patients with a report.
    """

    def __init__(
        self,
        corpus: Iterable[ReportOf],
        tokens: ReportTokens,
        *,
        val_share: float = 0.02,
        batch_size: int = 32,
        workers: int = 0,
        reword: float | int = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.seed, self.batch_size = seed, batch_size
        self.loading = {
            "num_workers": workers,
            "persistent_workers": workers > 0,
            "collate_fn": put_together,
        }
        written = [one for one in corpus if clean(one.report.text)]
        self.patients = [one.patient for one in written]
        self.digest = _digest(one.report for one in written)
        kept_apart = self._kept_apart(val_share)
        self.train_places = [i for i, p in enumerate(self.patients) if p not in kept_apart]
        self.val_places = [i for i, p in enumerate(self.patients) if p in kept_apart]
        cut = WordCutter(tokens.tokenizer)

        def questioned(place: int, reword_by: float) -> CutReport:
            report = written[place].report
            said = told_of_bones(report)
            if reword_by:
                rng = np.random.default_rng([seed, 0, place, _REWORDING])
                report = in_other_words(report, rng, reword_by)
            return CutReport(cut(report.findings), cut(report.impression), said)

        train = [questioned(place, reword) for place in self.train_places]
        masking = Masking(tokens.tokenizer, {w.text for r in train for part in r[:2] for w in part})
        self.train = MaskedReports(train, masking, tokens, seed)
        val = [questioned(place, 0.0) for place in self.val_places]
        self.val = MaskedReports(val, masking, tokens, seed)

    def _kept_apart(self, share: float) -> set[str]:
        names = sorted(set(self.patients))
        if len(names) < 2:
            raise ReportError(
                f"{len(names)} patients with a report; two are needed, one of them to validate on."
            )
        count = min(max(1, round(share * len(names))), len(names) - 1)
        order = np.random.default_rng([self.seed, _SPLIT]).permutation(len(names))
        return {names[place] for place in order[:count]}

    def train_dataloader(self) -> DataLoader[ReportBatch]:
        """Training reports, in an order of their own and masked anew every epoch."""
        order = EpochShuffle(len(self.train), self.seed)
        batches = BucketBatches(order, self.train.lengths, self.batch_size)
        return DataLoader(self.train, batch_sampler=batches, **self.loading)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader[ReportBatch]:
        """Validation reports, shortest first, masked alike every time."""
        order = sorted(range(len(self.val)), key=lambda place: self.val.lengths[place])
        return DataLoader(
            self.val,  # type: ignore[arg-type]
            sampler=order,
            batch_size=self.batch_size,
            **self.loading,  # type: ignore[arg-type]
        )
