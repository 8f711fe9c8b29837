"""Our metrics against other people's, on random masks.

Those of MONAI, torchmetrics, scikit-learn, SciPy and OpenCV. They agree to 1e-6, relative, where
they are defined alike. Where they are not, the exact relation is tested, and said in the name of
the test.
"""

import warnings
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from scipy.spatial.distance import directed_hausdorff
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
    roc_auc_score,
)
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_calibration_error,
    binary_jaccard_index,
    binary_specificity,
)

from mmseg_bone.analysis.delong import auc, delong
from mmseg_bone.metrics import overlap
from mmseg_bone.metrics.burden import spearman
from mmseg_bone.metrics.calibration import reliability
from mmseg_bone.metrics.surface import hausdorff95, surface_dice, surface_distances

SPACING = (2.26, 2.4)
SEEDS = range(8)
EMPTY = np.zeros((48, 32), bool)


@pytest.fixture(scope="module")
def monai():
    """Its metrics; imported once, and late, since that takes seconds."""
    with warnings.catch_warnings():
        # Of optuna, which MONAI imports where it is installed.
        warnings.filterwarnings("ignore", message="The ``declarative_base")
        from monai import metrics
    return metrics


def blobs(seed, share=0.06):
    """A mask of some blobs, some of which touch the border."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(EMPTY.shape), 2)
    return field > np.quantile(field, 1 - share)


def pair(seed):
    """A reference, and a prediction that finds some of it."""
    reference = blobs(seed)
    return np.roll(reference, 1, 0) ^ blobs(seed + 100, share=0.02), reference


def close(other):
    return pytest.approx(float(other), rel=1e-6, abs=1e-9, nan_ok=True)


def counted(prediction, reference):
    return overlap.confusion(prediction[None], reference[None])


def ours(name, prediction, reference):
    return float(overlap.METRICS[name](counted(prediction, reference))[0])


def as_batch(mask):
    return torch.from_numpy(mask)[None, None].double()


def distances_of_both(monai, prediction, reference, tolerance_mm):
    """Hausdorff 95 and surface Dice by MONAI."""
    masks = (as_batch(prediction), as_batch(reference))
    how = {"include_background": True, "spacing": SPACING}
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*always_return_as_numpy", category=FutureWarning
        )
        warnings.filterwarnings("ignore", message=".* of class 0 is all 0", category=UserWarning)
        return SimpleNamespace(
            hausdorff95=monai.compute_hausdorff_distance(*masks, percentile=95, **how),
            surface_dice=monai.compute_surface_dice(*masks, [tolerance_mm], **how),
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_pixels_are_those_of_scikit_learn(seed):
    prediction, reference = pair(seed)
    drawn, marked = reference.ravel(), prediction.ravel()
    theirs = {
        "dice": f1_score(drawn, marked),
        "f1": f1_score(drawn, marked),
        "iou": jaccard_score(drawn, marked),
        "precision": precision_score(drawn, marked),
        "cpa": precision_score(drawn, marked),
        "recall": recall_score(drawn, marked),
        "pixel_accuracy": accuracy_score(drawn, marked),
        "specificity": recall_score(drawn, marked, pos_label=False),
    }
    assert theirs.keys() == overlap.METRICS.keys()  # none is left unchecked
    assert 0.1 < theirs["dice"] < 0.9
    assert {name: ours(name, prediction, reference) for name in theirs} == {
        name: close(value) for name, value in theirs.items()
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_macro_averages_are_those_of_scikit_learn(seed):
    prediction, reference = pair(seed)
    counts = counted(prediction, reference)
    theirs = recall_score(reference.ravel(), prediction.ravel(), average="macro")
    assert float(overlap.macro(overlap.recall, counts)[0]) == close(theirs)
    theirs = jaccard_score(reference.ravel(), prediction.ravel(), average="macro")
    assert float(overlap.macro(overlap.iou, counts)[0]) == close(theirs)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_pixels_are_those_of_torchmetrics(seed):
    prediction, reference = pair(seed)
    masks = (torch.from_numpy(prediction).int(), torch.from_numpy(reference).int())
    assert ours("iou", prediction, reference) == close(binary_jaccard_index(*masks))
    assert ours("specificity", prediction, reference) == close(binary_specificity(*masks))


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_pixels_and_outlines_are_those_of_monai(monai, seed):
    prediction, reference = pair(seed)
    masks = (as_batch(prediction), as_batch(reference))
    assert ours("dice", prediction, reference) == close(monai.compute_dice(*masks))
    assert ours("iou", prediction, reference) == close(monai.compute_iou(*masks))
    matrix = monai.get_confusion_matrix(*masks)
    for own, their in (("precision", "precision"), ("recall", "sensitivity")):
        theirs = monai.compute_confusion_matrix_metric(their, matrix)
        assert ours(own, prediction, reference) == close(theirs)
    distances = surface_distances(prediction, reference, SPACING)
    theirs = distances_of_both(monai, prediction, reference, tolerance_mm=4.0)
    assert hausdorff95(distances) == close(theirs.hausdorff95)
    assert hausdorff95(distances) > 2 * max(SPACING)
    assert surface_dice(distances, 4.0) == close(theirs.surface_dice)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_largest_distance_is_the_hausdorff_distance_of_opencv_and_scipy(seed):
    # torchmetrics has one too, without a percentile; on masks like these its own index fails.
    prediction, reference = pair(seed)
    distances = surface_distances(prediction, reference, SPACING)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    outlines = []
    for mask in (prediction, reference):
        inside = cv2.erode(
            mask.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0
        )
        outlines.append(np.argwhere(mask & (inside == 0)) * SPACING)
    for own, (a, b) in (
        (distances.to_reference, outlines),
        (distances.to_prediction, outlines[::-1]),
    ):
        assert len(own) == len(a)
        assert own.max() == close(directed_hausdorff(a, b)[0])


def test_one_pixel_is_measured_alike(monai):
    pixel, other = EMPTY.copy(), EMPTY.copy()
    pixel[0, 0] = other[-1, -1] = True
    theirs = distances_of_both(monai, pixel, other, tolerance_mm=1.0)
    distances = surface_distances(pixel, other, SPACING)
    assert hausdorff95(distances) == close(theirs.hausdorff95)
    assert hausdorff95(distances) == pytest.approx(np.hypot(47 * SPACING[0], 31 * SPACING[1]))


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [(blobs(0), EMPTY), (EMPTY, blobs(0)), (EMPTY, EMPTY)],
    ids=["false alarm", "miss", "both empty"],
)
def test_distances_of_empty_masks_are_those_of_monai(monai, prediction, reference):
    distances = surface_distances(prediction, reference, SPACING)
    theirs = distances_of_both(monai, prediction, reference, tolerance_mm=4.0)
    assert np.isnan(hausdorff95(distances))
    assert hausdorff95(distances) == close(theirs.hausdorff95)
    assert surface_dice(distances, 4.0) == close(theirs.surface_dice)


def test_two_empty_masks_are_undefined_to_us_and_to_monai_where_it_ignores_empty(monai):
    masks = (as_batch(EMPTY), as_batch(EMPTY))
    for name, theirs in (("dice", monai.compute_dice), ("iou", monai.compute_iou)):
        assert np.isnan(ours(name, EMPTY, EMPTY))
        assert theirs(*masks, ignore_empty=True).isnan()
        assert theirs(*masks, ignore_empty=False) == 1


def test_a_false_alarm_is_0_to_us_and_ignored_by_monai_unless_told_otherwise(monai):
    # With ignore_empty it leaves out whatever has an empty reference, found clean or not.
    alarm = blobs(0)
    for name, theirs in (("dice", monai.compute_dice), ("iou", monai.compute_iou)):
        masks = (as_batch(alarm), as_batch(EMPTY))
        assert theirs(*masks, ignore_empty=True).isnan()
        assert ours(name, alarm, EMPTY) == theirs(*masks, ignore_empty=False) == 0
        assert ours(name, EMPTY, alarm) == theirs(*masks[::-1]) == 0


def test_what_is_undefined_to_us_is_a_number_of_choice_to_scikit_learn():
    miss = {"y_true": blobs(0).ravel(), "y_pred": EMPTY.ravel()}
    assert np.isnan(ours("precision", EMPTY, blobs(0)))
    assert [precision_score(**miss, zero_division=x) for x in (0, 1)] == [0, 1]
    alarm = {"y_true": EMPTY.ravel(), "y_pred": blobs(0).ravel()}
    assert np.isnan(ours("recall", blobs(0), EMPTY))
    assert [recall_score(**alarm, zero_division=x) for x in (0, 1)] == [0, 1]


@pytest.mark.parametrize("decimals", [6, 1], ids=["without ties", "with ties"])
@pytest.mark.parametrize("seed", SEEDS)
def test_areas_under_curves_are_those_of_scikit_learn_and_torchmetrics(seed, decimals):
    rng = np.random.default_rng(seed)
    positive = rng.random(60) < 0.3
    scores = np.clip(rng.normal(0.4 + 0.2 * positive[None], 0.2, (2, 60)), 0, 1).round(decimals)
    areas = delong(*scores, positive)
    for own, score in zip((areas.area_a, areas.area_b), scores, strict=True):
        assert own == auc(score, positive) == close(roc_auc_score(positive, score))
        theirs = binary_auroc(torch.from_numpy(score), torch.from_numpy(positive).int())
        assert own == close(theirs)


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_is_that_of_torchmetrics_and_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    probability = rng.random(200) ** 2  # some bins are poor, and the true share is another
    right = rng.random(200) < probability**2
    told = reliability(probability, right)
    theirs = binary_calibration_error(
        torch.from_numpy(probability), torch.from_numpy(right).int(), n_bins=10
    )
    assert float(told.ece) == close(theirs)
    observed, predicted = calibration_curve(right, probability, n_bins=10)
    filled = told.predictions > 0
    np.testing.assert_allclose(told.observed[filled], observed, rtol=1e-6)
    np.testing.assert_allclose(told.predicted[filled], predicted, rtol=1e-6)


def test_a_probability_on_a_border_is_in_the_bin_above_here_as_in_torchmetrics():
    # scikit-learn puts it into the bin below: the one place where they differ.
    probability, right = np.array([0.25, 0.5, 0.5, 1.0]), np.array([True, False, True, True])
    told = reliability(probability, right, bins=4)
    assert told.predictions.tolist() == [0, 1, 2, 1]
    theirs = binary_calibration_error(
        torch.from_numpy(probability), torch.from_numpy(right).int(), n_bins=4
    )
    assert float(told.ece) == close(theirs)
    _, predicted = calibration_curve(right, probability, n_bins=4)
    assert predicted.tolist() == [0.25, 0.5, 1.0]  # the same groups, one bin further down


@pytest.mark.parametrize("decimals", [6, 1], ids=["without ties", "with ties"])
def test_correlation_of_ranks_is_that_of_scipy(decimals):
    rng = np.random.default_rng(0)
    a = rng.random(40).round(decimals)
    b = (a + rng.normal(0, 0.3, 40)).round(decimals)
    assert spearman(a, b) == close(stats.spearmanr(a, b).statistic)
