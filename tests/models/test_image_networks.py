"""What holds for every network that reads the image alone."""

import pytest
import torch
from torch import nn

from mmseg_bone.models.attention_unet import AttentionUNet
from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.res_unet import ResUNet
from mmseg_bone.models.segnet import SegNet

TINY = {"base_channels": 4, "depth": 3}
IMAGE = torch.rand(3, 2, 16, 8, generator=torch.Generator().manual_seed(0))
every_network = pytest.mark.parametrize("kind", [ResUNet, SegNet, AttentionUNet, MSANet])


@every_network
@pytest.mark.parametrize("views", ["shared", "stacked"])
@pytest.mark.parametrize("norm", ["instance", "batch", "group"])
@pytest.mark.parametrize(("coordinates", "patch"), [(True, 1), (False, 1), (True, 2)])
def test_one_logit_per_pixel_and_a_gradient_for_every_parameter(
    kind, views, norm, coordinates, patch
):
    torch.manual_seed(0)
    network = kind(**TINY, views=views, norm=norm, coordinates=coordinates, patch=patch)
    logits, sides = network.with_sides(IMAGE)

    assert logits.shape == (3, 2, 16, 8)
    total = logits.square().mean() + sum(side.logits.square().mean() for side in sides)
    total.backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
    assert [n for n, p in network.named_parameters() if p.grad.abs().sum() == 0] == []


@every_network
@pytest.mark.parametrize(("height", "width"), [(4, 4), (4, 20), (36, 8)])
def test_any_size_that_is_a_multiple_of_the_stride_works(kind, height, width):
    assert kind(**TINY).stride == 4
    assert kind(**TINY)(torch.rand(1, 2, height, width)).shape == (1, 2, height, width)


@every_network
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_any_depth_works(kind, depth):
    assert kind(base_channels=2, depth=depth)(IMAGE).shape == IMAGE.shape


@every_network
def test_the_pixels_stay_last_in_memory_all_the_way(kind):
    layouts = {}

    def note(name):
        def hook(module, inputs, output):
            layouts[name] = output.is_contiguous(memory_format=torch.channels_last)

        return hook

    network = kind(**TINY)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note(name))
    network(IMAGE)
    assert layouts
    assert [name for name, channels_last in layouts.items() if not channels_last] == []


@every_network
def test_something_else_may_come_in_at_every_level(kind):
    network, seen = kind(**TINY), []

    def fuse(level, features):
        seen.append((level, features.shape[1]))
        return features + 1

    assert not torch.allclose(network(IMAGE, fuse=fuse), network(IMAGE))
    assert seen == [(2, 16), (1, 8), (0, 4)]


@every_network
def test_studies_of_a_batch_do_not_mix(kind):
    network = kind(**TINY)
    torch.testing.assert_close(network(IMAGE)[1:2], network(IMAGE[1:2]), rtol=1e-4, atol=1e-5)


@every_network
def test_an_untrained_network_expects_few_lesions(kind):
    torch.manual_seed(0)
    assert kind(**TINY)(IMAGE).sigmoid().mean() < 0.1


@every_network
def test_half_precision_answers_nearly_the_same(kind):
    torch.manual_seed(0)
    network = kind(**TINY)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(IMAGE)
    assert (half.float().sigmoid() - network(IMAGE).sigmoid()).abs().max() < 0.05


@every_network
def test_a_few_scans_can_be_learnt_by_heart(kind):
    torch.manual_seed(0)
    network = kind(base_channels=8, depth=3)
    reference = IMAGE > 0.9
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(120):  # SegNet, without skips, takes longest
        loss = nn.functional.binary_cross_entropy_with_logits(network(IMAGE), reference.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = network(IMAGE) > 0
    assert 2 * (found & reference).sum() / (found.sum() + reference.sum()) > 0.93
