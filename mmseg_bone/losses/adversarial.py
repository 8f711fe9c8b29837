"""What a critic holds against a prediction."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MultiScaleL1(nn.Module):
    """How differently a critic describes prediction and reference: 0 where they are equal.

    ``Σ w_i |a_i - b_i| / N`` over all N values of all descriptions: the mean of the absolute
    difference of the descriptions laid end to end, each with its weight.

    Source: Xue et al. 2018 (SegAN), https://arxiv.org/abs/1706.01805, eq. 1-2; the weights
    are those of the authors' code.

    Args:
        weights: Of the pair itself and of each convolution's output.
    """

    def __init__(self, weights: Sequence[float | int] = (1, 1, 2, 2, 2, 2, 4)) -> None:
        super().__init__()
        self.weights = tuple(weights)

    def forward(
        self,
        prediction: Sequence[Float[Tensor, "..."]],
        reference: Sequence[Float[Tensor, "..."]],
    ) -> Float[Tensor, ""]:
        """Mean weighted difference of two descriptions, in float32."""
        differences = [
            weight * (a.float() - b.float()).abs().sum()
            for weight, a, b in zip(self.weights, prediction, reference, strict=True)
        ]
        return torch.stack(differences).sum() / sum(a.numel() for a in prediction)
