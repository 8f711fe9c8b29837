import numpy as np
import pytest
from scipy import stats

from mmseg_bone.analysis.statistics import (
    bootstrap,
    holm,
    mean_of_sums,
    resample,
    signed_rank,
)

NAN = float("nan")


def mean(values):
    """The mean of one value per patient, with its interval."""
    draws = resample(len(values), rng=np.random.default_rng(1))
    sums = np.stack([values, np.ones(len(values))], axis=1)
    return bootstrap(sums, mean_of_sums, draws)


def test_the_interval_is_that_of_scipys_bootstrap():
    d = np.random.default_rng(0).normal(size=40)
    theirs = stats.bootstrap(
        (d,), np.mean, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    ours = mean(d)
    np.testing.assert_allclose(ours[1:], theirs, atol=0.02)
    assert ours.value == pytest.approx(d.mean())


def test_what_does_not_vary_has_no_width():
    assert mean(np.full(3, 0.1)) == pytest.approx((0.1, 0.1, 0.1))


def test_one_patient_has_a_score_but_no_interval():
    value, low, high = mean(np.array([0.3]))
    assert value == pytest.approx(0.3)
    assert np.isnan([low, high]).all()


def test_each_draw_is_of_as_many_patients_as_there_are():
    draws = resample(7, rng=np.random.default_rng(0), resamples=50)
    assert draws.shape == (50, 7)
    assert (draws.sum(1) == 7).all()


def test_the_interval_of_a_ratio_comes_from_ratios_of_sums():
    # Two patients, 1 of 2 lesions found and 9 of 10; the draws are written out.
    sums = np.array([[1.0, 2.0], [9.0, 10.0]])
    draws = np.array([[2, 0], [1, 1], [0, 2]])
    value, low, high = bootstrap(sums, mean_of_sums, draws, level=1.0)
    assert (value, low, high) == pytest.approx((10 / 12, 0.5, 0.9))


def test_draws_without_a_lesion_are_left_out():
    sums = np.array([[1.0, 2.0], [0.0, 0.0]])
    draws = np.array([[1, 1], [0, 2]])
    assert bootstrap(sums, mean_of_sums, draws) == pytest.approx((0.5, 0.5, 0.5))


def test_the_signed_rank_test_by_hand():
    # All of 5 differences positive: both tails of 2**-5.
    assert signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0])) == pytest.approx(2 / 32)
    assert signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0, NAN])) == pytest.approx(2 / 32)


def test_no_difference_is_no_evidence():
    assert signed_rank(np.zeros(5)) == 1.0
    assert np.isnan(signed_rank(np.array([NAN])))


def test_holm_by_hand():
    #               0.01 x 3          0.02 x 2, 0.03 x 1: not below the one before it
    corrected = holm(np.array([0.03, 0.01, NAN, 0.02]))
    assert corrected == pytest.approx([0.04, 0.03, NAN, 0.04], nan_ok=True)
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])
