import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.aggregation import AGGREGATIONS, ALL, per_patient, summarise, summed

NAN = float("nan")


def table(*rows):
    names = ["seed", "patient", "id", "view", "tp", "fp", "fn", "tn"]
    names += ["lesions", "lesions_hit", "false_positives"]
    table = pd.DataFrame(rows, columns=names)
    # Outlines 3 mm apart where anything was found, and half of them within the tolerance.
    apart = np.where(table.tp > 0, 3.0, np.nan)
    return table.assign(hausdorff95_mm=apart, surface_dice=np.where(table.tp > 0, 0.5, 0.0))


# One seed, two patients. p1: a large lesion found in front, a small one half found from behind,
# and a second study without lesions where something is seen in front. p2: normal, rightly left
# alone from behind, with a false alarm in front.
#           seed patient id   view      tp fp fn tn  lesions hit false
ONE = table(
    (0, "p1", "s1", "anterior", 8, 0, 0, 92, 2, 2, 0),  # Dice 1
    (0, "p1", "s1", "posterior", 1, 0, 2, 97, 2, 1, 0),  # Dice 2/4
    (0, "p1", "s2", "anterior", 0, 3, 0, 97, 0, 0, 1),  # Dice 0
    (0, "p1", "s2", "posterior", 0, 0, 0, 100, 0, 0, 0),  # undefined
    (0, "p2", "s3", "anterior", 0, 2, 0, 98, 0, 0, 2),  # Dice 0
    (0, "p2", "s3", "posterior", 0, 0, 0, 100, 0, 0, 0),  # undefined
)


@pytest.mark.parametrize(
    ("aggregation", "value", "units", "undefined"),
    [
        ("micro", 2 * 9 / (2 * 9 + 5 + 2), 6, 0),  # 18/25
        ("image_pos", (1 + 0.5) / 2, 2, 0),
        ("image_all", (1 + 0.5 + 0 + 0) / 4, 4, 2),
        ("patient", (18 / (18 + 3 + 2) + 0) / 2, 2, 0),
        ("patient_pos", 18 / (18 + 3 + 2), 1, 0),
    ],
)
def test_the_same_counts_give_another_dice_under_every_aggregation(
    aggregation, value, units, undefined
):
    dice = summed(ONE, "dice", aggregation)
    assert dice.value == pytest.approx(value)
    assert (dice.units, dice.undefined) == (units, undefined)


def test_a_patient_for_whom_a_metric_is_undefined_is_left_out_and_counted():
    recall = summed(ONE, "recall", "patient")  # p2 has no lesion
    assert recall.value == pytest.approx(9 / 11)
    assert (recall.units, recall.undefined) == (1, 1)
    assert recall.sums.index.tolist() == ["p1", "p2"]  # p2 may be drawn by a bootstrap


def test_lesions_and_false_alarms_are_counted():
    assert summed(ONE, "lesion_sensitivity", "lesion").value == pytest.approx(3 / 4)
    assert summed(ONE, "lesion_precision", "lesion").value == pytest.approx(3 / 6)
    false = summed(ONE, "false_positives", "scan")
    assert false.value == pytest.approx(3 / 3)
    assert false.units == 3


def test_a_study_of_one_view_is_one_scan():
    one_view = ONE[(ONE.id != "s3") | (ONE.view == "anterior")]
    assert summed(one_view, "false_positives", "scan").value == pytest.approx(3 / 3)


def test_seeds_are_averaged_before_anything_else():
    def seed(number, tp, fp):
        return (number, "p1", "s1", "anterior", tp, fp, 4 - tp, 10, 1, min(tp, 1), fp)

    three = table(
        seed(0, 4, 0), seed(1, 2, 0), seed(2, 0, 3)
    )  # Dice 1, 2/3, 0; nothing, 0, 3 false

    assert summed(three, "dice", "patient").value == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert summed(three, "dice", "image_pos").value == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert summed(three, "dice", "micro").value == pytest.approx(2 * 6 / (2 * 6 + 3 + 6))
    assert summed(three, "lesion_sensitivity", "lesion").value == pytest.approx(2 / 3)
    assert summed(three, "false_positives", "scan").value == pytest.approx(1.0)
    assert summed(three, "dice", "image_pos").units == 1


def test_a_seed_for_which_a_metric_is_undefined_is_left_to_the_others():
    two = table(
        (0, "p1", "s1", "anterior", 0, 0, 4, 10, 1, 0, 0),  # nothing predicted: no precision
        (1, "p1", "s1", "anterior", 3, 1, 1, 9, 1, 1, 0),
    )
    assert summed(two, "precision", "patient").value == pytest.approx(3 / 4)


def test_seeds_with_false_alarms_on_different_normal_scans_are_no_worse_than_each_of_them():
    def seed(number, alarmed):
        return [
            (number, "p1", "s1", "anterior", 3, 1, 1, 95, 1, 1, 0),  # Dice 3/4
            *(
                (number, f"n{i}", f"n{i}", "anterior", 0, int(i == alarmed), 0, 99, 0, 0, 0)
                for i in range(3)
            ),
        ]

    one, three = table(*seed(0, 0)), table(*seed(0, 0), *seed(1, 1), *seed(2, 2))
    for aggregation in ("patient", "image_all"):
        assert summed(one, "dice", aggregation).value == pytest.approx((3 / 4 + 0) / 2)
        assert summed(three, "dice", aggregation).value == pytest.approx((3 / 4 + 0) / 2)
        assert summed(three, "dice", aggregation).units == 4


def test_twice_the_seeds_are_not_twice_the_patients():
    twice = pd.concat([ONE, ONE.assign(seed=1)])
    for metric, aggregation in ALL:
        once = summed(ONE, metric, aggregation)
        again = summed(twice, metric, aggregation)
        pd.testing.assert_frame_equal(again.sums, once.sums, check_dtype=False)
        assert (again.units, again.undefined) == (once.units, once.undefined)


def test_outlines_are_averaged_over_views_with_a_lesion_and_those_missed_are_counted():
    missed = table((0, "p3", "s9", "anterior", 0, 0, 5, 95, 1, 0, 0))
    scores = pd.concat([ONE, missed])
    distance = summed(scores, "hausdorff95_mm", "image_pos")
    assert (distance.value, distance.units, distance.undefined) == (3.0, 2, 1)
    share = summed(scores, "surface_dice", "image_pos")
    assert (share.value, share.units, share.undefined) == (pytest.approx(1 / 3), 3, 0)


def test_macro_recall_and_macro_specificity_agree():
    recall = summed(ONE, "macro_recall", "micro").value
    assert recall == pytest.approx((9 / 11 + 584 / 589) / 2)
    assert summed(ONE, "macro_specificity", "micro").value == pytest.approx(recall)


def test_a_table_of_normal_scans_left_alone_has_no_dice():
    quiet = ONE[(ONE.tp + ONE.fp + ONE.fn) == 0]
    for aggregation in ("micro", "image_pos", "image_all", "patient"):
        assert np.isnan(summed(quiet, "dice", aggregation).value)
    assert np.isnan(summed(quiet, "lesion_sensitivity", "lesion").value)
    assert summed(quiet, "false_positives", "scan").value == 0


def test_no_rows_have_no_score():
    for metric, aggregation in ALL:
        assert np.isnan(summed(ONE[:0], metric, aggregation).value)


def test_a_summary_names_the_aggregation_before_the_metric():
    summary = summarise(ONE)
    assert list(summary) == [*AGGREGATIONS, "lesion", "scan"]
    assert summary["micro"]["dice"] == pytest.approx(18 / 25)
    assert summary["scan"] == {"false_positives": pytest.approx(1.0)}
    assert summary["image_all"]["dice_undefined"] == 2
    assert "dice_undefined" not in summary["micro"]


def test_a_metric_of_each_patient():
    assert per_patient(ONE, "dice").to_dict() == pytest.approx({"p1": 18 / 23, "p2": 0.0})
    assert per_patient(ONE, "dice", "patient_pos").to_dict() == pytest.approx({"p1": 18 / 23})


def test_of_each_patient_a_normal_one_rightly_left_unmarked_is_right():
    quiet = ONE.assign(fp=0)
    assert per_patient(quiet, "dice").to_dict() == pytest.approx({"p1": 18 / 20, "p2": 1.0})
    assert np.isnan(per_patient(quiet, "recall")["p2"])  # of nothing drawn there is no share
    assert summed(quiet, "dice", "patient").undefined == 1


def test_an_unknown_aggregation_is_refused():
    with pytest.raises(
        ValueError, match=r"no metric 'dice' with aggregation 'mean'; there are dice"
    ):
        summed(ONE, "dice", "mean")
