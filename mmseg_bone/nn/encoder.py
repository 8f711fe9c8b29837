"""The half of a U-Net that looks at ever larger pieces of the body."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.conv import ConvBlock, Norm


class Encoder(nn.Module):
    """Convolve, halve, convolve, halve.

    Args:
        channels_in: Channels of the image.
        widths: Channels of each level; level ``l`` has ``1 / 2^l`` of height and width.
        norm: Between the convolutions.
    """

    def __init__(self, channels_in: int, widths: Sequence[int], norm: Norm = "instance") -> None:
        super().__init__()
        before = (channels_in, *widths[:-1])
        self.levels = nn.ModuleList(
            ConvBlock(a, b, norm) for a, b in zip(before, widths, strict=True)
        )

    def forward(self, image: Float[Tensor, "n c h w"]) -> list[Float[Tensor, "n _ _ _"]]:
        """Features of each level, finest first."""
        features: list[Tensor] = []
        for level in self.levels:
            image = level(functional.max_pool2d(features[-1], 2) if features else image)
            features.append(image)
        return features
