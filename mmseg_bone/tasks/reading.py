"""What is done with the reports before the first step of training."""

import logging
from collections.abc import Iterable, Iterator
from os import PathLike

import pytorch_lightning as pl
import torch

from mmseg_bone.data.datamodule import StudyDataModule
from mmseg_bone.data.encode import Tokenise
from mmseg_bone.data.token_states import StateFolder
from mmseg_bone.imaging.mirror import mirror_report
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.tokens import ReportTokens

_log = logging.getLogger(__name__)


class ReadReports(pl.Callback):
    """Read every report once before training: how many are too long, and what they say.

    The share of reports that are cut is logged as ``text/cut_rate``. A text encoder of which
    nothing learns computes the states of every report here, also as mirrored by augmentation, so
    that no step has to; they are kept for the next run. When training ends they are let go:
    predictions are of the encoder itself, whichever scan they are of.

    Args:
        folder: Where states are kept, as private as the store; see ``data.token_states``. None
            keeps none: the encoder runs at every step.
    """

    def __init__(self, folder: str | PathLike[str] | None) -> None:
        self.folder = folder

    def on_train_start(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Read the reports, if the network reads any."""
        data: StudyDataModule = trainer.datamodule  # type: ignore[attr-defined]
        tokens = data.encode.tokens
        encoders = [part for part in task.modules() if isinstance(part, ReportEncoder)]
        if tokens is None or not encoders:
            return
        reports = sorted(set(_reports(data, tokens)))
        if isinstance(tokens, ReportTokens):
            _tell(trainer, tokens)
        for encoder in encoders:
            if encoder.is_frozen and self.folder is not None:
                encoder.keep_states(StateFolder(self.folder))
                _log.info(
                    "what the text encoder makes of %d reports is computed once", len(reports)
                )
                _fill(encoder, reports[trainer.global_rank :: trainer.world_size], task.device)
        trainer.strategy.barrier()

    def on_train_end(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Keep no more."""
        for part in task.modules():
            if isinstance(part, ReportEncoder):
                part.keep_states(None)


def _reports(data: StudyDataModule, tokens: Tokenise) -> Iterator[tuple[int, ...]]:
    """The tokens of all reports that training and validation will read."""
    for id in [*data.train_ids, *data.val_ids]:
        own = data.store[id].report
        if own is None:
            continue
        for report in (own,) if data.augment is None else (own, mirror_report(own)):
            if read := tuple(tokens(report)):
                yield read


def _tell(trainer: pl.Trainer, tokens: ReportTokens) -> None:
    """Log the share of reports that were cut."""
    for logger in trainer.loggers:
        logger.log_metrics({"text/cut_rate": tokens.cut_rate}, step=trainer.global_step)
    if tokens.cut:
        _log.warning(
            "%.1f %% of the reports are longer than %d tokens and are cut",
            100 * tokens.cut_rate,
            tokens.max_tokens,
        )


def _fill(encoder: ReportEncoder, reports: Iterable[tuple[int, ...]], device: torch.device) -> None:
    """Have the states of these reports computed, if they are not yet there."""
    for report in reports:
        tokens = torch.tensor([report], device=device)
        encoder(tokens, torch.ones_like(tokens, dtype=torch.bool))
