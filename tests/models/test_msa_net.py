from itertools import combinations

import pytest
import torch

from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.text_msa_net import TextMSANet
from mmseg_bone.models.unet import UNet

SWITCHES = ("residual", "extraction", "dilation", "pyramid", "deep_supervision")
OFF = dict.fromkeys(SWITCHES, False)
TINY = {"base_channels": 4, "depth": 5}
IMAGE = torch.rand(2, 2, 32, 16, generator=torch.Generator().manual_seed(0))
TOKENS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])


def make(kind=MSANet, **settings):
    torch.manual_seed(0)
    return kind(**(TINY | settings))


@pytest.mark.parametrize("views", ["shared", "stacked"])
def test_with_all_blocks_off_it_is_the_plain_unet_bit_for_bit(views):
    off, plain = make(**OFF, views=views), make(UNet, views=views)
    assert off.state_dict().keys() == plain.state_dict().keys()
    assert torch.equal(off(IMAGE), plain(IMAGE))
    logits, sides = off.with_sides(IMAGE)
    assert torch.equal(logits, plain(IMAGE))
    assert not sides


@pytest.mark.parametrize(
    "on", [(one,) for one in SWITCHES] + list(combinations(SWITCHES, len(SWITCHES) - 1))
)
def test_any_block_can_be_on_or_off_and_each_learns(on):
    network = make(**OFF | dict.fromkeys(on, True))
    logits, sides = network.with_sides(IMAGE)
    (logits.square().mean() + sum(side.logits.square().mean() for side in sides)).backward()

    grown = network.state_dict().keys() - make(UNet).state_dict().keys()
    assert grown
    assert [n for n, p in network.named_parameters() if p.grad is None] == []


def test_side_heads_answer_at_a_half_a_quarter_and_an_eighth():
    network = make()
    logits, sides = network.with_sides(IMAGE)
    assert {(tuple(s.logits.shape[2:]), s.weight) for s in sides} == {
        ((16, 8), 0.5),
        ((8, 4), 0.25),
        ((4, 2), 0.125),
    }
    assert torch.equal(logits, network(IMAGE))  # they look on, and change nothing
    assert logits.shape == IMAGE.shape


@pytest.mark.parametrize(("depth", "count"), [(1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (6, 3)])
def test_there_are_side_heads_where_the_decoder_has_levels(depth, count):
    assert len(make(depth=depth).sides) == count


def test_a_side_head_sees_the_posterior_view_as_its_camera_did():
    network, image = make(coordinates=False), IMAGE.clone()
    for level in network.encoder.levels[0].modules():
        if isinstance(level, torch.nn.Conv2d) and level.in_channels == 2:
            level.weight.data[:, 1] = 0  # which view it is
    image[:, 1] = image[:, 0].flip(-1)
    for side in network.with_sides(image)[1]:
        torch.testing.assert_close(side.logits[:, 1], side.logits[:, 0].flip(-1))


@pytest.mark.parametrize("fusion", ["none", "film", "cross_attention"])
def test_with_a_report_it_starts_as_the_network_without(tiny_text, fusion):
    torch.manual_seed(0)
    encoder = tiny_text()
    fused, alone = TextMSANet(encoder, fusion, **TINY), make()
    assert torch.equal(fused(IMAGE, TOKENS, MASK), alone(IMAGE))


def test_side_heads_have_read_the_report(tiny_text):
    network = TextMSANet(tiny_text(), "film", [3], **TINY).eval()
    for parameter in network.fusion.parameters():
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    own = network.with_sides(IMAGE, TOKENS, MASK)
    other = network.with_sides(IMAGE, TOKENS.flip(0), MASK.flip(0))

    assert torch.equal(own[0], network(IMAGE, TOKENS, MASK))
    for a, b in zip(own[1], other[1], strict=True):
        assert not torch.allclose(a.logits, b.logits)


def test_no_parameter_of_the_fused_network_is_left_without_a_gradient(tiny_text):
    network = TextMSANet(tiny_text(), report_dropout=0.0, **TINY)
    logits, sides = network.with_sides(IMAGE, TOKENS, MASK)
    (logits.mean() + sum(side.logits.mean() for side in sides)).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
