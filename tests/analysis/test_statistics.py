import numpy as np
import pytest
from scipy import stats

from mmseg_bone.analysis.statistics import (
    bootstrap,
    holm,
    mean_of_sums,
    paired_difference,
    resample,
    signed_rank,
)

NAN = float("nan")


def difference(a, b, patients, **settings):
    return paired_difference(
        np.asarray(a, float),
        np.asarray(b, float),
        patients,
        rng=np.random.default_rng(1),
        **settings,
    )


def test_many_scans_of_one_patient_do_not_narrow_the_interval():
    d = np.random.default_rng(0).normal(size=10)
    once = difference(d, np.zeros(10), [f"p{i}" for i in range(10)])
    thrice = difference(
        np.repeat(d, 3), np.zeros(30), [f"p{i}" for i in range(10) for _ in range(3)]
    )
    np.testing.assert_allclose(once, thrice)


def test_scans_of_many_patients_do():
    d = np.random.default_rng(0).normal(size=10)
    ten = difference(d, np.zeros(10), [f"p{i}" for i in range(10)])
    thirty = difference(np.repeat(d, 3), np.zeros(30), [f"p{i}" for i in range(30)])
    assert thirty.high - thirty.low < 0.7 * (ten.high - ten.low)


def test_the_interval_is_that_of_scipys_bootstrap():
    d = np.random.default_rng(0).normal(size=40)
    ours = difference(d, np.zeros(40), [f"p{i:02}" for i in range(40)])
    theirs = stats.bootstrap(
        (d,), np.mean, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    np.testing.assert_allclose(ours[1:], theirs, atol=0.02)
    assert ours.value == pytest.approx(d.mean())


def test_a_constant_gain_has_no_width():
    gain = difference([0.6, 0.7, 0.8], [0.5, 0.6, 0.7], ["a", "b", "c"])
    assert gain == pytest.approx((0.1, 0.1, 0.1))


def test_the_sign_says_how_much_better_the_first_is():
    assert difference([0.9, 0.8], [0.1, 0.2], ["a", "b"]).value == pytest.approx(0.7)


def test_a_study_undefined_in_either_is_left_out():
    with_nan = difference([0.5, NAN, 0.9, 0.4], [0.3, 0.2, NAN, 0.1], ["a", "b", "c", "d"])
    assert with_nan == pytest.approx(difference([0.5, 0.4], [0.3, 0.1], ["a", "d"]))


def test_nothing_to_compare_is_undefined():
    assert np.isnan(difference([NAN], [0.5], ["a"])).all()


def test_one_patient_has_a_difference_but_no_interval():
    value, low, high = difference([0.9, 0.7], [0.5, 0.5], ["a", "a"])
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
