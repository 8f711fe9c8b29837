"""Masks from studies, against a critic (cGAN)."""

from pytorch_lightning.utilities.types import OptimizerConfig, OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmseg_bone.data.batch import Batch
from mmseg_bone.errors import TaskError
from mmseg_bone.nn.discriminator import MultiScaleCritic
from mmseg_bone.nn.network import Network
from mmseg_bone.tasks.base import MakeOptimizer, MaskTask
from mmseg_bone.tasks.schedule import Schedule


class AdversarialTask(MaskTask):
    """Train a network to mark lesions so that a critic cannot tell its masks from a reader's.

    In each step the network lowers ``loss + weight · distance``, in which the critic gets no
    gradient; then the critic raises the distance, in which the network gets none, and its
    weights are clipped. The distance is 0 where prediction and reference are equal. The
    network learns alone for the first epochs: against noise a critic has an easy game.

    With ``weight=0`` this is ``SegmentationTask``, number for number. Lightning counts the
    steps of both optimizers, so ``max_steps`` is reached in half as many batches once both
    move. Several processes need the strategy ``ddp_find_unused_parameters_true``, and are told so.

    Source: Xue et al. 2018 (SegAN), https://arxiv.org/abs/1706.01805, sec. 3.2; a critic on
    products of image and mask beside a segmentation loss, as Wu et al. 2025 (MSA-Net),
    https://doi.org/10.1186/s40658-025-00785-w. Their weight and schedule are unknown to us.

    Args:
        network: See ``MaskTask``, also for the rest.
        loss: Scores logits against the reference.
        optimizer: Of the network.
        critic: Describes an image and its mask.
        adversarial: Distance of two descriptions.
        critic_optimizer: Of the critic.
        weight: Of the distance in what the network lowers.
        critic_from_epoch: The first epoch, from 0, in which the critic takes part.
        critic_clip: Largest absolute value of the critic's weights.
        threshold: Probability from which a pixel counts as lesion.
        text_lr: Learning rate of the text encoder.
        schedule: Of the network's learning rate; the critic's is constant.
        warmup: Share of all steps in which it rises.
        gradient_clip: Largest norm of the network's gradient.
    """

    def __init__(
        self,
        network: Network,
        loss: nn.Module,
        optimizer: MakeOptimizer,
        critic: MultiScaleCritic,
        adversarial: nn.Module,
        critic_optimizer: MakeOptimizer,
        *,
        weight: float | int = 0.1,
        critic_from_epoch: int = 0,
        critic_clip: float = 0.05,
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
        self.automatic_optimization = False
        self.critic = critic
        self.adversarial = adversarial
        self.make_critic_optimizer = critic_optimizer
        self.weight = weight
        self.critic_from_epoch = critic_from_epoch
        self.critic_clip = critic_clip
        self.save_hyperparameters(
            {
                "weight": weight,
                "critic_from_epoch": critic_from_epoch,
                "critic_clip": critic_clip,
            }
        )

    def on_train_start(self) -> None:
        """See that processes do not wait for gradients the other of the two has none of.

        Raises:
            TaskError: They would, and end in an error that does not say why.
        """
        model = self.trainer.strategy.model
        if isinstance(model, DistributedDataParallel) and not model.find_unused_parameters:
            raise TaskError(
                "with a critic each step leaves one of two networks without gradients, for which "
                "several processes wait. Set trainer.strategy=ddp_find_unused_parameters_true."
            )

    def distance(self, batch: Batch, probability: Tensor) -> Tensor:
        """What the critic makes of the difference to the reference, in acquired views."""
        acquired = batch["views"][:, :, None, None]
        image = batch["image"]
        reference = (batch["mask"] & acquired).to(image.dtype)
        distance: Tensor = self.adversarial(
            self.critic(image, (probability * acquired).to(image.dtype)),
            self.critic(image, reference),
        )
        return distance

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of the network, and one of the critic once it takes part."""
        for_network, for_critic = self.optimizers()  # type: ignore[attr-defined]
        contested = self.weight > 0 and self.current_epoch >= self.critic_from_epoch

        self.toggle_optimizer(for_network)
        logits, loss = self.score(batch)
        logged = {"loss": loss.detach()}
        probability = logits.float().sigmoid()
        if contested:
            distance = self.distance(batch, probability)
            logged["adversarial"] = distance.detach()
            loss = loss + self.weight * distance
        for_network.zero_grad()
        self.manual_backward(loss)
        self.configure_gradient_clipping(for_network)
        for_network.step()
        self.untoggle_optimizer(for_network)

        if contested:
            self.toggle_optimizer(for_critic)
            distance = self.distance(batch, probability.detach())
            for_critic.zero_grad()
            self.manual_backward(-distance)
            for_critic.step()
            self.untoggle_optimizer(for_critic)
            for parameter in self.critic.parameters():
                parameter.data.clamp_(-self.critic_clip, self.critic_clip)

        self.log_training(batch, **logged)
        self.lr_schedulers().step()  # type: ignore[union-attr]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The network's as ever, and one for the critic."""
        critic = self.make_critic_optimizer([{"params": list(self.critic.parameters())}])
        return [self.network_optimizer(), OptimizerConfig(optimizer=critic)]
