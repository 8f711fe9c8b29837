"""Masks from studies, of which only some were drawn on."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmseg_bone.data.batch import Batch
from mmseg_bone.losses.sides import deeply_supervised
from mmseg_bone.nn.network import Network
from mmseg_bone.tasks.base import MakeOptimizer, MaskTask
from mmseg_bone.tasks.schedule import Schedule


class SemiSupervisedTask(MaskTask):
    """Learn from the reference where there is one, and from the image everywhere.

    In each step ``label_weight · loss`` is of the studies somebody drew on, left out where
    the batch has none, and ``image_weight · image_loss`` of all. Validation is that of any
    task: Dice and ``loss`` on drawn studies. ``label_weight=0`` is unsupervised.

    The data module must be told to include undrawn studies (``data.include_undrawn=true``).
    Side heads learn from drawn studies alone; with such a network several processes need the
    strategy ``ddp_find_unused_parameters_true``.

    Source: Chen et al. 2021, https://arxiv.org/abs/2104.08623, the semi-supervised loss; the
    weights are our choice, theirs being unknown to us.

    Args:
        network: See ``MaskTask``, also for the rest.
        loss: Scores logits against the reference.
        optimizer: Makes the optimizer.
        image_loss: Scores logits on the image, where views were acquired.
        label_weight: Of ``loss``.
        image_weight: Of ``image_loss``.
        threshold: Probability from which a pixel counts as lesion.
        text_lr: Learning rate of the text encoder.
        schedule: Of the learning rate.
        warmup: Share of all steps in which it rises.
        gradient_clip: Largest norm of the gradient.
    """

    def __init__(
        self,
        network: Network,
        loss: nn.Module,
        optimizer: MakeOptimizer,
        image_loss: nn.Module,
        *,
        label_weight: float | int = 1.0,
        image_weight: float | int = 1.0,
        threshold: float = 0.5,
        text_lr: float | None = None,
        schedule: Schedule = "constant",
        warmup: float | int = 0.0,
        gradient_clip: float | int | None = None,
    ) -> None:
        super().__init__(
            network,
            loss,
            optimizer,
            threshold=threshold,
            text_lr=text_lr,
            schedule=schedule,
            warmup=warmup,
            gradient_clip=gradient_clip,
        )
        self.image_loss = image_loss
        self.label_weight = label_weight
        self.image_weight = image_weight
        self.save_hyperparameters({"label_weight": label_weight, "image_weight": image_weight})

    def score_images(self, logits: Float[Tensor, "b v h w"], batch: Batch) -> Tensor:
        """What all studies teach, drawn on or not."""
        loss: Tensor = self.image_loss(logits, batch["image"], batch["views"])
        return loss

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Score one batch, with gradients."""
        logits, sides = self.network.with_sides(**self.read(batch))
        of_image = self.score_images(logits, batch)
        logged = {"image_loss": of_image.detach()}
        loss: Tensor = self.image_weight * of_image
        drawn = batch.get("drawn", torch.ones_like(batch["views"][:, 0]))
        if drawn.any():
            learnt = ("mask", "views", *self.network.learns)
            of_labels = deeply_supervised(
                self.loss,
                logits[drawn],
                [side._replace(logits=side.logits[drawn]) for side in sides],
                {key: batch[key][drawn] for key in learnt},  # type: ignore[literal-required]
            )
            logged["label_loss"] = of_labels.detach()
            loss = loss + self.label_weight * of_labels
        self.log_training(batch, loss=loss.detach(), **logged)
        return loss
