"""Dice of a validation epoch, right across batches and processes."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import Metric


class StudyDice(Metric):
    """Dice of the epoch's studies: pooled over their pixels, and averaged over studies.

    ``dice_micro`` pools true and false pixels of all studies before dividing, so large
    lesions weigh most and false alarms on normal scans count. ``dice`` is the mean over
    studies with a lesion, each counting once; others have no overlap to average. Either is
    nan where it is undefined: no lesion in the fold, and for ``dice_micro`` none predicted
    either. Views that were not acquired are left out.

    Counts are summed over processes before dividing. A distributed sampler may repeat a
    study to even out the processes; such a study counts twice.
    """

    full_state_update = False
    true_positive: Tensor
    false_positive: Tensor
    false_negative: Tensor
    dice_sum: Tensor
    with_lesion: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("true_positive", "false_positive", "false_negative", "with_lesion"):
            self.add_state(name, torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("dice_sum", torch.zeros(()), dist_reduce_fx="sum")

    def update(
        self,
        prediction: Bool[Tensor, "b v *space"],
        reference: Bool[Tensor, "b v *space"],
        views: Bool[Tensor, "b v"] | None = None,
    ) -> None:
        """Count the pixels of some studies."""
        p, r = prediction.flatten(2), reference.flatten(2)
        if views is not None:
            p, r = p & views[:, :, None], r & views[:, :, None]
        tp, fp, fn = ((a & b).sum((1, 2)) for a, b in ((p, r), (p, ~r), (~p, r)))
        self.true_positive += tp.sum()
        self.false_positive += fp.sum()
        self.false_negative += fn.sum()
        self.with_lesion += (tp + fn > 0).sum()
        # A study without a lesion has no true positive, and adds nothing here.
        self.dice_sum += (2 * tp / (2 * tp + fp + fn).clamp(min=1)).sum()

    def compute(self) -> dict[str, Float[Tensor, ""]]:
        """``dice`` and ``dice_micro``; 0/0 is nan."""
        pooled = 2 * self.true_positive + self.false_positive + self.false_negative
        return {
            "dice": self.dice_sum / self.with_lesion,
            "dice_micro": 2 * self.true_positive / pooled,
        }
