import numpy as np
import pytest
from scipy import ndimage

from mmseg_bone.metrics.froc import RATES, THRESHOLDS, froc_score, sensitivity_at, sweep
from mmseg_bone.metrics.lesion import detect

NAN = float("nan")


@pytest.fixture
def reference():
    """Two lesions of one pixel each."""
    reference = np.zeros((5, 9), bool)
    reference[1, 1] = reference[1, 7] = True
    return reference


def test_lesions_come_in_and_false_alarms_with_them_as_the_threshold_falls(reference):
    probability = np.zeros((5, 9), np.float16)
    probability[1, 1], probability[4, 4], probability[1, 7] = 0.9, 0.5, 0.2
    found = sweep(probability, reference, (0.1, 0.3, 0.5, 0.7, 0.95))  # 0.5 is inclusive
    assert found.tolist() == [[2, 1], [1, 1], [1, 1], [1, 0], [0, 0]]


def test_hits_are_lost_again_where_parts_merge(reference):
    probability = np.zeros((5, 9))
    probability[1] = 0.3  # a bridge between the two
    probability[1, 1] = probability[1, 7] = 0.9
    # IoU of the bridge with either lesion is 1/9; one prediction finds one lesion.
    assert sweep(probability, reference, (0.2, 0.5)).tolist() == [[1, 0], [2, 0]]
    assert sweep(probability, reference, (0.2, 0.5), smallest_iou=0.2).tolist() == [[0, 1], [2, 0]]


def test_small_parts_are_dropped_at_every_threshold(reference):
    probability = np.where(reference, 0.9, 0.0)
    probability[1, 2] = 0.9  # this one has two pixels
    found = sweep(probability, reference, (0.5,), spacing_mm=(2.0, 2.0), smallest_mm2=8.0)
    assert found.tolist() == [[1, 0]]


@pytest.mark.parametrize("seed", range(5))
def test_every_threshold_agrees_with_a_mask_cut_there(seed):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(2, 40, 40)), (0, 2, 2)) * 20
    probability, reference = 1 / (1 + np.exp(-smooth[0])), smooth[0] + smooth[1] > 4
    for threshold, (hits, false) in zip(
        THRESHOLDS, sweep(probability, reference, smallest_iou=0.4), strict=True
    ):
        seen = detect(probability >= threshold, reference, smallest_iou=0.4)
        assert (hits, false) == (len(seen.hits), seen.false_positives)


def test_nothing_predicted_and_nothing_drawn_are_no_error(reference):
    nothing = np.zeros((5, 9))
    assert not sweep(nothing, reference).any()
    assert not sweep(nothing, np.zeros((5, 9), bool)).any()


def test_one_half_is_among_the_thresholds_and_all_rise():
    assert 0.5 in THRESHOLDS
    assert (np.diff(THRESHOLDS) > 0).all()


def test_sensitivity_at_a_rate_is_the_best_that_keeps_to_it():
    sensitivity = np.array([0.7, 0.8, 0.6, 0.2])  # merging: lower thresholds find less again
    false_positives = np.array([6.0, 1.5, 0.5, 0.125])
    at = sensitivity_at(sensitivity, false_positives)
    #                          1/8  1/4  1/2  1    2    4    8
    assert at.tolist() == [0.2, 0.2, 0.6, 0.6, 0.8, 0.8, 0.8]
    assert froc_score(at) == pytest.approx(4.0 / 7)


def test_a_model_that_cannot_keep_to_a_rate_scores_nothing_there():
    assert sensitivity_at(np.array([1.0]), np.array([3.0]), (1.0, 3.0)).tolist() == [0.0, 1.0]


def test_no_lesion_is_undefined_in_its_own_draw_only():
    sensitivity, false_positives = np.array([[NAN, NAN], [1.0, 0.5]]), np.zeros((2, 2))
    at = sensitivity_at(sensitivity, false_positives)
    assert np.isnan(at[0]).all()
    assert at[1].tolist() == [1.0] * len(RATES)
