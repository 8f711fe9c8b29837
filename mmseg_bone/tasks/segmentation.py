"""Masks from studies."""

from torch import Tensor

from mmseg_bone.data.batch import Batch
from mmseg_bone.tasks.base import MaskTask


class SegmentationTask(MaskTask):
    """Train a network to mark lesions.

    Text-free, text-fused and click-guided segmentation are all this task. They differ in the
    network, and in what that network reads from the batch. See ``MaskTask`` for the
    arguments.
    """

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Score one batch, with gradients."""
        _, loss = self.score(batch)
        self.log_training(batch, loss=loss.detach())
        return loss
