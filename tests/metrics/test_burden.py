import numpy as np
import pytest
from scipy import stats

from mmseg_bone.anatomy import BONES, BY_NAME, skeletal_mass
from mmseg_bone.metrics.burden import bland_altman, bone_scan_index, spearman

SUM = 100.1  # of the weights, as printed


def bones(*rows):
    """Views of one row of pixels each, by names of bones; "" is none."""
    return np.array([[[BY_NAME[n].label if n else 0 for n in row]] for row in rows], np.uint8)


def lesion(*rows):
    return np.array([[row] for row in rows], bool)


def test_every_bone_has_a_weight_and_they_add_up_as_printed():
    weights = skeletal_mass()
    assert set(weights) == {bone.name for bone in BONES}
    assert sum(weights.values()) == pytest.approx(SUM, abs=0.005)
    spine = sum(weights[b.name] for b in BONES if b.region in ("cervical", "thoracic", "lumbar"))
    assert spine + weights["sacrum"] == pytest.approx(8.3)
    hips = sum(weights[b.name] for b in BONES if b.region == "pelvis")
    assert hips == pytest.approx(7.5)
    assert sum(weights[b.name] for b in BONES if b.region == "ribs") == pytest.approx(4.4, abs=1e-3)


def test_half_a_bone_in_one_view_and_none_of_it_in_the_other():
    seen = bones(["skull", "skull", "mandible", ""], ["skull", "skull", "skull", ""])
    found = bone_scan_index(lesion([1, 0, 0, 1], [0, 0, 0, 1]), seen)
    # Lesion beside all bones counts nothing; the skull is half involved in one view of two.
    assert found.percent == pytest.approx(100 * 16.6 / SUM * (0.5 + 0) / 2, rel=1e-4)
    assert found.visible_percent == pytest.approx(100 * (16.6 + 1.8) / SUM, rel=1e-4)


def test_a_bone_is_averaged_over_the_views_that_show_it():
    seen = bones(["sternum", ""], ["", ""])
    found = bone_scan_index(lesion([1, 0], [0, 0]), seen)
    assert found.percent == pytest.approx(100 * 0.2 / SUM, rel=1e-4)


def test_no_lesion_is_nothing_and_a_skeleton_of_lesion_is_all():
    seen = np.arange(len(BONES) + 1, dtype=np.uint8)[None, None].repeat(2, 0)
    assert bone_scan_index(np.zeros(seen.shape, bool), seen) == pytest.approx((0.0, 100.0))
    assert bone_scan_index(np.ones(seen.shape, bool), seen) == pytest.approx((100.0, 100.0))


def test_more_lesion_is_never_less_burden():
    rng = np.random.default_rng(0)
    seen = rng.integers(0, len(BONES) + 1, (2, 20, 20)).astype(np.uint8)
    order = rng.random(seen.shape)
    found = [bone_scan_index(order < share, seen).percent for share in np.linspace(0, 1.01, 20)]
    assert (np.diff(found) >= 0).all()


def test_without_a_bone_in_sight_there_is_no_index():
    found = bone_scan_index(np.ones((1, 2, 2), bool), np.zeros((1, 2, 2), np.uint8))
    assert np.isnan(found.percent)
    assert found.visible_percent == 0


def test_bias_and_limits_by_hand():
    limits = bland_altman(np.array([2.0, 3.0, 7.0]), np.array([1.0, 3.0, 5.0]))
    # Differences 1, 0, 2: mean 1, standard deviation 1.
    assert limits == pytest.approx((1.0, 1 - 1.96, 1 + 1.96))


def test_one_pair_has_a_bias_and_none_has_nothing():
    one = bland_altman(np.array([2.0]), np.array([1.5]))
    assert one.bias == 0.5
    assert np.isnan([one.low, one.high]).all()
    assert np.isnan(bland_altman(np.array([]), np.array([]))).all()


def test_ranks_correlate_as_scipy_says():
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 9.0])) == pytest.approx(1.0)
    # Ranks 1 2.5 2.5 4 against 1 2 3 4: 4.5 / sqrt(4.5 x 5)
    tied = spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert tied == pytest.approx(4.5 / 22.5**0.5)
    a, b = np.random.default_rng(0).integers(0, 9, (2, 50)).astype(float)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_what_does_not_vary_has_no_rank_correlation():
    assert np.isnan(spearman(np.zeros(3), np.arange(3.0)))
    assert np.isnan(spearman(np.array([]), np.array([])))
