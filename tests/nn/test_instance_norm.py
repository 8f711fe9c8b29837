import pytest
import torch
from torch import nn
from torch.nn import functional

from mmseg_bone.nn.conv import ConvBlock, InstanceNorm, Layers
from mmseg_bone.nn.instance_norm import instance_norm

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def both(norm, slope, image, grad):
    """What a norm gives, and the gradients of image, weight and bias."""
    image = image.clone().requires_grad_()
    if isinstance(norm, InstanceNorm):
        out = norm(image, slope)
    else:
        out = norm(image) if slope is None else functional.leaky_relu(norm(image), slope)
    out.backward(grad)
    return out, image.grad, norm.weight.grad, norm.bias.grad


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("slope", [None, 0.01])
@pytest.mark.parametrize("shape", [(3, 4, 5, 6), (1, 4, 1, 6), (2, 1, 3, 2), (2, 4, 3, 1)])
@pytest.mark.parametrize("sliced", [False, True])
def test_output_and_gradients_are_those_of_torchs_own(layout, slope, shape, sliced):
    image = (3 * torch.randn(*shape) + 1).contiguous(memory_format=layout)
    ours, theirs = InstanceNorm(shape[1]), nn.InstanceNorm2d(shape[1], affine=True)
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    grad = torch.randn(shape[0], 2 * shape[1], *shape[2:]).contiguous(memory_format=layout)
    grad = grad[:, : shape[1]] if sliced else grad[:, : shape[1]].contiguous(memory_format=layout)

    found = both(ours, slope, image, grad)

    # Torch's own is wrong backwards if a single image's gradient has its channels last.
    expected = both(theirs, slope, image.contiguous(), grad.contiguous())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert all(f.is_contiguous(memory_format=layout) for f in found[:2])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("slope", [None, 0.2])
def test_gradients_are_slopes(layout, slope):
    image = torch.randn(2, 3, 4, 2, dtype=torch.float64).contiguous(memory_format=layout)
    weight, bias = torch.randn(2, 3, dtype=torch.float64)
    given = tuple(each.clone().requires_grad_() for each in (image, weight, bias))
    assert torch.autograd.gradcheck(lambda *each: instance_norm(*each, 1e-5, slope), given)


def test_a_weight_of_zero_passes_nothing_back_but_learns():
    norm, image = InstanceNorm(2), torch.randn(2, 2, 3, 3, requires_grad=True)
    nn.init.zeros_(norm.weight)
    (norm(image, 0.01) * torch.randn(2, 2, 3, 3)).sum().backward()
    assert image.grad.abs().max() == 0
    assert norm.weight.grad.abs().min() > 0


def test_of_half_precision_the_statistics_are_of_more_digits():
    image = (
        (torch.randn(2, 4, 16, 16) + 20).bfloat16().contiguous(memory_format=torch.channels_last)
    )
    norm, grad = InstanceNorm(4), torch.randn(2, 4, 16, 16).bfloat16()
    rough = both(norm, 0.01, image, grad)
    exact = both(InstanceNorm(4), 0.01, image.float(), grad.float())
    assert rough[0].dtype is torch.bfloat16
    for a, b in zip(rough, exact, strict=True):
        torch.testing.assert_close(a.float(), b, rtol=0.02, atol=0.02)


def test_what_was_given_is_left_as_it_is():
    image = torch.randn(2, 2, 3, 3)
    kept = image.clone()
    with torch.inference_mode():
        InstanceNorm(2)(image, 0.01)
    assert torch.equal(image, kept)


@pytest.mark.parametrize("norm", ["instance", "batch", "group"])
def test_a_block_is_its_layers_one_after_the_other(norm):
    block, image = ConvBlock(3, 4, norm), torch.randn(2, 3, 5, 7)
    one_by_one = image
    for layer in block:
        one_by_one = layer(one_by_one)
    torch.testing.assert_close(block(image), one_by_one)


def test_a_norm_with_no_leaky_relu_after_it_has_none():
    layers, image = (
        Layers(InstanceNorm(2), nn.Identity(), nn.LeakyReLU(0.5)),
        torch.randn(1, 2, 3, 3),
    )
    torch.testing.assert_close(layers[:2](image), layers[0](image))
    torch.testing.assert_close(layers(image), functional.leaky_relu(layers[0](image), 0.5))
