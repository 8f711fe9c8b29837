import pytest
import torch
from torch import nn

from mmseg_bone.nn.conv import ConvBlock, InstanceNorm, ResidualBlock, make_norm


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_is_torchs_own_and_keeps_the_layout(layout):
    image = (3 * torch.randn(2, 4, 5, 6) + 1).to(memory_format=layout)
    ours, theirs = InstanceNorm(4), nn.InstanceNorm2d(4, affine=True)
    for norm in (ours, theirs):
        nn.init.constant_(norm.weight, 2.0)
        nn.init.constant_(norm.bias, 0.5)

    torch.testing.assert_close(ours(image), theirs(image))
    assert ours(image).is_contiguous(memory_format=layout)


def test_instance_norm_of_one_pixel_lets_the_pixel_through():
    one = torch.randn(2, 4, 1, 1)
    torch.testing.assert_close(InstanceNorm(4)(one), one)


def test_no_image_of_a_batch_changes_another():
    images, norm = torch.randn(2, 4, 5, 6), InstanceNorm(4)
    torch.testing.assert_close(norm(images)[1:], norm(images[1:]))


@pytest.mark.parametrize(("channels", "groups"), [(4, 1), (8, 1), (32, 4), (20, 2)])
def test_group_norm_has_groups_of_about_eight_channels(channels, groups):
    assert make_norm("group", channels).num_groups == groups


@pytest.mark.parametrize("norm", ["instance", "batch", "group"])
def test_a_block_keeps_height_and_width_with_any_norm(norm):
    assert ConvBlock(3, 4, norm)(torch.randn(2, 3, 5, 7)).shape == (2, 4, 5, 7)


@pytest.mark.parametrize("channels_in", [3, 4])
def test_a_residual_block_whose_last_norm_gives_nothing_is_its_shortcut(channels_in):
    block, image = ResidualBlock(channels_in, 4), torch.rand(2, channels_in, 5, 7)
    nn.init.zeros_(block.change[-1].weight)
    torch.testing.assert_close(block(image), nn.functional.leaky_relu(block.shortcut(image), 0.01))
    assert isinstance(block.shortcut, nn.Identity) == (channels_in == 4)
