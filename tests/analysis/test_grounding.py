import math

import numpy as np
import pytest

from mmseg_bone.analysis.grounding import Pointing, Reading, point, read_foci, read_lesions
from mmseg_bone.study import Focus

VIEWS = ("anterior",)


def reading(named="", **falls):
    return Reading(view="anterior", number=1, probability=0.9, falls=falls, named=named)


def focus(number, named, metastatic=True):
    return Focus(
        number=number,
        bone="T7",
        kind="metastasis",
        metastatic=metastatic,
        mentioned=bool(named),
        named=named,
        certainty="high" if named else "",
        ratio=5.0,
        diameter_mm=20.0,
    )


@pytest.fixture
def scene():
    """Two lesions of two pixels; the first fades without T7, the second without L3."""
    numbers = np.zeros((1, 3, 6), np.uint16)
    numbers[0, 1, 0:2], numbers[0, 1, 4:6] = 1, 2
    whole = np.where(numbers > 0, 0.8, 0.0)
    without = {
        "T7": np.where(numbers == 1, 0.2, whole),
        "L3": np.where(numbers == 2, 0.5, whole),
    }
    return numbers, whole, without


def test_a_lesion_read_the_site_without_which_it_fades(scene):
    numbers, whole, without = scene
    first, second = read_lesions(numbers > 0, whole, without, views=VIEWS)
    assert (first.number, first.probability) == (1, pytest.approx(0.8))
    assert first.falls == {"T7": pytest.approx(0.6), "L3": 0}
    assert (first.most_read, second.most_read) == (("T7",), ("L3",))


def test_what_rises_or_stays_was_not_read():
    assert reading(T7=-0.3, L3=0.0).most_read == ()
    assert reading(T7=1e-5).most_read == ()
    assert reading().most_read == ()


def test_sites_that_fall_alike_tie():
    assert reading(T7=0.3, L3=0.3, skull=0.1).most_read == ("T7", "L3")


def test_foci_are_those_metastases_that_are_seen_and_named_for_themselves(scene):
    numbers, whole, without = scene
    unnamed, unseen, benign = focus(2, ""), focus(3, "L3"), focus(2, "L3", metastatic=False)
    found = read_foci(
        numbers, [focus(1, "T7"), unnamed, unseen, benign], whole, without, views=VIEWS
    )
    assert [(one.number, one.named, one.most_read) for one in found] == [(1, "T7", ("T7",))]


def test_the_pointing_score_is_the_share_that_read_their_own_site():
    right, wrong = reading("T7", T7=0.5, L3=0.1), reading("L3", T7=0.5, L3=0.1)
    assert point([right, right, right, wrong]) == Pointing(
        lesions=4, score=0.75, chance=0.5, read=1.0
    )


def test_a_network_that_reads_nothing_scores_chance():
    blind = reading("T7", T7=0.0, L3=0.0, skull=0.0)
    assert point([blind]) == Pointing(lesions=1, score=1 / 3, chance=1 / 3, read=0.0)


def test_a_tie_is_a_draw():
    assert point([reading("T7", T7=0.3, L3=0.3, skull=0.0)]).score == 0.5


def test_where_nothing_is_to_choose_there_is_no_score():
    for readings in ([], [reading("T7", T7=0.4)], [reading("", T7=0.4, L3=0.1)]):
        found = point(readings)
        assert found.lesions == 0
        assert math.isnan(found.score)
        assert math.isnan(found.chance)


def test_no_lesion_reads_nothing(scene):
    _, whole, without = scene
    assert read_lesions(np.zeros((1, 3, 6), bool), whole, without, views=VIEWS) == ()
