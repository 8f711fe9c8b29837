import numpy as np
import pytest
import torch
from torchmetrics.functional import classification

from mmseg_bone.metrics.overlap import (
    METRICS,
    Confusion,
    confusion,
    cpa,
    dice,
    f1,
    iou,
    macro,
    pixel_accuracy,
    precision,
    recall,
    specificity,
)

NAN = float("nan")


def row(*pixels):
    return np.array([[pixels]], bool)


def counts(tp, fp, fn, tn):
    return Confusion(*(np.array([n]) for n in (tp, fp, fn, tn)))


def test_pixels_are_counted_view_by_view():
    prediction = np.array([[[1, 1, 0, 0]], [[1, 0, 0, 0]]], bool)
    reference = np.array([[[1, 0, 1, 0]], [[0, 0, 0, 0]]], bool)

    found = confusion(prediction, reference)

    assert [n.tolist() for n in (found.tp, found.fp, found.fn, found.tn)] == [
        [1, 0],
        [1, 1],
        [1, 0],
        [1, 3],
    ]


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ((1, 1, 0, 0), (1, 1, 0, 0), 1.0),  # the same
        ((1, 1, 0, 0), (0, 0, 1, 1), 0.0),  # nothing in common
        ((1, 1, 0, 0), (1, 1, 1, 1), 2 / 3),  # half found: 2·2 / (2 + 4)
        ((1, 0, 0, 0), (0, 0, 0, 0), 0.0),  # a false alarm on a normal scan
        ((0, 0, 0, 0), (1, 0, 0, 0), 0.0),  # a lesion missed altogether
        ((0, 0, 0, 0), (0, 0, 0, 0), NAN),  # nothing to overlap
    ],
)
def test_dice(prediction, reference, expected):
    assert dice(confusion(row(*prediction), row(*reference)))[0] == pytest.approx(
        expected, nan_ok=True
    )


# One table, worked by hand: TP 3, FP 1, FN 2, TN 4; then each thing that can be missing.
@pytest.mark.parametrize(
    ("metric", "both", "nothing_drawn", "nothing_predicted", "neither"),
    [
        #               3 1 2 4   0 1 0 9   0 0 5 5   0 0 0 9
        (dice, 6 / 9, 0.0, 0.0, NAN),
        (iou, 3 / 6, 0.0, 0.0, NAN),
        (precision, 3 / 4, 0.0, NAN, NAN),
        (cpa, 3 / 4, 0.0, NAN, NAN),
        (recall, 3 / 5, NAN, 0.0, NAN),
        (f1, 6 / 9, 0.0, 0.0, NAN),
        (pixel_accuracy, 7 / 10, 9 / 10, 5 / 10, 1.0),
        (specificity, 4 / 5, 9 / 10, 1.0, 1.0),
    ],
)
def test_every_metric_by_hand(metric, both, nothing_drawn, nothing_predicted, neither):
    cases = ((3, 1, 2, 4), (0, 1, 0, 9), (0, 0, 5, 5), (0, 0, 0, 9))
    actual = [metric(counts(*case))[0] for case in cases]
    assert actual == pytest.approx(
        [both, nothing_drawn, nothing_predicted, neither], nan_ok=True, abs=1e-12
    )


def test_specificity_is_undefined_where_every_pixel_is_lesion():
    assert np.isnan(specificity(counts(4, 0, 0, 0))[0])


def test_every_metric_is_listed_by_its_name():
    assert list(METRICS) == [
        "dice",
        "iou",
        "precision",
        "cpa",
        "recall",
        "f1",
        "pixel_accuracy",
        "specificity",
    ]


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    n = counts(3, 1, 2, 4)
    p, r = precision(n)[0], recall(n)[0]
    assert f1(n)[0] == pytest.approx(2 * p * r / (p + r), abs=1e-12)


def test_pooling_adds_pixels_before_it_divides():
    two = Confusion(*map(np.array, ([1, 0], [0, 8], [0, 0], [9, 2])))
    assert dice(two).mean() == 0.5  # of 1 and 0
    assert dice(two.pooled()) == pytest.approx(2 / 10)


def test_macro_recall_is_macro_specificity():
    n = counts(3, 1, 2, 4)
    assert macro(recall, n)[0] == macro(specificity, n)[0] == pytest.approx((3 / 5 + 4 / 5) / 2)
    assert macro(dice, n)[0] == pytest.approx((6 / 9 + 8 / 11) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_random_masks_agree_with_torchmetrics(seed):
    rng = np.random.default_rng(seed)
    prediction, reference = rng.random((2, 20, 30)) < rng.uniform(0.1, 0.9, (2, 1, 1))
    counts = confusion(prediction, reference)
    theirs = {
        dice: classification.binary_f1_score,
        iou: classification.binary_jaccard_index,
        precision: classification.binary_precision,
        recall: classification.binary_recall,
        specificity: classification.binary_specificity,
        pixel_accuracy: classification.binary_accuracy,
    }
    for ours, their in theirs.items():
        value = float(their(torch.tensor(prediction).long(), torch.tensor(reference).long()))
        assert ours(counts) == pytest.approx(value, abs=1e-6), ours.__name__
