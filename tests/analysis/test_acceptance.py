import pytest

from mmseg_bone.analysis.acceptance import Line, judge
from mmseg_bone.errors import PlanError

DICE = {
    ("free", ""): [0.60, 0.62, 0.64],
    ("words", ""): [0.70, 0.60, 0.74],
    ("words", "empty"): [0.59, 0.60, 0.61],
    ("map", ""): [0.85, 0.86, 0.87],
    ("map", "empty"): [0.59, 0.60, 0.61],
    ("map", "shuffled"): [0.2, None, 0.2],
}


def held(text, dice=DICE, readers=("words", "map")):
    _, (verdict,) = judge([Line.read(text)], dice, readers)
    return verdict.holds


def test_a_line_sets_means_over_the_seeds_against_each_other():
    assert held("words > free")  # 0.68 and 0.62, though one seed is below
    assert not held("free > words")
    assert held("map >= free + 0.24")  # 0.86 and 0.62: equal is enough
    assert not held("map > free + 0.24")
    assert held("words, empty >= free - 0.02")
    assert not held("words, empty >= free - 0.01")
    assert held("words, empty <= map, empty")


def test_the_best_is_taken_of_the_rows_that_read():
    best, (verdict,) = judge([Line.read("best, empty < free")], DICE, ["words", "map"])
    assert (best, verdict.found, verdict.limit) == ("map", pytest.approx(0.60), pytest.approx(0.62))
    assert judge([], DICE, ["words"])[0] == "words"


def test_what_is_not_known_was_not_shown():
    assert not held("map, shuffled < free")  # a seed is missing
    assert not held("map, side_flipped < free")
    assert not held("free < other")
    assert not held("best > free", DICE | {("words", ""): [0.7, None, 0.7]})  # it may be better
    assert not held("best > free", readers=())


def test_a_verdict_shows_both_numbers():
    _, (fine, wrong, unknown) = judge(
        [Line.read(t) for t in ("best > free", "best < free - 0.1", "best < none")], DICE, ["map"]
    )
    assert str(fine) == "pass  best > free  (0.860 > 0.620?)"
    assert str(wrong) == "FAIL  best < free - 0.1  (0.860 < 0.520?)"
    assert str(unknown).startswith("FAIL  best < none  (not known")


@pytest.mark.parametrize("text", ["", "best", "a == b", "a > b + x", "a > b + 0.1 more", "a>b"])
def test_what_is_no_line_is_refused(text):
    with pytest.raises(PlanError, match="is no line to be judged; expected such as"):
        Line.read(text)
