import pytest
import torch

from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.losses.sides import coarser, deeply_supervised

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
