import torch
from torch import nn

from mmseg_bone.nn.attention import AttentionGate

FEATURES = torch.randn(2, 4, 6, 4, generator=torch.Generator().manual_seed(0))
COARSER = torch.randn(2, 8, 3, 2, generator=torch.Generator().manual_seed(1))


def gate(bias):
    gate = AttentionGate(4, 8)
    nn.init.zeros_(gate.weight.weight)
    nn.init.constant_(gate.weight.bias, bias)
    return gate


def test_an_open_gate_lets_through_and_a_shut_one_nothing():
    torch.testing.assert_close(gate(100.0)(FEATURES, COARSER), FEATURES)
    torch.testing.assert_close(gate(0.0)(FEATURES, COARSER), FEATURES / 2)
    assert gate(-100.0)(FEATURES, COARSER).abs().max() < 1e-6


def test_the_coarser_level_opens_and_shuts_it():
    block = AttentionGate(4, 8)
    assert not torch.allclose(block(FEATURES, COARSER), block(FEATURES, COARSER.flip(-1)))
    ratio = block(FEATURES, COARSER) / FEATURES
    assert ratio.min() > 0
    assert ratio.max() < 1
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))  # one weight per pixel
