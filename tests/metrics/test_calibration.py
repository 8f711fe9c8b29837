import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from mmseg_bone.metrics.calibration import bin_of, from_sums, reliability

NAN = float("nan")


def test_bins_by_hand():
    #                        two in the bin from 0.6       two in the one from 0.9
    probability = np.array([0.62, 0.68, 0.91, 0.99])
    found = reliability(probability, np.array([True, False, True, True]))
    assert found.predictions.tolist() == [0] * 6 + [2, 0, 0, 2]
    assert found.predicted[[6, 9]] == pytest.approx([0.65, 0.95])
    assert found.observed[[6, 9]] == pytest.approx([0.5, 1.0])
    assert found.ece == pytest.approx((2 * 0.15 + 2 * 0.05) / 4)


def test_empty_bins_are_undefined_and_cost_nothing():
    found = reliability(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False]))
    assert found.ece == 0.0
    assert np.isnan(found.observed).sum() == 9


def test_no_prediction_has_no_calibration():
    assert np.isnan(reliability(np.array([]), np.array([], bool)).ece)


def test_a_border_belongs_to_the_bin_above_and_certainty_to_the_last():
    assert bin_of(np.array([0.0, 0.5, 0.499, 1.0])).tolist() == [0, 5, 4, 9]


def test_overconfidence_is_the_gap_between_what_was_said_and_what_was():
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.4, 1.0, 200_000)
    right = rng.random(200_000) < probability - 0.2
    assert reliability(probability, right).ece == pytest.approx(0.2, abs=0.01)
    assert reliability(probability, rng.random(200_000) < probability).ece < 0.01


def test_sums_of_two_patients_are_the_calibration_of_both():
    probability, right = np.array([0.31, 0.35, 0.71]), np.array([True, False, True])
    both = reliability(probability, right)
    sums = [(np.array([1, 0]), np.array([1, 0]), np.array([0.31, 0])),
            (np.array([1, 1]), np.array([0, 1]), np.array([0.35, 0.71]))]  # fmt: skip
    added = from_sums(*(a + b for a, b in zip(*sums, strict=True)))
    np.testing.assert_allclose(added.observed, both.observed[[3, 7]])
    assert added.ece == pytest.approx(both.ece)


def test_draws_are_calibrated_each_by_itself():
    count = np.array([[1, 1], [0, 0]])
    found = from_sums(count, count, count * 0.5)
    assert found.ece == pytest.approx([0.5, NAN], nan_ok=True)


@pytest.mark.parametrize("seed", range(3))
def test_random_predictions_agree_with_torchmetrics(seed):
    rng = np.random.default_rng(seed)
    probability, right = rng.random(500), rng.random(500) < 0.4
    theirs = binary_calibration_error(
        torch.tensor(probability), torch.tensor(right), n_bins=10, norm="l1"
    )
    assert reliability(probability, right).ece == pytest.approx(float(theirs), abs=1e-6)
