"""A few validation studies as pictures in the logger, with the masks as layers."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Float
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger

from mmseg_bone.data.batch import Batch

_LABELS = {1: "metastasis"}
_REFERENCE, _PREDICTION = (0, 160, 0), (220, 0, 0)  # green and red, as in every figure


class LogOverlays(pl.Callback):
    """Show what the network marks: in W&B as layers to switch, in TensorBoard as outlines.

    Pictures carry the study's id of the store, which is no hospital number, and the words of
    no report unless asked for. Other loggers are given nothing.

    Args:
        studies: How many of the validation fold, from its first on.
        every_n_epochs: How often.
        log_text: Whether the report is the caption.
    """

    def __init__(self, studies: int = 4, every_n_epochs: int = 10, log_text: bool = False) -> None:
        self.studies, self.every_n_epochs, self.log_text = studies, every_n_epochs, log_text
        self.shown = 0

    def on_validation_epoch_start(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Begin to count anew."""
        self.shown = 0

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        task: pl.LightningModule,
        outputs: Any,  # noqa: ANN401  (Lightning's)
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Show the studies of this batch that are still wanted."""
        due = trainer.current_epoch % self.every_n_epochs == 0 and not trainer.sanity_checking
        if not (due and trainer.is_global_zero) or self.shown >= self.studies:
            return
        loggers = [x for x in trainer.loggers if isinstance(x, WandbLogger | TensorBoardLogger)]
        if not loggers:
            return
        with torch.inference_mode():
            masks = task.masks(task(batch))  # type: ignore[operator]
        for place in range(min(len(batch["id"]), self.studies - self.shown)):
            height, width = batch["size"][place].tolist()
            image, reference, prediction = (
                _side_by_side(stack[place, :, :height, :width].float().cpu().numpy())
                for stack in (batch["image"], batch["mask"], masks)
            )
            for logger in loggers:
                caption = self._caption(trainer, batch["id"][place])
                _show(
                    logger,
                    trainer,
                    batch["id"][place],
                    caption,
                    image,
                    reference > 0,
                    prediction > 0,
                )
            self.shown += 1

    def _caption(self, trainer: pl.Trainer, id: str) -> str:
        report = trainer.datamodule.store[id].report if self.log_text else None  # type: ignore[attr-defined]
        return id if report is None else f"{id}\n{report.text}"


def _show(
    logger: WandbLogger | TensorBoardLogger,
    trainer: pl.Trainer,
    id: str,
    caption: str,
    image: Float[np.ndarray, "y x"],
    reference: Bool[np.ndarray, "y x"],
    prediction: Bool[np.ndarray, "y x"],
) -> None:
    dark_on_white = (255 * (1 - image)).astype(np.uint8)
    if isinstance(logger, WandbLogger):
        layers = {
            name: {"mask_data": mask.astype(np.uint8), "class_labels": _LABELS}
            for name, mask in (("reference", reference), ("prediction", prediction))
        }
        logger.log_image(
            f"val/{id}",
            [dark_on_white],
            step=trainer.global_step,
            masks=[layers],
            caption=[caption],
        )
        return
    picture = np.repeat(dark_on_white[..., None], 3, axis=2)
    for mask, colour in ((reference, _REFERENCE), (prediction, _PREDICTION)):
        picture[_outline(mask)] = colour
    board = logger.experiment
    board.add_image(f"val/{id}", picture, trainer.global_step, dataformats="HWC")
    if caption != id:
        board.add_text(f"val/{id}/report", caption, trainer.global_step)


def _side_by_side(views: Float[np.ndarray, "v h w"]) -> Float[np.ndarray, "h vw"]:
    """Anterior at the left, posterior at the right."""
    return np.concatenate(list(views), axis=1)


def _outline(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """Pixels of the mask with a neighbour outside it."""
    inner = mask.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(mask, step, axis)
    return np.asarray(mask & ~inner)
