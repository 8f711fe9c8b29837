"""Parts that look at a place from near and from far at once.

They stand for the blocks that MSA-Net names: residual multi-scale, multi-scale feature
extraction, cascaded dilated convolutions, pyramid (Wu et al. 2025,
https://doi.org/10.1186/s40658-025-00785-w). How those are wired is not known to us; what is
here is our choice, after the source each class names.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.conv import Layers, Norm, make_norm, make_shortcut
from mmseg_bone.nn.pointwise import Pointwise


def convolve(
    channels_in: int, channels_out: int, norm: Norm, kernel: int = 1, dilation: int = 1
) -> Layers:
    """Convolution that keeps height and width, norm, leaky ReLU (slope 0.01)."""
    padding = dilation * (kernel // 2)
    return Layers(
        nn.Conv2d(
            channels_in, channels_out, kernel, padding=padding, dilation=dilation, bias=False
        ),
        make_norm(norm, channels_out),
        nn.LeakyReLU(0.01, inplace=True),
    )


class ResidualMultiScale(nn.Module):
    """Sees 3×3, 5×5 and 7×7 pixels around each, beside a shortcut; a ``nn.conv.Block``.

    A 1×1 convolution to half the channels, three 3×3 convolutions one after the other, what
    each gives side by side, a 1×1 convolution, the sum with what came in.

    Source: Ibtehaz & Rahman 2020 (MultiResUNet), https://arxiv.org/abs/1902.04049, sec. 3.1,
    from where it is that the three share their convolutions. They have no 1×1 before and
    after, and branches of unequal width.
    """

    def __init__(self, channels_in: int, channels_out: int, norm: Norm = "instance") -> None:
        super().__init__()
        inner = max(1, channels_out // 2)
        self.enter = convolve(channels_in, inner, norm)
        self.scales = nn.ModuleList(convolve(inner, inner, norm, kernel=3) for _ in range(3))
        self.leave = nn.Sequential(
            Pointwise(3 * inner, channels_out, bias=False), make_norm(norm, channels_out)
        )
        self.shortcut = make_shortcut(channels_in, channels_out, norm)

    def forward(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n _ h w"]:
        """``leaky(change(x) + x)``."""
        seen = [self.enter(features)]
        for scale in self.scales:
            seen.append(scale(seen[-1]))
        change = self.leave(torch.cat(seen[1:], dim=1))
        return functional.leaky_relu(change + self.shortcut(features), 0.01)


class MultiScaleExtraction(nn.Module):
    """A skip connection seen through windows of 1, 3 and 5 pixels and as a mean of 3×3.

    Each in a quarter of the channels, side by side, mixed by a 1×1 convolution.

    Source: Szegedy et al. 2015 (Inception), https://arxiv.org/abs/1409.4842, sec. 4, without
    the convolutions that go before; they have the maximum where we have the mean.

    Args:
        channels: Of the skip connection.
        channels_coarser: Not used; a ``Decoder`` says it.
        norm: After the convolutions.
    """

    def __init__(self, channels: int, channels_coarser: int, norm: Norm = "instance") -> None:
        super().__init__()
        inner = max(1, channels // 4)
        self.windows = nn.ModuleList(
            convolve(channels, inner, norm, kernel=kernel) for kernel in (1, 3, 5)
        )
        self.mean = convolve(channels, inner, norm)
        self.mix = Pointwise(4 * inner, channels)

    def forward(
        self,
        features: Float[Tensor, "n c h w"],
        coarser: Float[Tensor, "n d i j"] | None = None,
    ) -> Float[Tensor, "n c h w"]:
        """As many features as came in."""
        around = functional.avg_pool2d(features, 3, stride=1, padding=1)
        seen = [*(window(features) for window in self.windows), self.mean(around)]
        mixed: Tensor = self.mix(torch.cat(seen, dim=1))
        return mixed


class CascadedDilation(nn.Module):
    """3×3 convolutions with ever larger gaps, one after the other; the sum of all and of x.

    With gaps of 1, 2, 4 and 8 the last sees 31×31 pixels.

    Source: Zhou et al. 2018 (D-LinkNet),
    https://openaccess.thecvf.com/content_cvpr_2018_workshops/w4/html/Zhou_D-LinkNet_LinkNet_With_CVPR_2018_paper.html,
    sec. 2.2. They have no norm.

    Args:
        channels: In and out.
        norm: After the convolutions.
        dilations: Distance of the nine pixels that a convolution sees.
    """

    def __init__(
        self, channels: int, norm: Norm = "instance", dilations: Sequence[int] = (1, 2, 4, 8)
    ) -> None:
        super().__init__()
        self.steps = nn.ModuleList(
            convolve(channels, channels, norm, kernel=3, dilation=d) for d in dilations
        )

    def forward(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """``x + c_1(x) + c_2(c_1(x)) + …``."""
        seen = [features]
        for step in self.steps:
            seen.append(step(seen[-1]))
        return torch.stack(seen).sum(dim=0)


class PyramidPooling(nn.Module):
    """Lets every pixel know the mean of the whole, of its half, third and sixth.

    Source: Zhao et al. 2017 (PSPNet), https://arxiv.org/abs/1612.01105, sec. 3.2: bins of 1,
    2, 3 and 6 along each axis, in a quarter of the channels each. Means of few bins are not
    normalised here: those of one bin would all be nought.

    Args:
        channels: In and out.
        norm: After the last convolution.
        bins: Along either axis.
    """

    def __init__(
        self, channels: int, norm: Norm = "instance", bins: Sequence[int] = (1, 2, 3, 6)
    ) -> None:
        super().__init__()
        self.bins = tuple(bins)
        inner = max(1, channels // len(self.bins))
        self.of_bin = nn.ModuleList(nn.Conv2d(channels, inner, 1) for _ in self.bins)
        self.mix = convolve(channels + inner * len(self.bins), channels, norm)

    def forward(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """As many features as came in."""
        size = features.shape[2:]
        seen = [features]
        for count, layer in zip(self.bins, self.of_bin, strict=True):
            pooled = functional.leaky_relu(layer(mean_of_bins(features, count)), 0.01)
            seen.append(functional.interpolate(pooled, size, mode="bilinear"))
        mixed: Tensor = self.mix(torch.cat(seen, dim=1))
        return mixed


def mean_of_bins(features: Float[Tensor, "n c h w"], count: int) -> Float[Tensor, "n c k k"]:
    """Mean over each of ``count`` × ``count`` parts of the image.

    ``torch.nn.functional.adaptive_avg_pool2d`` does the same, but has no deterministic
    gradient on a GPU.
    """
    rows, columns = (_averaging(size, count, features) for size in features.shape[2:])
    return rows @ features @ columns.T


def _averaging(size: int, count: int, like: Tensor) -> Float[Tensor, "count size"]:
    """A matrix that takes means; parts overlap by a pixel where ``count`` does not divide."""
    edges = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
    matrix = like.new_zeros(count, size)
    for row, (start, end) in zip(matrix, edges, strict=True):
        row[start:end] = 1 / (end - start)
    return matrix
