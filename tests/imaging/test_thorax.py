from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.thorax import find_thorax
from tests.imaging.phantoms import phantom

PATIENTS = range(6)


def top_of_t1(study):
    """The first row in which the posterior view shows the first thoracic vertebra."""
    posterior = study.bones[study.views.index("posterior")]
    return np.flatnonzero((posterior == BY_NAME["T1"].label).any(axis=1))[0]


def found_in(study):
    return find_thorax(study.counts, study.views, study.spacing_mm)


def by_hand(shoulders=40):
    """A head of 40 columns, a neck of 20 and a trunk of 120 that begins at row 60."""
    counts = np.zeros((1, 500, 160))
    counts[0, 20:45, 60:100] = 9
    counts[0, 45 : 20 + shoulders, 70:90] = 9
    counts[0, 20 + shoulders : 320, 20:140] = 9
    counts[0, 320:480, 50:110] = 9
    return counts


@pytest.mark.parametrize("number", PATIENTS)
def test_the_thorax_of_a_phantom_begins_within_eight_rows_of_its_first_vertebra(number):
    study = phantom(number)
    thorax = found_in(study)
    assert thorax.found
    assert abs(thorax.top - top_of_t1(study)) <= 8


@pytest.mark.parametrize("at", [0, 1])
def test_one_view_is_enough_and_the_posterior_one_may_be_mirrored_or_not(at):
    study = phantom(0)
    one = replace(
        study,
        views=study.views[at : at + 1],
        counts=study.counts[at : at + 1],
        **dict.fromkeys(("mask", "instances", "classes", "bones")),
    )
    turned = replace(one, counts=np.ascontiguousarray(one.counts[..., ::-1]))
    assert abs(found_in(one).top - top_of_t1(study)) <= 8
    assert found_in(turned) == found_in(one)


@pytest.mark.parametrize("rows", [-20, 17])
def test_a_patient_who_lies_lower_has_a_lower_thorax(rows):
    study = phantom(1)
    moved = np.roll(study.counts, rows, axis=1)
    thorax = find_thorax(moved, study.views, study.spacing_mm)
    assert thorax.top == found_in(study).top + rows


def test_shoulders_by_hand_are_found_where_they_are():
    # Pixels of 5 mm: the body widens at row 60, 200 mm below the crown.
    thorax = find_thorax(by_hand(), ("anterior",), (5.0, 5.0))
    assert thorax.found
    assert abs(thorax.top - (60 + 2)) <= 3


def test_a_hot_spot_does_not_move_it():
    counts = by_hand()
    hot = counts.copy()
    hot[0, 90:94, 30:34] = 2000
    plain = find_thorax(counts, ("anterior",), (5.0, 5.0))
    assert abs(find_thorax(hot, ("anterior",), (5.0, 5.0)).top - plain.top) <= 3


def test_a_blank_image_has_no_thorax_and_says_so():
    thorax = find_thorax(np.zeros((2, 30, 20), np.uint16), ("anterior", "posterior"), (2.3, 2.3))
    assert (thorax.top, thorax.found) == (0, False)


def test_a_body_without_shoulders_gets_a_share_of_its_length_and_says_so():
    tube = np.zeros((1, 1000, 60), np.uint16)
    tube[0, 100:900, 20:40] = 9
    thorax = find_thorax(tube, ("anterior",), (2.3, 2.3))
    assert not thorax.found
    assert abs(thorax.top - (100 + 0.149 * 800)) <= 6  # the blur adds some rows to the body


def test_a_scan_of_the_head_alone_is_too_short_to_tell():
    head = np.full((1, 50, 60), 9, np.uint16)
    assert not find_thorax(head, ("anterior",), (2.3, 2.3)).found
