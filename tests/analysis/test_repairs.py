from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.marked import Cut, mark
from mmseg_bone.analysis.repairs import AS_IT_IS, repair_table, repaired
from mmseg_bone.analysis.tables import repairs_table
from mmseg_bone.study import Focus


def lit(study, *pixels):
    """A mask of a study's size, true at some pixels of the anterior view."""
    mask = np.zeros(study.counts.shape, bool)
    for y, x in pixels:
        mask[0, y, x] = True
    return mask


def marked(study, drawn, marks, **more):
    study = replace(study, mask=lit(study, *drawn), **more)
    return mark(study, lit(study, *marks).astype(float), Cut())


DRAWN = [(0, 0), (0, 1), (4, 4)]
MARKS = [(0, 1), (0, 2), (2, 5)]  # half of the first lesion and a pixel too much, and a false one


def dice_after(table, pool="all"):
    return table[table.pool == pool].set_index("repair").value.to_dict()


def test_each_repair_mends_its_own_kind_of_error_and_no_other(study):
    dice = dice_after(repair_table([marked(study, DRAWN, MARKS)]))
    assert dice == pytest.approx(
        {
            AS_IT_IS: 2 / 6,
            "no false marks": 2 / 5,
            "none missed": 4 / 7,
            "outlines exact": 4 / 6,
        }
    )


def test_all_three_repairs_draw_the_reference(study):
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask, probability = rng.random((2, *study.counts.shape)) < 0.3
        found = mark(replace(study, mask=mask), probability.astype(float), Cut())
        for repair in ("no false marks", "none missed", "outlines exact"):
            found = mark(found.study, repaired(found)[repair].astype(float), Cut())
        np.testing.assert_array_equal(found.prediction, mask)


def test_of_phantoms_what_ambiguous_foci_cost_is_told_apart(study):
    foci = tuple(
        Focus(
            number=number, bone="L1", kind=kind, metastatic=kind == "metastasis", ambiguous=True,
            ratio=3.0, diameter_mm=20.0,
        )
        for number, kind in ((1, "metastasis"), (2, "arthritis"))
    )  # fmt: skip
    instances = np.zeros(study.counts.shape, np.uint16)
    instances[0, 4, 4], instances[0, 2, 5] = 1, 2
    of = marked(study, DRAWN, MARKS, instances=instances, foci=foci)
    table = repair_table([of])
    assert dice_after(table, "ambiguous focus") == dice_after(table)
    assert dice_after(table)["ambiguous benign unmarked"] == pytest.approx(2 / 5)
    assert dice_after(table)["ambiguous metastases exact"] == pytest.approx(4 / 7)


def test_a_rightly_unmarked_scan_has_no_dice_and_a_false_alarm_repaired_is_left_out_too(study):
    lesion = marked(study, DRAWN, DRAWN)
    normal = marked(replace(study, id="s2", patient="p2"), [], [])
    alarm = marked(replace(study, id="s3", patient="p3"), [], [(1, 1)])
    dice = dice_after(repair_table([lesion, normal, alarm]))
    assert dice[AS_IT_IS] == pytest.approx(1 / 2)  # 1 and 0; the normal one is left out
    assert dice["no false marks"] == dice["outlines exact"] * 2 == 1


def test_of_no_study_there_is_no_table():
    assert repair_table([]).empty
    assert repairs_table(repair_table([])) == "No study was scored, so there is nothing to repair."


def test_the_table_to_read_shows_what_each_repair_gains(study):
    shown = repairs_table(repair_table([marked(study, DRAWN, MARKS)])).splitlines()
    assert shown[0] == "| pool | patients | repair | Dice, patient | gain |"
    assert shown[2].startswith("| all | 1 | as it is | 0.333")
    assert shown[2].endswith("|  |")
    assert "| +0.067" in shown[3]
