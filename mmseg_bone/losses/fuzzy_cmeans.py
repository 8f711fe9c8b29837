"""Fuzzy C-means as a loss: what can be learnt from scans that nobody drew on.

A network's probability of lesion, and of its absence, is read as the membership of a pixel
in two classes; the functions take any number. All is computed in float32 or better.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

_TINY = 1e-6  # pixels; an empty class has a centroid of 0


def centroids(
    membership: Float[Tensor, "n k *space"],
    image: Float[Tensor, "n *space"],
    fuzziness: float | int = 2.0,
) -> Float[Tensor, "n k"]:
    """Mean of the image in each class, ``c_k = Σ u_k^q I / Σ u_k^q``; of an empty class 0."""
    weight = membership.pow(fuzziness).flatten(2)
    return (weight * image.flatten(1)[:, None]).sum(2) / weight.sum(2).clamp(min=_TINY)


def spread(
    membership: Float[Tensor, "n k *space"],
    image: Float[Tensor, "n *space"],
    fuzziness: float | int = 2.0,
) -> Float[Tensor, " n"]:
    """How far pixels are from the mean of their class: ``mean_v Σ_k u_k^q (I - c_k)²``."""
    weight = membership.pow(fuzziness).flatten(2)
    means = centroids(membership, image, fuzziness)
    far = (image.flatten(1)[:, None] - means[:, :, None]).square()
    return (weight * far).sum(1).mean(1)


def roughness(
    membership: Float[Tensor, "n k *space"], fuzziness: float | int = 2.0
) -> Float[Tensor, " n"]:
    """How much neighbours are of other classes: ``mean_v Σ_k u_k^q Σ_{w, j≠k} u_j^q(w)``.

    Neighbours ``w`` touch ``v`` by a side or a corner, 8 in an image and 26 in a volume;
    there are none outside.
    """
    weight = membership.pow(fuzziness)
    near = _sum_of_neighbours(weight)
    others = near.sum(dim=1, keepdim=True) - near
    return (weight * others).sum(1).flatten(1).mean(1)


def _sum_of_neighbours(values: Float[Tensor, "n k *space"]) -> Float[Tensor, "n k *space"]:
    total = values
    for axis in range(2, values.ndim):  # sums of three along one axis after the other
        size, after = total.shape[axis], total.ndim - 1 - axis  # ``pad`` counts from the last
        padded = functional.pad(total, (0, 0) * after + (1, 1))
        before, here, behind = (padded.narrow(axis, start, size) for start in range(3))
        total = before + here + behind
    return total - values


def disagreement(
    membership: Float[Tensor, "n k *space"],
    reference: Float[Tensor, "n k *space"] | Bool[Tensor, "n k *space"],
    fuzziness: float | int = 2.0,
) -> Float[Tensor, " n"]:
    """Membership in the wrong classes: ``mean_v 1/K Σ_k u_k^q (y_k - 1)²``."""
    wrong = (reference.to(membership.dtype) - 1).square()
    return (membership.pow(fuzziness) * wrong).mean(1).flatten(1).mean(1)


class RobustFuzzyCMeans(nn.Module):
    """Unsupervised: pixels of a class look alike, and neighbours are of one class.

    ``spread + β · roughness``, each view by itself. It does not know which of the two classes
    is the lesion, nor that a bladder is none; some scans with a reference must say so. A
    scan without a lesion is divided all the same, so give it little weight where those are many.

    Source: Chen et al. 2021, https://arxiv.org/abs/2104.08623, their unsupervised loss (RFCM),
    with its ``q`` and ``β``. They have three classes in volumes; we have two, lesion or not.

    Args:
        fuzziness: ``q``: 1 is hard, more is softer.
        smoothness: ``β``, of roughness.
    """

    def __init__(self, fuzziness: float | int = 2.0, smoothness: float | int = 8e-4) -> None:
        super().__init__()
        self.fuzziness, self.smoothness = fuzziness, smoothness

    def forward(
        self,
        logits: Float[Tensor, "b v *space"],
        image: Float[Tensor, "b v *space"],
        views: Bool[Tensor, "b v"] | None = None,
    ) -> Float[Tensor, ""]:
        """Score logits on the image alone; mean over acquired views."""
        with torch.autocast(logits.device.type, enabled=False):
            membership = memberships(logits)
            pixels = image.flatten(0, 1).to(membership.dtype)
            each = spread(membership, pixels, self.fuzziness)
            each = each + self.smoothness * roughness(membership, self.fuzziness)
            return _over_views(each, views)


class SupervisedFuzzyCMeans(nn.Module):
    """Supervised: as little membership in the wrong class as can be.

    0 at a perfect prediction. All pixels count alike, so that few lesions count little.

    Source: Chen et al. 2021, https://arxiv.org/abs/2104.08623, their supervised loss.

    Args:
        fuzziness: ``q``.
    """

    def __init__(self, fuzziness: float | int = 2.0) -> None:
        super().__init__()
        self.fuzziness = fuzziness

    def forward(
        self,
        logits: Float[Tensor, "b v *space"],
        reference: Bool[Tensor, "b v *space"],
        views: Bool[Tensor, "b v"] | None = None,
    ) -> Float[Tensor, ""]:
        """Score logits against the reference; mean over acquired views."""
        with torch.autocast(logits.device.type, enabled=False):
            lesion = reference.flatten(0, 1)
            classes = torch.stack([~lesion, lesion], dim=1)
            return _over_views(disagreement(memberships(logits), classes, self.fuzziness), views)


def memberships(logits: Float[Tensor, "b v *space"]) -> Float[Tensor, "n 2 *space"]:
    """Membership in "no lesion" and in "lesion", every view by itself."""
    each = logits.flatten(0, 1)
    each = each.float() if each.dtype in (torch.float16, torch.bfloat16) else each
    return torch.stack([(-each).sigmoid(), each.sigmoid()], dim=1)


def _over_views(each: Float[Tensor, " n"], views: Bool[Tensor, "b v"] | None) -> Float[Tensor, ""]:
    if views is None:
        return each.mean()
    acquired = views.flatten()
    return each.masked_fill(~acquired, 0.0).sum() / acquired.sum().clamp(min=1)
