import pytest
import torch
from torch import nn
from torch.nn import functional

from mmseg_bone.nn.pointwise import Pointwise, double

LAYOUTS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("channels_out", [1, 3])
def test_is_the_convolution_it_is_called(layout, bias, channels_out):
    ours, theirs = Pointwise(2, channels_out, bias=bias), nn.Conv2d(2, channels_out, 1, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    image = torch.randn(2, 2, 3, 5).contiguous(memory_format=layout)
    grad = torch.randn(2, channels_out, 3, 5)
    found = []
    for layer in (ours.to(memory_format=layout), theirs):
        given = image.clone().requires_grad_()
        out = layer(given)
        out.backward(grad)
        found.append([out, given.grad, *(p.grad for p in layer.parameters())])
    torch.testing.assert_close(*found)


def test_keeps_channels_last():
    image = torch.randn(2, 4, 3, 5).contiguous(memory_format=torch.channels_last)
    assert Pointwise(4, 3)(image).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_doubling_is_torchs_own(layout, kind):
    grad = torch.randn(2, 6, 6, 10).to(kind).contiguous(memory_format=layout)[:, 2:5]
    found = []
    for twice in (double, lambda image: functional.interpolate(image, scale_factor=2.0)):
        image = torch.arange(90.0).reshape(2, 3, 3, 5).to(kind).contiguous(memory_format=layout)
        image.requires_grad_()
        twice(image).backward(grad)
        found.append((twice(image), image.grad))
    torch.testing.assert_close(*found)
    assert found[0][1].is_contiguous(memory_format=layout)


def test_the_gradient_of_doubling_is_its_slope():
    image = torch.randn(1, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(double, image)


def test_weight_and_gradient_are_laid_out_alike_whatever_the_network_is_converted_to():
    layer = Pointwise(4, 1).to(memory_format=torch.channels_last)
    layer(torch.rand(2, 4, 3, 5)).sum().backward()
    assert layer.weight.stride() == layer.weight.grad.stride()
