import math
from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.agreement.agree import Discrepancy
from mmseg_bone.analysis.agreement.truth import Flags, count_flags, total, true_flags
from mmseg_bone.study import Focus


def focus(number, bone, named="", certainty="high", metastatic=True, mentioned=True):
    return Focus(
        number=number,
        bone=bone,
        kind="metastasis",
        metastatic=metastatic,
        mentioned=mentioned,
        named=named,
        certainty=certainty if mentioned else "",
        ratio=5.0,
        diameter_mm=20.0,
    )


@pytest.fixture
def phantom(study):
    """Makes a phantom of foci; the first is seen, at the lesion of the study."""

    def make(*foci):
        return replace(study, instances=study.mask.astype(np.uint16), foci=foci)

    return make


def test_a_report_that_is_right_leaves_nothing_to_flag(phantom):
    assert true_flags(phantom(focus(1, "T7", "T7"))) == set()


def test_an_omission_is_not_named_unless_the_report_speaks_of_all(phantom):
    silent = phantom(focus(1, "T7", mentioned=False))
    assert true_flags(silent) == {("not_named", "T7")}
    assert true_flags(silent, everywhere=True) == set()


def test_a_wrong_side_is_both_not_named_and_not_found(phantom):
    wrong = phantom(focus(1, "rib_left_5", "rib_right_5"))
    assert true_flags(wrong) == {("not_named", "rib_left_5"), ("not_found", "rib_right_5")}


def test_a_miscount_is_near_by_option(phantom):
    miscount = phantom(focus(1, "T7", "T8"))
    assert true_flags(miscount) == set()
    assert true_flags(miscount, levels=0) == {("not_named", "T7"), ("not_found", "T8")}


def test_what_nobody_drew_but_the_report_is_sure_of_is_not_found(phantom):
    unseen = phantom(focus(1, "T7", "T7"), focus(2, "L3", "L3"), focus(3, "L5", "L5", "low"))
    assert true_flags(unseen) == {("not_found", "L3")}


def test_a_metastasis_called_benign_is_its_own_kind(phantom):
    assert true_flags(phantom(focus(1, "T7", "T7", "benign"))) == {("called_benign", "T7")}


def test_one_of_a_crowd_is_mentioned(phantom):
    assert true_flags(phantom(focus(1, "rib_left_5", ""))) == set()


def test_no_phantom_and_no_drawing_have_no_truth(study):
    assert true_flags(study) == set()
    assert true_flags(replace(study, mask=None)) == set()


def test_flags_are_counted_by_kind_and_bone():
    raised = [
        Discrepancy(kind="not_named", bones=("sternum", "T7")),
        Discrepancy(kind="not_named", bones=("T7",)),  # the same from behind
        Discrepancy(kind="not_found", bones=("T8",)),
    ]
    counted = count_flags(raised, {("not_named", "T7"), ("not_found", "T9")})
    assert counted == Flags(expected=2, told=1, raised=3, right=2)
    assert (counted.precision, counted.recall) == (2 / 3, 1 / 2)
    assert total([counted, counted]) == Flags(4, 2, 6, 4)


def test_shares_of_nothing_are_undefined():
    nothing = total([])
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)
    assert count_flags([], set()) == nothing
