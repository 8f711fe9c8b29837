import math

import pytest
import torch

from mmseg_bone.losses.overlap import DiceCrossEntropy, cross_entropy, soft_dice


def row(*values):
    """One study, its two views of two pixels."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, 2, 1, 2)


@pytest.mark.parametrize(
    ("probability", "reference", "expected"),
    [
        ((1, 1, 0, 0), (1, 1, 0, 0), 1.0),  # the same: (2·2 + 1) / (2 + 2 + 1)
        ((1, 1, 0, 0), (0, 0, 1, 1), 1 / 5),  # nothing in common: 1 / (2 + 2 + 1)
        ((0.5, 0, 0, 0), (1, 0, 0, 0), 2 / 2.5),  # half sure: (2·½ + 1) / (½ + 1 + 1)
        ((0, 0, 0, 0), (0, 0, 0, 0), 1.0),  # a normal scan, nothing found
        ((1, 1, 0, 0), (0, 0, 0, 0), 1 / 3),  # a false alarm on a normal scan: 1 / (2 + 1)
    ],
)
def test_soft_dice(probability, reference, expected):
    actual = soft_dice(row(*probability), row(*reference).bool())
    torch.testing.assert_close(actual, torch.tensor([expected]))


def test_pooled_dice_takes_a_batch_for_one_study():
    lesion, normal = row(1, 1, 0, 0), row(1, 0, 0, 0)
    reference = torch.cat([row(1, 1, 0, 0), row(0, 0, 0, 0)]).bool()
    both = soft_dice(torch.cat([lesion, normal]), reference, pooled=True)
    torch.testing.assert_close(both, torch.tensor([(2 * 2 + 1) / (3 + 2 + 1)]))


def test_to_mark_nothing_pleases_a_normal_scan_only_where_studies_are_judged_alone():
    probability = torch.full((2, 2, 1, 2), 0.1, requires_grad=True)
    reference = torch.cat([row(1, 0, 0, 0), row(0, 0, 0, 0)]).bool()
    drive = {}
    for pooled in (False, True):
        overlap = soft_dice(probability, reference, smoothing=0.1, pooled=pooled).mean()
        (drive[pooled],) = torch.autograd.grad(overlap, probability)
    lesion = (0, 0, 0, 0)
    assert -drive[False][1].sum() > drive[False][lesion] > 0
    assert drive[True][lesion] > -drive[True][1].sum() > 0


def test_cross_entropy_of_a_coin_is_ln_2():
    assert cross_entropy(row(0, 0, 0, 0), row(1, 0, 1, 0).bool()) == pytest.approx(math.log(2))


def test_the_loss_is_nought_at_a_perfect_prediction():
    reference = row(1, 0, 0, 1).bool()
    logits = torch.where(reference, 200.0, -200.0)

    assert DiceCrossEntropy()(logits, reference) == 0
    assert DiceCrossEntropy()(logits, torch.zeros_like(reference)) > 1


def test_the_loss_is_its_two_weighted_parts():
    logits, reference = row(0, 0, 0, 0), row(1, 0, 0, 0).bool()
    dice = (2 * 0.5 + 1) / (4 * 0.5 + 1 + 1)

    loss = DiceCrossEntropy(dice=3.0, cross_entropy=2.0)(logits, reference)
    assert loss == pytest.approx(3 * (1 - dice) + 2 * math.log(2))


def test_a_view_that_was_not_acquired_is_left_out_of_everything():
    views = torch.tensor([[True, False]])
    logits, wild = row(1, -2, 0, 0), row(1, -2, 50, -50)
    reference = row(1, 0, 0, 0).bool()
    alone = DiceCrossEntropy()(logits[:, :1], reference[:, :1])

    torch.testing.assert_close(DiceCrossEntropy()(logits, reference, views), alone)
    torch.testing.assert_close(DiceCrossEntropy()(wild, reference, views), alone)


def test_a_missing_view_gets_no_gradient():
    logits = row(0, 0, 0, 0).requires_grad_()
    DiceCrossEntropy()(logits, row(1, 0, 0, 0).bool(), torch.tensor([[True, False]])).backward()
    assert logits.grad[0, 0].abs().min() > 0
    assert logits.grad[0, 1].eq(0).all()


def test_a_batch_without_any_view_scores_nought_rather_than_nan():
    nothing = torch.tensor([[False, False]])
    assert DiceCrossEntropy()(row(0, 0, 0, 0), row(0, 0, 0, 0).bool(), nothing) == 0


def test_half_precision_logits_are_scored_in_float32():
    logits = torch.zeros(1, 2, 300, 300, dtype=torch.float16)  # 90000 pixels overflow float16
    loss = DiceCrossEntropy()(logits, torch.zeros_like(logits, dtype=torch.bool))
    assert loss.dtype == torch.float32
    assert loss == pytest.approx(math.log(2) + 1 - 1 / 90001, rel=1e-5)
