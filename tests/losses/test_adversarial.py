import pytest
import torch

from mmseg_bone.losses.adversarial import MultiScaleL1


def test_it_is_the_weighted_mean_difference_over_all_values():
    prediction = [torch.tensor([1.0, 2.0]), torch.tensor([[5.0]])]
    reference = [torch.tensor([1.5, 2.0]), torch.tensor([[2.0]])]
    assert MultiScaleL1((1, 4))(prediction, reference) == pytest.approx((0.5 + 4 * 3) / 3)


def test_equal_descriptions_are_at_no_distance():
    described = [torch.randn(4) for _ in range(7)]
    assert MultiScaleL1()(described, described) == 0


def test_a_scale_without_a_weight_is_refused():
    with pytest.raises(ValueError, match="longer"):
        MultiScaleL1((1, 1))([torch.zeros(1)] * 3, [torch.zeros(1)] * 3)
