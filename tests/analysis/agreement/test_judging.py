import json
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from mmseg_bone.analysis.agreement.agree import Discrepancy
from mmseg_bone.analysis.agreement.judging import judge, judge_run
from mmseg_bone.analysis.figures import figure_of
from mmseg_bone.analysis.figures.agreement import draw_judgement, in_words
from mmseg_bone.analysis.marked import Cut
from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store

LEFT, RIGHT = "rib_left_5", "rib_right_5"


class Mention(NamedTuple):
    bone: str
    label: str = "metastatic"
    certainty: str = "high"
    collective: bool = False
    negated: bool = False


class Words(NamedTuple):
    mentions: tuple = ()
    everywhere: bool = False


def naming(*bones):
    return Words(tuple(map(Mention, bones)))


@pytest.fixture
def phantom(study):
    """The study with ribs: hers at the left, where the lesion is, and at the right."""
    bones = np.zeros(study.counts.shape, np.uint8)
    bones[0, :, 3:] = bones[1, :, :3] = BY_NAME[LEFT].label
    bones[0, :, :3] = bones[1, :, 3:] = BY_NAME[RIGHT].label
    return replace(study, bones=bones)


def kinds(judged):
    return {(one.kind, one.bones) for one in judged.agreement.discrepancies}


def test_the_side_that_the_report_names_is_set_beside_the_one_marked(phantom):
    assert kinds(judge(phantom, phantom.mask, naming(LEFT))) == set()
    assert kinds(judge(phantom, phantom.mask, naming(RIGHT))) == {
        ("not_found", (RIGHT,)),
        ("not_named", (LEFT,)),
    }


def test_what_nobody_can_judge_is_said_to_be_so(phantom, study):
    def why(study, words):
        found = judge(study, study.mask, words).to_json()
        assert found["judged"] is False
        return found["why_not"]

    assert why(replace(phantom, report=None), None) == "there is no report"
    assert why(phantom, None) == "the report is empty, or not in Chinese"
    assert "no whole body was found" in why(study, naming(LEFT))
    nowhere = replace(phantom, bones=np.zeros_like(phantom.bones))
    assert "no whole body was found" in why(nowhere, naming(LEFT))


def test_json_names_bones_in_both_languages_and_holds_no_word_of_the_report(phantom):
    found = judge(phantom, phantom.mask, naming(RIGHT)).to_json()
    assert (found["judged"], found["bones_from"]) == (True, "phantom")
    assert found["discrepancies"][0] == {
        "bones": [RIGHT],
        "chinese": ["右侧第5肋"],
        "kind": "not_found",
        "certainty": "high",
        "lesions": [],
    }
    assert found["lesions"][0]["status"] == "not_named"
    assert found["sites"][0]["status"] == "not_found"
    text = json.dumps(found, ensure_ascii=False)
    assert "浓聚" not in text
    assert "转移" not in text


@pytest.fixture
def run(phantom, tmp_path):
    """Makes a run on a store of the phantom and of one that nobody drew on."""

    def make(prediction):
        undrawn = replace(phantom, id="s2", patient="p2", mask=None)
        store = Store.write(tmp_path / "store", [phantom, undrawn], {"p1": 0, "p2": 0})
        run = Run.start(tmp_path / "run", {"name": "x"}, {"store_digest": store.digest})
        for id in store.ids:
            run.write_prediction(id, prediction.astype(np.float32))
        return run, store

    return make


def test_flags_of_a_run_are_counted_against_those_of_the_drawing(phantom, run):
    made, store = run(phantom.mask)
    content, flags = judge_run(made, store, Cut(), hear=lambda report: naming(RIGHT))
    assert (flags.precision, flags.recall, flags.expected) == (1, 1, 2)
    assert content["about"]["judged"] == 1
    assert content["about"]["discrepancies"]["not_found"] == 1
    assert list(content["studies"]) == ["s1"]


def test_a_network_that_follows_a_wrong_report_raises_no_flag_and_misses_them(phantom, run):
    made, store = run(phantom.mask[:, :, ::-1])
    content, flags = judge_run(made, store, Cut(), hear=lambda report: naming(RIGHT))
    assert (flags.raised, flags.recall) == (0, 0)
    assert np.isnan(content["about"]["flags"]["precision"])


def test_reports_that_cannot_be_read_are_counted_apart(phantom, run):
    made, store = run(phantom.mask)
    content, flags = judge_run(made, store, Cut(), hear=lambda report: None)
    assert (content["about"]["judged"], content["about"]["not_judged"]) == (0, 1)
    assert flags.raised == 0


def test_discrepancies_are_drawn_numbered_and_said(phantom):
    judged = judge(phantom, phantom.mask, naming(RIGHT))
    figure = figure_of(phantom, prediction=phantom.mask)
    before = len(figure.axes[0].lines)
    draw_judgement(figure, phantom, phantom.mask, judged)
    assert len(figure.axes[0].lines) == before + 1  # a ring
    assert {"1", "2"} <= {text.get_text() for text in figure.axes[0].texts}
    assert "1 named, not marked: rib right 5" in figure.get_supxlabel()
    assert "2 marked, not named: rib left 5" in figure.get_supxlabel()


def test_nothing_is_drawn_where_nothing_was_judged(phantom):
    figure = figure_of(phantom, prediction=phantom.mask)
    draw_judgement(figure, phantom, phantom.mask, judge(phantom, phantom.mask, None))
    assert figure.get_supxlabel() == ""


def test_agreement_many_discrepancies_and_the_outside_have_words(phantom):
    assert in_words(()) == "Report and marks agree."
    many = judge(phantom, phantom.mask, naming(RIGHT)).agreement.discrepancies * 5
    assert in_words(many).endswith("and 2 more")
    outside = Discrepancy(kind="not_named", bones=(), lesions=(("anterior", 1),))
    assert "marked, not named: outside the skeleton" in in_words([outside])
    together = Discrepancy(kind="not_found", bones=tuple(f"rib_left_{n}" for n in range(1, 13)))
    assert "named, not marked: among ribs" in in_words([together])
    large = replace(outside, bones=("sternum", "T5", "T6", "T7"))
    assert in_words([large]).endswith("marked, not named: sternum or T5 or T6")
