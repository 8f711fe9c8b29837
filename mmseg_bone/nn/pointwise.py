"""What is the same at every pixel, or at every pixel of a block, without detours in memory."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional


class Pointwise(nn.Conv2d):
    """A 1×1 convolution, on a CPU as the product of matrices that it is.

    The same parameters and the same numbers; torch's own convolution to one channel, or of an
    image that needs a gradient, takes up to twice as long backwards. Other devices convolve.

    Args:
        channels_in: Channels it is given.
        channels_out: Channels it gives.
        bias: Whether something is added to each.
    """

    def __init__(self, channels_in: int, channels_out: int, bias: bool = True) -> None:
        super().__init__(channels_in, channels_out, 1, bias=bias)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Pointwise":
        """After each conversion, lay the weight out as its gradient will be, or DDP copies it."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.weight.data = self.weight.data.flatten(1)[..., None, None]
        return self

    def forward(self, input: Float[Tensor, "n c h w"]) -> Float[Tensor, "n _ h w"]:
        """Each pixel by itself."""
        if input.device.type != "cpu":
            return super().forward(input)
        mixed = functional.linear(input.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias)
        return mixed.permute(0, 3, 1, 2)


def double(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c i j"]:
    """Twice the height and width; each pixel becomes four."""
    if features.device.type != "cpu":
        return functional.interpolate(features, scale_factor=2.0)
    doubled: Tensor = _Double.apply(features)  # type: ignore[no-untyped-call]
    return doubled


class _Double(Function):
    """As torch's, which backwards copies a part of a tensor at a tenth of the speed."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:  # noqa: ANN401  (torch's own)
        return functional.interpolate(features, scale_factor=2.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: ANN401
        if grad.element_size() < 4:  # sums want more digits, and the mean has them
            return functional.avg_pool2d(grad, 2, divisor_override=1)
        total = grad[:, :, ::2, ::2] + grad[:, :, ::2, 1::2]
        total += grad[:, :, 1::2, ::2]
        total += grad[:, :, 1::2, 1::2]
        return total
