"""A few validation studies as pictures in the logger, with the masks as layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Float, UInt8
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger
from torch import Tensor

from mmseg_bone.data.batch import Batch

KEY, EFFECT_KEY = "val/overlays", "val/report_effect"  # of the pictures in W&B
REFERENCE, PREDICTION, UNREAD = "reference", "prediction", "without the report"
_SAID = ("token_mask", "evidence", "told")  # of a batch; all zeros where there is no report
_LABELS = {1: "metastasis"}
_COLOURS = {REFERENCE: (0, 160, 0), PREDICTION: (220, 0, 0)}  # as in every figure
_MORE, _LESS = (220, 0, 0), (0, 90, 220)  # more, less likely with the report than without


@dataclass(frozen=True, eq=False)
class Picture:
    """A study as it goes to the logger, its views side by side, anterior at the left.

    Attributes:
        id: Of the study in the store.
        caption: The same, and the report where that was asked for.
        image: From 0, white, to 1, black.
        layers: Masks over it, by name.
        effect: Probability of a lesion with the report, minus that without it; none where the
            network reads no report.
    """

    id: str
    caption: str
    image: Float[np.ndarray, "y x"]
    layers: Mapping[str, Bool[np.ndarray, "y x"]]
    effect: Float[np.ndarray, "y x"] | None = None


class LogOverlays(pl.Callback):
    """Show what the network marks: in W&B as layers to switch, in TensorBoard as outlines.

    Where the network reads reports, W&B gets one more layer: what it marks of the same image
    without the report. What the two differ by is what the words did, however they are fused;
    a second set of pictures has it pixel by pixel, in probability: red where the report makes a
    lesion more likely, blue where less. Unlike weights of attention, all ways of fusion have it.

    Pictures carry the study's id of the store, which is no hospital number, and the words of
    no report unless asked for. Other loggers are given nothing.

    Args:
        studies: How many of the validation fold, from its first on.
        every_n_epochs: How often.
        log_text: Whether the report is the caption.
    """

    def __init__(self, studies: int = 4, every_n_epochs: int = 10, log_text: bool = False) -> None:
        self.studies, self.every_n_epochs, self.log_text = studies, every_n_epochs, log_text
        self.pictures: list[Picture] = []

    def on_validation_epoch_start(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Begin anew."""
        self.pictures = []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        task: pl.LightningModule,
        outputs: Any,  # noqa: ANN401  (Lightning's)
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw the studies of this batch that are still wanted."""
        due = trainer.current_epoch % self.every_n_epochs == 0 and not trainer.sanity_checking
        wanted = min(len(batch["id"]), self.studies - len(self.pictures))
        if not (due and wanted > 0 and trainer.is_global_zero and _loggers(trainer)):
            return
        logits = _logits(task, batch)
        layers = {REFERENCE: batch["mask"]}
        layers |= {name: task.masks(given) for name, given in logits.items()}  # type: ignore[operator]
        effect = [_effect(logits)] if UNREAD in logits else []
        for place in range(wanted):
            height, width = batch["size"][place].tolist()
            image, *stacks = (
                _side_by_side(stack[place, :, :height, :width])
                for stack in (batch["image"], *layers.values(), *effect)
            )
            named = {name: mask > 0 for name, mask in zip(layers, stacks, strict=False)}
            id = batch["id"][place]
            caption = self._caption(trainer, id)
            self.pictures.append(Picture(id, caption, image, named, *stacks[len(layers) :]))

    def on_validation_epoch_end(self, trainer: pl.Trainer, task: pl.LightningModule) -> None:
        """Hand the pictures over, all at once: W&B keeps one set a step."""
        for logger in _loggers(trainer) if self.pictures else ():
            show = _in_wandb if isinstance(logger, WandbLogger) else _in_tensorboard
            show(logger, self.pictures, trainer.global_step)  # type: ignore[arg-type]

    def _caption(self, trainer: pl.Trainer, id: str) -> str:
        report = trainer.datamodule.store[id].report if self.log_text else None  # type: ignore[attr-defined]
        return id if report is None else f"{id}\n{report.text}"


def _loggers(trainer: pl.Trainer) -> list[WandbLogger | TensorBoardLogger]:
    return [x for x in trainer.loggers if isinstance(x, WandbLogger | TensorBoardLogger)]


def _logits(task: pl.LightningModule, batch: Batch) -> dict[str, Float[Tensor, "b v h w"]]:
    """What the network answers; and what it does unread, if it reads reports."""
    with torch.inference_mode():
        logits = {PREDICTION: task(batch)}
        reads = set(task.network.reads) & set(_SAID)  # type: ignore[arg-type, union-attr]
        if reads:
            silence = {key: torch.zeros_like(batch[key]) for key in reads}  # type: ignore[literal-required]
            logits[UNREAD] = task(batch | silence)
    return logits


def _effect(logits: Mapping[str, Float[Tensor, "b v h w"]]) -> Float[Tensor, "b v h w"]:
    return logits[PREDICTION].sigmoid() - logits[UNREAD].sigmoid()


def _in_wandb(logger: WandbLogger, pictures: list[Picture], step: int) -> None:
    logger.log_image(
        KEY,
        [_dark_on_white(picture.image) for picture in pictures],
        step=step,
        caption=[picture.caption for picture in pictures],
        masks=[
            {
                name: {"mask_data": mask.astype(np.uint8), "class_labels": _LABELS}
                for name, mask in picture.layers.items()
            }
            for picture in pictures
        ],
    )
    effects = [_tinted(p.image, p.effect) for p in pictures if p.effect is not None]
    if effects:
        captions = [picture.caption for picture in pictures]
        logger.log_image(EFFECT_KEY, effects, step=step, caption=captions)


def _in_tensorboard(logger: TensorBoardLogger, pictures: list[Picture], step: int) -> None:
    board = logger.experiment
    for picture in pictures:
        drawn = np.repeat(_dark_on_white(picture.image)[..., None], 3, axis=2)
        for name, colour in _COLOURS.items():
            drawn[_outline(picture.layers[name])] = colour
        board.add_image(f"val/{picture.id}", drawn, step, dataformats="HWC")
        if picture.caption != picture.id:
            board.add_text(f"val/{picture.id}/report", picture.caption, step)


def _tinted(
    image: Float[np.ndarray, "y x"], effect: Float[np.ndarray, "y x"]
) -> UInt8[np.ndarray, "y x 3"]:
    """The image, the more in colour the more the report changed."""
    colour = np.where(effect[..., None] > 0, _MORE, _LESS)
    share = np.abs(effect)[..., None]
    return np.asarray((1 - share) * _dark_on_white(image)[..., None] + share * colour, np.uint8)


def _dark_on_white(image: Float[np.ndarray, "y x"]) -> np.ndarray:
    return np.asarray(255 * (1 - image), np.uint8)


def _side_by_side(views: Tensor) -> Float[np.ndarray, "h vw"]:
    """Anterior at the left, posterior at the right."""
    return np.concatenate(list(views.float().cpu().numpy()), axis=1)


def _outline(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """Pixels of the mask with a neighbour outside it."""
    inner = mask.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(mask, step, axis)
    return np.asarray(mask & ~inner)
