"""A critic that sees where a prediction differs from its reference, at several scales."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.conv import make_norm

Pairing = Literal["multiply", "concat"]
_KERNELS = (7, 5, 4, 4, 4, 3)
_WIDTHS = (1, 2, 4, 8, 8, 8)  # times base_channels


class MultiScaleCritic(nn.Module):
    """Describes an image and its mask by the outputs of all its convolutions.

    It gives no verdict of real or made. Two masks of one image are compared by their
    descriptions, see ``losses.adversarial``; equal masks are described alike. Every view is
    an image of its own.

    Where batches are small, batch norm would let a study's neighbours change its
    description; group norm does not, and takes images of any size. Building a critic leaves
    torch's random numbers as they were, so that training without it draws the same ones.

    Source: Xue et al. 2018 (SegAN), https://arxiv.org/abs/1706.01805, sec. 3.1-3.2: six
    convolutions of stride two with leaky ReLU (slope 0.2), no norm in the first. They have
    64 channels in the first and batch norm; we have ``base_channels`` and group norm.

    Args:
        base_channels: Of the first convolution; up to eight times as many later.
        pairing: How image and mask come together: ``multiply``, the image where the mask is,
            as in the paper, or ``concat``, two channels.
        seed: Of the weights.
    """

    def __init__(
        self, base_channels: int = 16, pairing: Pairing = "multiply", seed: int = 0
    ) -> None:
        super().__init__()
        self.pairing = pairing
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            widths = [base_channels * times for times in _WIDTHS]
            before = [1 if pairing == "multiply" else 2, *widths[:-1]]
            self.convolutions = nn.ModuleList(
                nn.Conv2d(a, b, kernel, stride=2, padding=kernel // 2, bias=place == 0)
                for place, (a, b, kernel) in enumerate(zip(before, widths, _KERNELS, strict=True))
            )
            self.norms = nn.ModuleList(
                [nn.Identity(), *(make_norm("group", width) for width in widths[1:])]
            )

    def forward(
        self, image: Float[Tensor, "b v h w"], mask: Float[Tensor, "b v h w"]
    ) -> list[Float[Tensor, "n _ _ _"]]:
        """The pair itself, and what each convolution makes of it.

        Args:
            image: In [0, 1].
            mask: A reference as 0 and 1, or the probability of lesion.
        """
        pair = image * mask if self.pairing == "multiply" else torch.stack([image, mask], dim=2)
        described = [pair.reshape(-1, *self._size(pair))]
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            described.append(functional.leaky_relu(norm(convolution(described[-1])), 0.2))
        return described

    def _size(self, pair: Tensor) -> tuple[int, int, int]:
        """Channels, height and width of a pair seen as an image."""
        return (1 if self.pairing == "multiply" else 2, pair.shape[-2], pair.shape[-1])
