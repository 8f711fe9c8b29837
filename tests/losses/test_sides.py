import math

import pytest
import torch

from mmseg_bone.anatomy import UNKNOWN
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.losses.sides import bone_loss, coarser, deeply_supervised, evidence_loss

REFERENCE = torch.zeros(1, 2, 4, 8, dtype=torch.bool)
REFERENCE[0, 0, 3, 5] = True  # a lesion of one pixel
BATCH = {"mask": REFERENCE, "views": torch.ones(1, 2, dtype=torch.bool)}


def sure(reference):
    return torch.where(reference, 200.0, -200.0)


def test_no_lesion_is_lost_however_small():
    assert coarser(REFERENCE, 2, 4).nonzero().tolist() == [[0, 0, 1, 2]]
    assert coarser(REFERENCE, 1, 2).nonzero().tolist() == [[0, 0, 0, 1]]
    assert torch.equal(coarser(REFERENCE, 4, 8), REFERENCE)


def test_each_side_counts_with_its_weight():
    loss, logits = DiceCrossEntropy(), torch.zeros(1, 2, 4, 8)
    half, quarter = torch.randn(1, 2, 2, 4), torch.randn(1, 2, 1, 2)
    total = deeply_supervised(loss, logits, [(half, 0.5, "mask"), (quarter, 0.25, "mask")], BATCH)
    by_hand = (
        loss(logits, REFERENCE)
        + 0.5 * loss(half, coarser(REFERENCE, 2, 4))
        + 0.25 * loss(quarter, coarser(REFERENCE, 1, 2))
    )
    assert total.item() == pytest.approx(by_hand.item())


def test_it_is_nought_where_all_are_perfect_and_the_loss_itself_without_sides():
    loss, side = DiceCrossEntropy(), sure(coarser(REFERENCE, 2, 4))
    assert deeply_supervised(loss, sure(REFERENCE), [(side, 0.5, "mask")], BATCH) == 0
    assert deeply_supervised(loss, sure(REFERENCE), [(-side, 0.5, "mask")], BATCH) > 0.5
    logits = torch.randn(1, 2, 4, 8)
    assert deeply_supervised(loss, logits, [], BATCH) == loss(logits, REFERENCE)


def test_a_view_that_was_not_acquired_is_left_out_of_every_side():
    views, wrong = torch.tensor([[True, False]]), sure(coarser(REFERENCE, 2, 4))
    wrong[:, 1] = 200.0
    args = DiceCrossEntropy(), sure(REFERENCE), [(wrong, 0.5, "mask")]
    assert deeply_supervised(*args, BATCH | {"views": views}) == 0
    assert deeply_supervised(*args, BATCH) > 0


def test_bones_are_judged_at_the_middle_of_a_large_pixel_where_they_are_known():
    bones = torch.full((1, 2, 4, 4), UNKNOWN, dtype=torch.uint8)
    bones[0, :, 3, 3] = 1  # the middle of the last large pixel, in both views
    logits = torch.zeros(1, 2, 3, 2, 2)
    logits[0, 0, 1, 1, 1] = math.log(2)  # 1/2 of label 1, 1/4 of each other
    views = torch.tensor([[True, False]])

    assert bone_loss(logits, bones, views).item() == pytest.approx(math.log(2))
    bones[0, 0, 2, 2] = bones[0, 0, 0, 3] = 0  # no middles
    assert bone_loss(logits, bones, views).item() == pytest.approx(math.log(2))
    bones[0, 0, 3, 1] = 0
    mean = (math.log(2) + math.log(3)) / 2
    assert bone_loss(logits, bones, views).item() == pytest.approx(mean)


def test_where_no_bone_is_known_nothing_is_learnt():
    logits = torch.zeros(1, 2, 3, 2, 2, requires_grad=True)
    bones = torch.full((1, 2, 4, 4), UNKNOWN, dtype=torch.uint8)
    loss = bone_loss(logits, bones, torch.ones(1, 2, dtype=torch.bool))
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()


def test_evidence_is_judged_by_the_parser_where_there_is_a_report():
    logits = torch.zeros(2, 4, 3)
    said = torch.zeros(2, 4, 3)
    said[0, 1, 2] = 1.0
    tosses = 4 * 3 * math.log(2)  # of a coin, to learn of one thing that is said
    assert evidence_loss(logits, said, torch.tensor([True, False])).item() == pytest.approx(tosses)
    both = evidence_loss(logits, said + said.flip(0), torch.tensor([True, True]))
    assert both.item() == pytest.approx(tosses)
    assert evidence_loss(logits, said, torch.tensor([False, False])) == 0
    sure = torch.where(said > 0, 60.0, -60.0)
    assert evidence_loss(sure, said, torch.tensor([True, True])).item() < 1e-9


def test_sides_learn_what_they_say_they_learn():
    loss, logits = DiceCrossEntropy(), torch.zeros(1, 2, 4, 8)
    bones = torch.randint(0, 3, (1, 2, 4, 8), dtype=torch.uint8)
    batch = BATCH | {"bones": bones, "evidence": torch.zeros(1, 4, 3), "told": torch.tensor([True])}
    of_bones, of_evidence = torch.randn(1, 2, 3, 2, 4), torch.randn(1, 4, 3)
    sides = [(of_bones, 0.5, "bones"), (of_evidence, 2.0, "evidence")]
    by_hand = (
        loss(logits, REFERENCE)
        + 0.5 * bone_loss(of_bones, bones, batch["views"])
        + 2.0 * evidence_loss(of_evidence, batch["evidence"], batch["told"])
    )
    assert deeply_supervised(loss, logits, sides, batch).item() == pytest.approx(by_hand.item())
