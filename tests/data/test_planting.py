from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.data.planting import plant
from mmseg_bone.errors import StudyError
from mmseg_bone.study import Focus, Report
from mmseg_bone.text.evidence import mentions


@pytest.fixture
def phantom(study):
    """A phantom whose lesion is in the left fifth rib, as its report says."""
    focus = Focus(
        number=1,
        bone="rib_left_5",
        kind="metastasis",
        metastatic=True,
        mentioned=True,
        named="rib_left_5",
        certainty="middle",
        ratio=5.0,
        diameter_mm=20.0,
    )
    return replace(study, instances=study.mask.astype(np.uint16), foci=(focus,))


def planted(study, kind):
    return plant(study, kind, np.random.default_rng(0))


def test_an_omission_is_in_the_words_and_in_what_is_known_of_them(phantom):
    changed = planted(phantom, "omission")
    assert [m.bone for m in mentions(changed.report)] == []
    assert (changed.foci[0].named, changed.foci[0].mentioned) == ("", False)
    assert changed.counts is phantom.counts


def test_a_wrong_side_likewise(phantom):
    changed = planted(phantom, "wrong_side")
    assert [m.bone for m in mentions(changed.report)] == ["rib_right_5"]
    assert (changed.foci[0].named, changed.foci[0].bone) == ("rib_right_5", "rib_left_5")


def test_a_wrong_level_is_of_the_same_side_and_far_from_every_focus(phantom):
    seen = {
        plant(phantom, "wrong_level", np.random.default_rng(s)).foci[0].named for s in range(40)
    }
    assert seen == {f"rib_left_{level}" for level in (1, 2, 8, 9, 10, 11, 12)}
    changed = planted(phantom, "wrong_level")
    assert [m.bone for m in mentions(changed.report)] == [changed.foci[0].named]
    second = replace(phantom.foci[0], number=2, bone="rib_left_10", mentioned=False, named="")
    both = replace(phantom, foci=(phantom.foci[0], second))
    seen = {plant(both, "wrong_level", np.random.default_rng(s)).foci[0].named for s in range(40)}
    assert seen == {"rib_left_1", "rib_left_2"}


def test_none_changes_nothing(phantom):
    assert planted(phantom, "none") is phantom


def test_where_nothing_can_be_planted_there_is_no_study(phantom, study):
    assert planted(study, "omission") is None  # no phantom
    assert planted(replace(phantom, report=None), "none") is None
    assert planted(replace(phantom, report=Report(findings="Left rib.")), "none") is None
    unseen = replace(phantom, instances=np.zeros_like(phantom.instances))
    assert planted(unseen, "omission") is None
    midline = replace(phantom.foci[0], bone="T7", named="T7")
    assert planted(replace(phantom, foci=(midline,)), "wrong_side") is None
    ilium = replace(phantom.foci[0], bone="ilium_left", named="ilium_left")
    assert planted(replace(phantom, foci=(ilium,)), "wrong_level") is None  # has no level
    everywhere = Report(findings="左侧第5肋骨为著,不一一赘述。")
    assert planted(replace(phantom, report=everywhere), "omission") is None


def test_a_plant_that_is_none_is_refused(phantom):
    with pytest.raises(StudyError, match="plant 'typo' is none; expected one of none, omission"):
        planted(phantom, "typo")
