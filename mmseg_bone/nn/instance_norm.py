"""Instance norm on a CPU: every feature map is written once and read as seldom as can be.

At full resolution a feature map is larger than a cache, so a norm costs what it moves. Beside
convolutions that run near the processor's limit it is most of what a step can save.
"""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

_aten = torch.ops.aten
Features = Float[Tensor, "n c h w"]
Image = Float[Tensor, "1 c h w"]
PerChannel = Float[Tensor, " c"]


def instance_norm(
    features: Features,
    weight: PerChannel,
    bias: PerChannel,
    eps: float | int,
    slope: float | int | None = None,
) -> Features:
    """Each channel of each image normalised, scaled and shifted, and through a leaky ReLU.

    The memory format is kept. For a CPU alone; there is no second derivative.

    Source: Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022, eq. 2.

    Args:
        features: Of more than one pixel each.
        weight: Scale of each channel.
        bias: Shift of each channel.
        eps: Added to the variance.
        slope: Of the leaky ReLU below zero, more than 0; None leaves the ReLU out.
    """
    given = (features, weight, bias, eps, slope)
    normalised: Tensor = _InstanceNorm.apply(*given)  # type: ignore[no-untyped-call]
    return normalised


class _InstanceNorm(Function):
    """All images into one tensor, where separate norms would have to be copied together."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401  (torch's own)
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: float,
        slope: float | None,
    ) -> Tensor:
        out = torch.empty_like(features)
        stats = torch.empty(2, *features.shape[:2], dtype=weight.dtype)
        for image, into, mean, inverse_std in _by_image(features, out, *stats):
            # A batch of one image, normalised over the batch, is normalised by itself.
            norm = (image, weight, bias, None, None, True, 0.0, eps)
            _aten.native_batch_norm.out(*norm, out=into, save_mean=mean, save_invstd=inverse_std)
        if slope is not None:
            functional.leaky_relu_(out, slope)
        ctx.save_for_backward(features, weight, stats, *([] if slope is None else [out]))
        ctx.eps, ctx.slope = eps, slope
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        features, weight, stats, *out = ctx.saved_tensors
        back = torch.empty_like(features)
        if out:  # a leaky ReLU keeps the sign: what it gave says where it was steep
            _aten.leaky_relu_backward.grad_input(grad, *out, ctx.slope, True, grad_input=back)
        else:
            back.copy_(grad)
        half = features.element_size() < 4  # wants sums of more digits: left to torch's kernel
        sums = []
        for of_image, image, mean, inverse_std in _by_image(back, features, *stats):
            norm = (of_image, image, weight, None, None, mean, inverse_std, True, ctx.eps)
            whole, *of_parameters = _aten.native_batch_norm_backward(*norm, [half, True, True])
            sums.append(torch.stack(of_parameters))
            if half:
                of_image.copy_(whole)
        each = torch.stack(sums, dim=1)
        if not half:
            _through_norm(back, features, weight, stats, each)
        return back, *each.sum(dim=1), None, None, None


def _by_image(*tensors: Tensor) -> Iterable[tuple[Tensor, ...]]:
    """Images of feature maps, and beside them the rows of what there is one of for each."""
    parts = (torch.split(tensor, 1) if tensor.ndim == 4 else tensor.unbind() for tensor in tensors)
    return zip(*parts, strict=True)


def _through_norm(
    grad: Features,
    features: Features,
    weight: PerChannel,
    stats: Float[Tensor, "2 n c"],
    of_parameters: Float[Tensor, "2 n c"],
) -> None:
    """Change the gradient of what the norm gave into that of what it was given.

    ``γ/σ (g - mean(g) - x̂ mean(g x̂))`` with ``x̂ = (x - μ)/σ``, as ``a g + b x + c``.

    Source: Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, sec. 3.

    Args:
        grad: Changed in place.
        features: What the norm was given.
        weight: ``γ``.
        stats: ``μ`` and ``1/σ`` of each image.
        of_parameters: Gradients of ``γ`` and of the shift, image by image.
    """
    (mean, inverse_std), (images, _, height, width) = stats, features.shape
    a = weight * inverse_std
    b, c = -a * of_parameters / (height * width)
    b = b * inverse_std
    c = c - b * mean
    if features.is_contiguous(memory_format=torch.channels_last):
        # In rows of all channels of all their pixels: a loop over a few channels is slow.
        grad, features = (
            of.permute(0, 2, 3, 1).view(images, height, -1) for of in (grad, features)
        )
        a, b, c = (of.repeat(1, width)[:, None] for of in (a, b, c))
    else:
        a, b, c = (of[:, :, None, None] for of in (a, b, c))
    grad.mul_(a).addcmul_(features, b).add_(c)
