"""What every task that learns masks shares."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytorch_lightning as pl
from jaxtyping import Bool, Float
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.utilities.types import OptimizerLRScheduler, OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import Optimizer

from mmseg_bone.data.batch import Batch
from mmseg_bone.errors import BatchError, TextModelError
from mmseg_bone.losses.sides import deeply_supervised
from mmseg_bone.nn.network import Network, Side
from mmseg_bone.tasks.schedule import Schedule, make_schedule
from mmseg_bone.tasks.scores import StudyDice
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.states import digest_of

_LEFT_OUT = "left_out"  # of a checkpoint: digests of frozen text encoders, by their place
MakeOptimizer = Callable[[Iterable[Any]], Optimizer]


class MaskTask(pl.LightningModule):
    """A network that marks lesions, how it is scored, and how its parameters move.

    Abstract: a task adds the step of training. It is handed its parts and never asks which
    they are. Clip gradients by ``gradient_clip`` here rather than by the trainer, which
    cannot where a task optimises by hand. A checkpoint holds weights, optimiser states and
    the numbers below; no module is pickled and no text is in it. Of a text encoder it holds
    what learns: what is frozen is read again from where it came from, and has to be the same.

    Args:
        network: Gives one logit per pixel of every view.
        loss: Scores logits against the reference, where views were acquired; lower is better.
        optimizer: Makes the optimizer, given groups of parameters.
        threshold: Probability from which a pixel counts as lesion.
        text_lr: Learning rate of the text encoder; that of the rest if None.
        schedule: ``constant`` or ``cosine``, see ``tasks.schedule``.
        warmup: Share of all steps in which the learning rate rises.
        gradient_clip: Largest norm of the network's gradient; None leaves it as it is.
    """

    def __init__(
        self,
        network: Network,
        loss: nn.Module,
        optimizer: MakeOptimizer,
        *,
        threshold: float = 0.5,
        text_lr: float | None = None,
        schedule: Schedule = "constant",
        warmup: float | int = 0.0,
        gradient_clip: float | int | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.loss = loss
        self.make_optimizer = optimizer
        self.threshold = threshold
        self.text_lr = text_lr
        self.schedule: Schedule = schedule
        self.warmup = warmup
        self.gradient_clip = gradient_clip
        self.val_dice = StudyDice()
        self.save_hyperparameters(
            {
                "network": type(network).__name__,
                "parameters": sum(p.numel() for p in network.parameters()),
                "threshold": threshold,
                "text_lr": text_lr,
                "schedule": schedule,
                "warmup": warmup,
                "gradient_clip": gradient_clip,
            }
        )

    def forward(self, batch: Batch) -> Float[Tensor, "b v *space"]:
        """Logits: what the network makes of the parts of the batch it reads."""
        logits: Tensor = self.network(**self.read(batch))
        return logits

    def read(self, batch: Batch) -> dict[str, Tensor]:
        """The parts of the batch that the network reads; what it learns is asked for too.

        Raises:
            BatchError: The batch does not carry what the network reads.
        """
        needed = set(self.network.reads) | set(self.network.learns if self.training else ())
        missing = needed - batch.keys()
        if missing:
            raise BatchError(
                f"{type(self.network).__name__} reads {', '.join(sorted(missing))}, which this "
                f"batch does not carry; it has {', '.join(sorted(batch))}. Choose a data config "
                f"that encodes it (data=with_report, data=with_evidence), or a model that does "
                f"not read it."
            )
        return {key: batch[key] for key in self.network.reads}  # type: ignore[literal-required]

    def masks(self, logits: Float[Tensor, "b v *space"]) -> Bool[Tensor, "b v *space"]:
        """Pixels marked as lesion."""
        return logits.sigmoid() >= self.threshold

    def score(self, batch: Batch) -> tuple[Float[Tensor, "b v *space"], Float[Tensor, ""]]:
        """Logits of a batch, and their loss; in training also that of side heads.

        Raises:
            BatchError: Nobody drew on one of the studies.
        """
        if "drawn" in batch:
            raise BatchError(
                f"{type(self).__name__} learns from masks, and nobody drew on some studies of "
                f"this batch. Choose task=semi_supervised, or data.include_undrawn=false."
            )
        sides: Sequence[Side] = ()
        if self.training:
            logits, sides = self.network.with_sides(**self.read(batch))
        else:
            logits = self(batch)
        loss = deeply_supervised(self.loss, logits, sides, batch)
        return logits, loss

    def log_training(self, batch: Batch, **values: Tensor) -> None:
        """Log values of a step, averaged over the epoch, and the learning rates of now."""
        groups = self.trainer.optimizers[0].param_groups
        rates = {"lr": groups[0]["lr"]} | ({"lr_text": groups[1]["lr"]} if groups[1:] else {})
        for name, value in (values | rates).items():
            self.log(
                f"train/{name}",
                value,
                on_step=False,
                on_epoch=True,
                sync_dist=True,
                batch_size=len(batch["id"]),
                prog_bar=name == "loss",
            )

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one held-out batch."""
        logits, loss = self.score(batch)
        self.val_dice.update(self.masks(logits), batch["mask"], batch["views"])
        self.log("val/loss", loss, batch_size=len(batch["id"]), sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Score the held-out fold; Dice is of studies, never of batches."""
        for name, value in self.val_dice.compute().items():
            self.log(f"val/{name}", value, prog_bar=name == "dice")
        self.val_dice.reset()

    def predict_step(self, batch: Batch, batch_idx: int) -> dict[str, Float[Tensor, "_ _ _"]]:
        """Probability of lesion per pixel, by study id, without the batch's padding."""
        probability = self(batch).float().sigmoid()
        heights_widths = batch["size"].tolist()
        return {
            id: probability[i, :, :height, :width]
            for i, (id, (height, width)) in enumerate(zip(batch["id"], heights_widths, strict=True))
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out what is frozen of a text encoder, which may be 400 MB at every epoch."""
        checkpoint[_LEFT_OUT] = {}
        for place, frozen in self._frozen():
            checkpoint[_LEFT_OUT][place] = digest_of(frozen)
            for name in frozen:
                del checkpoint["state_dict"][f"{place}.{name}"]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put back what was left out; a checkpoint that holds everything stays as it is.

        Raises:
            TextModelError: The text encoder is not the one that was left out.
        """
        here = dict(self._frozen())
        for place, digest in checkpoint.get(_LEFT_OUT, {}).items():
            found = digest_of(here.get(place, {}))
            if found != digest:
                raise TextModelError(
                    f"the checkpoint goes with a text encoder whose frozen weights have the "
                    f"digest {digest[:12]}, and those here have {found[:12]}. Put the encoder "
                    f"back that it was trained with (text.model, text.tune), or begin anew."
                )
            own = {f"{place}.{name}": tensor for name, tensor in here[place].items()}
            checkpoint["state_dict"] |= own

    def _frozen(self) -> Iterator[tuple[str, dict[str, Tensor]]]:
        """What does not learn of each text encoder, by the encoder's place in the task."""
        for place, part in self.named_modules():
            if isinstance(part, ReportEncoder) and part.frozen:
                yield place, part.frozen_state()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimise the network."""
        return self.network_optimizer()

    def network_optimizer(self) -> OptimizerLRSchedulerConfig:
        """Moves whatever is not frozen, the text encoder at its own rate."""
        optimizer = self.make_optimizer(self.parameter_groups())
        scheduler = make_schedule(
            optimizer,
            steps=int(self.trainer.estimated_stepping_batches),
            warmup=self.warmup,
            schedule=self.schedule,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def parameter_groups(self) -> list[dict[str, Any]]:
        """One group, or a second one for the text encoder where it has a rate of its own."""
        text = [p for p in self.network.text_parameters() if p.requires_grad]
        if self.text_lr is None or not text:
            return [{"params": [p for p in self.network.parameters() if p.requires_grad]}]
        known = {id(p) for p in text}
        rest = [p for p in self.network.parameters() if p.requires_grad and id(p) not in known]
        return [{"params": rest}, {"params": text, "lr": self.text_lr}]

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer | LightningOptimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm of the network's gradient."""
        self.clip_gradients(
            optimizer,  # type: ignore[arg-type]  # a LightningOptimizer does as well
            gradient_clip_val=self.gradient_clip or gradient_clip_val,
            gradient_clip_algorithm=gradient_clip_algorithm or "norm",
        )
