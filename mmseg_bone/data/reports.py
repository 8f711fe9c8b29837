"""Reports to pre-train on: dealt by patient, cut at their words, masked anew every epoch."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytorch_lightning as pl
from torch.utils.data import DataLoader, Sampler

from mmseg_bone.data.corpus import ReportOf
from mmseg_bone.data.datamodule import EpochShuffle
from mmseg_bone.data.questions import (
    CutReport,
    MaskedReports,
    ReportBatch,
    put_together,
    told_of_bones,
)
from mmseg_bone.errors import ReportError
from mmseg_bone.study import Report
from mmseg_bone.text.cleaning import clean
from mmseg_bone.text.masking import Masking, WordCutter
from mmseg_bone.text.rewording import reword as in_other_words
from mmseg_bone.text.tokens import ReportTokens

_SPLIT = 2
_REWORDING = 3


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


def _digest(reports: Iterable[Report]) -> str:
    digest = hashlib.sha256()
    for report in reports:
        digest.update(f"{report.findings}\0{report.impression}\0".encode())
    return digest.hexdigest()
