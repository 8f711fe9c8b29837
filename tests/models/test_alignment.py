"""Words aligned with bones: heads that learn in training, and leave the answer alone."""

import pytest
import torch

from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.losses.sides import deeply_supervised
from mmseg_bone.models.grounding import Grounding
from mmseg_bone.models.text_unet import TextUNet
from mmseg_bone.nn.alignment import Alignment
from mmseg_bone.nn.fusion import FUSIONS

TINY = {"base_channels": 4, "depth": 3, "levels": [1, 2], "report_dropout": 0.0}
BATCH = {
    "image": torch.rand(2, 2, 16, 8, generator=torch.Generator().manual_seed(0)),
    "tokens": torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]]),
    "token_mask": torch.tensor([[True] * 5, [True] * 3 + [False] * 2]),
    "mask": torch.zeros(2, 2, 16, 8, dtype=torch.bool),
    "views": torch.ones(2, 2, dtype=torch.bool),
    "bones": torch.full((2, 2, 16, 8), 7, dtype=torch.uint8),
    "evidence": torch.zeros(2, 80, 6).index_fill_(2, torch.tensor([0]), 1.0),
    "told": torch.ones(2, dtype=torch.bool),
}


def make(tiny_text, fusion="cross_attention", alignment=0.3, **settings):
    torch.manual_seed(0)
    return TextUNet(tiny_text(), fusion, alignment=alignment, **(TINY | settings)).train()


def with_sides(network, **other):
    return network.with_sides(**{key: (BATCH | other)[key] for key in network.reads})


@pytest.mark.parametrize("views", ["shared", "stacked", "paired"])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_it_learns_at_each_level_that_reads_and_leaves_the_answer_alone(tiny_text, fusion, views):
    network = make(tiny_text, fusion, views=views)
    logits, sides = with_sides(network)

    assert set(network.learns) == {"bones", "evidence", "told"}
    assert [(side.learns, side.weight) for side in sides] == [("alignment", 0.15)] * 2
    assert {tuple(side.logits.shape) for side in sides} == {(2, 2, 6, 8, 4), (2, 2, 6, 4, 2)}
    assert torch.equal(logits, with_sides(make(tiny_text, fusion, 0, views=views))[0])
    deeply_supervised(DiceCrossEntropy(), logits, sides, BATCH).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
    assert with_sides(network.eval())[1] == []  # it is of training alone


def test_a_report_left_out_teaches_nothing(tiny_text):
    network = make(tiny_text)
    logits, sides = with_sides(network, token_mask=BATCH["token_mask"] & False)
    total = deeply_supervised(DiceCrossEntropy(), logits, sides, BATCH)
    (total - DiceCrossEntropy()(logits, BATCH["mask"])).backward()
    assert not any(p.grad.any() for p in network.alignment.parameters())
    assert not any(p.grad.any() for p in network.fusion.parameters())


def test_words_read_after_the_evidence_are_aligned_too(tiny_text):
    parts = Grounding(anatomy="head", words="cross_attention")
    network = make(tiny_text, "atlas", grounding=parts)
    _, sides = with_sides(network)
    assert [side.learns for side in sides] == ["bones", "alignment"] * 2
    with pytest.raises(ValueError, match="none are read"):
        make(tiny_text, "atlas", grounding=Grounding(anatomy="head"))


def test_the_posterior_view_is_told_as_its_camera_saw_it():
    align = Alignment({1: 1}, 1, 1)
    torch.nn.init.ones_(align.heads["1"].weight)
    ramp = torch.arange(3.0).expand(2, 1, 1, 3)  # both views as the network sees them
    anterior, posterior = align(1, ramp)[0, :, 0, 0]
    assert anterior.tolist() == [-3.0, -2.0, -1.0]
    assert posterior.tolist() == [-1.0, -2.0, -3.0]
