import pytest
import torch
from torch import nn
from torch.nn import functional

from mmseg_bone.nn.multiscale import (
    CascadedDilation,
    MultiScaleExtraction,
    PyramidPooling,
    ResidualMultiScale,
    mean_of_bins,
)

IMAGE = torch.rand(2, 8, 12, 7, generator=torch.Generator().manual_seed(0))


def seen_from_the_middle(block, side, channels=4):
    """Height and width of what changes the middle pixel of an image."""
    torch.manual_seed(0)
    image = torch.rand(1, channels, side, side, requires_grad=True)
    block(image)[0, :, side // 2, side // 2].sum().backward()
    rows, columns = image.grad[0].abs().sum(0).nonzero().unbind(1)
    return (rows.max() - rows.min() + 1).item(), (columns.max() - columns.min() + 1).item()


def without_norms(block):
    """A norm sees the whole image; take it away to see what the convolutions see."""
    for module in block.modules():
        for name, child in module.named_children():
            if type(child).__name__ == "InstanceNorm":
                setattr(module, name, nn.Identity())
    return block


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (ResidualMultiScale(4, 4), 7),  # three times 3×3
        (MultiScaleExtraction(4, 8), 5),
        (CascadedDilation(4), 31),  # 1 + 2 · (1 + 2 + 4 + 8)
        (CascadedDilation(4, dilations=(1, 3)), 9),
        (PyramidPooling(4), 41),  # all of the image
    ],
)
def test_each_part_sees_as_far_as_it_says(block, expected):
    assert seen_from_the_middle(without_norms(block), 41) == (expected, expected)


@pytest.mark.parametrize("norm", ["instance", "batch", "group"])
def test_height_and_width_stay_and_every_parameter_learns(norm):
    for block, channels in (
        (ResidualMultiScale(8, 6, norm), 6),
        (ResidualMultiScale(8, 8, norm), 8),
        (MultiScaleExtraction(8, 16, norm), 8),
        (CascadedDilation(8, norm), 8),
        (PyramidPooling(8, norm), 8),
    ):
        features = block(IMAGE)
        assert features.shape == (2, channels, 12, 7)
        features.square().sum().backward()
        assert [n for n, p in block.named_parameters() if p.grad.abs().sum() == 0] == []


def test_a_residual_block_whose_last_norm_gives_nothing_is_its_shortcut():
    block = ResidualMultiScale(8, 8)
    nn.init.zeros_(block.leave[1].weight)
    torch.testing.assert_close(block(IMAGE), functional.leaky_relu(IMAGE, 0.01))


def test_a_cascade_that_gives_nothing_lets_the_image_through():
    block = CascadedDilation(8)
    for step in block.steps:
        nn.init.zeros_(step[1].weight)
    torch.testing.assert_close(block(IMAGE), IMAGE)


def test_the_outputs_of_a_cascade_are_summed():
    block = without_norms(CascadedDilation(1, dilations=(1, 2)))
    for step in block.steps:
        nn.init.zeros_(step[0].weight)
        step[0].weight.data[0, 0, 1, 1] = 2.0  # doubles each pixel
    image = IMAGE[:, :1]
    torch.testing.assert_close(block(image), (1 + 2 + 4) * image)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 20])
def test_means_of_bins_are_torchs_own(count):
    torch.testing.assert_close(
        mean_of_bins(IMAGE, count), functional.adaptive_avg_pool2d(IMAGE, count)
    )


def test_one_pixel_is_enough():
    one = IMAGE[..., :1, :1]
    for block in (CascadedDilation(8), PyramidPooling(8), MultiScaleExtraction(8, 8)):
        assert block(one).isfinite().all()
