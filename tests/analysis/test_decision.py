import numpy as np
import pytest

from mmseg_bone.analysis.decision import THRESHOLDS, net_benefit, treat_all, worth

POSITIVE = np.array([True, True, False, False, False])


def test_a_perfect_model_is_worth_the_prevalence_at_every_threshold():
    np.testing.assert_allclose(net_benefit(POSITIVE.astype(float), POSITIVE), 2 / 5)


def test_net_benefit_by_hand():
    probability = np.array([0.9, 0.3, 0.6, 0.2, 0.1])
    # At 0.25: 2 true, 1 false at a third; at 0.5: 1 and 1; at 0.8: 1 and none.
    found = net_benefit(probability, POSITIVE, (0.25, 0.5, 0.8))
    assert found == pytest.approx([(2 - 1 / 3) / 5, 0.0, 1 / 5])


def test_the_threshold_is_inclusive():
    assert net_benefit(np.array([0.5, 0.4]), np.array([True, True]), (0.5,)) == pytest.approx([0.5])


def test_acting_on_all_is_what_a_model_without_an_opinion_is_worth():
    sure_of_all = net_benefit(np.ones(5), POSITIVE)
    np.testing.assert_allclose(treat_all(2 / 5), sure_of_all)
    # Worth nothing where the threshold is the prevalence.
    assert treat_all(0.4, (0.4,)) == pytest.approx([0.0])


def test_acting_on_nobody_is_worth_nothing():
    np.testing.assert_array_equal(net_benefit(np.zeros(5), POSITIVE), np.zeros(len(THRESHOLDS)))


def test_no_scan_is_worth_nothing_known():
    assert np.isnan(worth(np.zeros(1), np.zeros(1), np.zeros(1), (0.5,))).all()
