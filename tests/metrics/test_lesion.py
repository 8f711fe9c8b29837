import numpy as np
import pytest

from mmseg_bone.metrics.lesion import Hit, detect


def line(pixels):
    """One row of pixels, # on lesion."""
    return np.array([[pixel == "#" for pixel in pixels]])


def found(prediction, reference, **rule):
    detection = detect(line(prediction), line(reference), **rule)
    return detection.lesions, len(detection.hits), detection.false_positives


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("##..##", "##..##", (2, 2, 0)),  # both found
        ("##....", "##..##", (2, 1, 0)),  # one missed
        ("##..##", "##....", (1, 1, 1)),  # one made up
        ("######", "##..##", (2, 1, 0)),  # run together: one prediction finds one lesion
        ("##.##.", "######", (1, 1, 1)),  # split: the second half finds nothing
        ("......", "##..##", (2, 0, 0)),  # an empty prediction
        ("##..##", "......", (0, 0, 2)),  # a normal scan
        ("......", "......", (0, 0, 0)),  # rightly nothing
    ],
)
def test_lesions_hits_and_false_positives(prediction, reference, expected):
    assert found(prediction, reference) == expected
    assert found(prediction, reference, rule="overlap") == expected


#             10 pixels predicted, 1 drawn and shared, or 11 with 1 shared
@pytest.mark.parametrize(
    ("prediction", "reference", "by_iou", "by_overlap", "by_centroid"),
    [
        ("##########..", "#...........", 1, 1, 0),  # IoU 1/10, just enough
        ("###########.", "#...........", 0, 1, 0),  # IoU 1/11, too little
        ("#########...", "....#.......", 1, 1, 1),  # its centroid is column 4
        ("#..#........", "....#.......", 0, 0, 0),  # beside it
    ],
)
def test_the_three_rules_differ(prediction, reference, by_iou, by_overlap, by_centroid):
    actual = [found(prediction, reference, rule=rule)[1] for rule in ("iou", "overlap", "centroid")]
    assert actual == [by_iou, by_overlap, by_centroid]


def test_the_iou_asked_for_is_a_setting():
    assert found("##########..", "#...........", smallest_iou=0.11)[1] == 0


def test_an_iou_of_zero_still_asks_for_a_pixel_in_common():
    assert found("#...", "..#.", smallest_iou=0.0) == (1, 0, 1)


def test_as_many_lesions_are_found_as_can_be():
    # The first prediction overlaps the second lesion best (6/10), and the first one a little;
    # the second prediction overlaps the second lesion a little. Two pairs are better than one.
    reference = line("#.########")
    prediction = line("########.#")

    detection = detect(prediction, reference, rule="overlap")

    assert detection.hits == (Hit(1, 1), Hit(2, 2))


def test_of_two_predictions_the_better_one_is_the_hit():
    detection = detect(line("#.###"), line("#####"))
    assert detection.hits == (Hit(1, 2),)


def test_sensitivity_is_undefined_on_a_normal_scan():
    assert np.isnan(detect(line("#."), line("..")).sensitivity)
    assert detect(line("#..#"), line("#..#")).sensitivity == 1.0
    assert detect(line("...."), line("#..#")).sensitivity == 0.0
