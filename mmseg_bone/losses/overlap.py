"""Losses on the overlap of prediction and reference."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional


def soft_dice(
    probability: Float[Tensor, "b v *space"],
    reference: Bool[Tensor, "b v *space"],
    *,
    views: Bool[Tensor, "b v"] | None = None,
    smoothing: float | int = 1.0,
    pooled: bool = False,
) -> Float[Tensor, " _"]:
    """Overlap of a predicted probability with the reference, per study, from 0 to 1.

    ``(2 Σ p·r + s) / (Σ p + Σ r + s)``, summed over acquired views and pixels. Where the
    reference is empty this is 1 if nothing is predicted and falls with every pixel that is,
    so a normal scan teaches too. But it teaches hard: while little is found, the surest way to
    please a batch is to mark nothing anywhere. ``pooled`` sums over all studies first and gives
    one number, in which a normal scan counts by the pixels wrongly marked.

    Source: Milletari et al. 2016, https://arxiv.org/abs/1606.04797, sec. 3. They square
    ``p`` and ``r`` in the denominator; we do not.
    """
    p, r = probability.flatten(2), reference.flatten(2).to(probability.dtype)
    if views is not None:
        p, r = p * views[:, :, None], r * views[:, :, None]
    over = (0, 1, 2) if pooled else (1, 2)
    overlap, size = (p * r).sum(over), p.sum(over) + r.sum(over)
    dice: Tensor = (2 * overlap + smoothing) / (size + smoothing)
    return dice.reshape(-1)


def cross_entropy(
    logits: Float[Tensor, "b v *space"],
    reference: Bool[Tensor, "b v *space"],
    *,
    views: Bool[Tensor, "b v"] | None = None,
) -> Float[Tensor, ""]:
    """Binary cross-entropy in nats, averaged over the pixels of all acquired views."""
    each = functional.binary_cross_entropy_with_logits(
        logits, reference.to(logits.dtype), reduction="none"
    ).flatten(2)
    if views is None:
        return each.mean()
    acquired = views.sum() * each.shape[2]
    return each.masked_fill(~views[:, :, None], 0.0).sum() / acquired.clamp(min=1)


class DiceCrossEntropy(nn.Module):
    """``a · (1 - soft Dice) + b · cross-entropy``, on logits.

    Dice looks at the few pixels of the lesions, cross-entropy at all; together they are 0
    only at a perfect prediction. Views that were not acquired are left out of both.
    Computed in float32, whatever the logits are: sums over a scan overflow half precision.

    Source: the unweighted sum is that of Isensee et al. 2021,
    https://doi.org/10.1038/s41592-020-01008-z, in two dimensions pooled over the batch; binary
    is our choice.

    Args:
        dice: Weight ``a``.
        cross_entropy: Weight ``b``.
        smoothing: Pixels added to both sides of the Dice quotient.
        pooled: Dice of all studies of a batch as if they were one, see ``soft_dice``.
    """

    def __init__(
        self,
        dice: float | int = 1.0,
        cross_entropy: float | int = 1.0,
        smoothing: float | int = 1.0,
        pooled: bool = False,
    ) -> None:
        super().__init__()
        self.dice, self.cross_entropy, self.smoothing = dice, cross_entropy, smoothing
        self.pooled = pooled

    def forward(
        self,
        logits: Float[Tensor, "b v *space"],
        reference: Bool[Tensor, "b v *space"],
        views: Bool[Tensor, "b v"] | None = None,
    ) -> Float[Tensor, ""]:
        """Score logits against the reference; lower is better, 0 is perfect."""
        with torch.autocast(logits.device.type, enabled=False):
            logits = logits.float()
            overlap = soft_dice(
                logits.sigmoid(),
                reference,
                views=views,
                smoothing=self.smoothing,
                pooled=self.pooled,
            ).mean()
            entropy = cross_entropy(logits, reference, views=views)
            return self.dice * (1 - overlap) + self.cross_entropy * entropy
