"""The half of a U-Net that looks at ever larger pieces of the body."""

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.conv import Block, ConvBlock, Norm


class Encoder(nn.Module):
    """Convolve, halve, convolve, halve.

    Args:
        channels_in: Channels of the image.
        widths: Channels of each level; level ``l`` has ``1 / 2^l`` of height and width.
        norm: Between the convolutions.
        block: Makes the convolutions of a level.
        coarsest: Each makes something more for the coarsest level, given its channels.
    """

    def __init__(
        self,
        channels_in: int,
        widths: Sequence[int],
        norm: Norm = "instance",
        block: Block = ConvBlock,
        coarsest: Sequence[Callable[[int], nn.Module]] = (),
    ) -> None:
        super().__init__()
        before = (channels_in, *widths[:-1])
        self.levels = nn.ModuleList(block(a, b, norm) for a, b in zip(before, widths, strict=True))
        self.coarsest = nn.Sequential(*(make(widths[-1]) for make in coarsest))

    def forward(self, image: Float[Tensor, "n c h w"]) -> list[Float[Tensor, "n _ _ _"]]:
        """Features of each level, finest first."""
        features: list[Tensor] = []
        for level in self.levels:
            image = level(functional.max_pool2d(features[-1], 2) if features else image)
            features.append(image)
        return [*features[:-1], self.coarsest(features[-1])]
