import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mmseg_bone.analysis.delong import auc, delong


def scans(seed, m=40, n=60):
    """Two models of the same scans, the first the better one; scores with ties."""
    rng = np.random.default_rng(seed)
    positive = np.arange(m + n) < m
    common = rng.normal(size=m + n)
    a = positive * 1.5 + common + rng.normal(size=m + n)
    b = positive * 0.8 + common + rng.normal(size=m + n)
    return a.round(1), b.round(1), positive


def brute(score, positive):
    """Every pair of a positive and a negative: 1 if in order, 1/2 if tied."""
    above, below = score[positive], score[~positive]
    return (above[:, None] > below) + 0.5 * (above[:, None] == below)


def test_areas_by_hand():
    positive = np.array([True, True, False, False])
    assert auc(np.array([3.0, 4.0, 1.0, 2.0]), positive) == 1.0
    assert auc(np.array([1.0, 4.0, 2.0, 1.0]), positive) == (0 + 0.5 + 1 + 1) / 4
    assert auc(np.zeros(4), positive) == 0.5


def test_one_kind_of_scan_has_no_area():
    assert np.isnan(auc(np.arange(3.0), np.ones(3, bool)))
    assert np.isnan(delong(np.arange(3.0), np.arange(3.0), np.zeros(3, bool)).difference)


@pytest.mark.parametrize("seed", range(4))
def test_area_and_variance_agree_with_every_pair_of_scans(seed):
    a, b, positive = scans(seed)
    pairs = brute(a, positive) - brute(b, positive)
    found = delong(a, b, positive, level=0.6826894921370859)  # one standard error to each side

    assert found.area_a == pytest.approx(brute(a, positive).mean(), abs=1e-12)
    assert found.difference == pytest.approx(pairs.mean(), abs=1e-12)
    variance = pairs.mean(1).var(ddof=1) / 40 + pairs.mean(0).var(ddof=1) / 60
    assert found.high - found.difference == pytest.approx(variance**0.5, abs=1e-9)


def test_the_standard_error_agrees_with_a_bootstrap_within_five_per_cent():
    a, b, positive = scans(7, m=150, n=200)
    rng = np.random.default_rng(1)
    above, below = np.flatnonzero(positive), np.flatnonzero(~positive)
    differences = []
    for _ in range(4000):
        drawn = np.r_[rng.choice(above, len(above)), rng.choice(below, len(below))]
        differences.append(auc(a[drawn], positive[drawn]) - auc(b[drawn], positive[drawn]))
    found = delong(a, b, positive)
    error = (found.high - found.low) / 2 / 1.959964
    assert error == pytest.approx(np.std(differences), rel=0.05)


def test_the_same_order_is_no_difference():
    a, _, positive = scans(0)
    found = delong(a, 2 * a + 1, positive)
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_p_is_even_where_there_is_no_difference():
    p = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        positive, (a, b) = np.arange(60) < 25, rng.normal(size=(2, 60)) + (np.arange(60) < 25)
        p.append(delong(a, b, positive).p)
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(p) < 0.5) == pytest.approx(0.5, abs=0.07)


def test_where_nothing_varies_no_p_is_claimed():
    positive = np.array([True, True, False, False])
    order = np.array([3.0, 4.0, 1.0, 2.0])
    found = delong(order, -order, positive)
    assert found.difference == 1.0
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan(delong(order[:3], -order[:3], positive[:3]).p)  # a single negative


@pytest.mark.parametrize("seed", range(3))
def test_areas_agree_with_scikit_learn(seed):
    a, b, positive = scans(seed)
    assert auc(a, positive) == pytest.approx(roc_auc_score(positive, a), abs=1e-12)
    assert auc(b, positive) == pytest.approx(roc_auc_score(positive, b), abs=1e-12)
