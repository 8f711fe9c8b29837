from typing import NamedTuple

import pytest

from mmseg_bone.analysis.agreement.agree import Discrepancy, agree, is_near
from mmseg_bone.analysis.agreement.places import Place


class Words(NamedTuple):
    """What a report says of one bone."""

    bone: str
    label: str = "metastatic"
    certainty: str = "high"
    collective: bool = False
    negated: bool = False


def benign(bone):
    return Words(bone, "benign", "benign")


def lesion(*bones, number=1, view="anterior"):
    return Place(view, number, bones)


def statuses(found):
    return [site.status for site in found.sites], [lesion.status for lesion in found.lesions]


def test_a_lesion_where_the_report_says_so_is_no_discrepancy():
    found = agree([Words("rib_left_6")], [lesion("rib_left_6")])
    assert statuses(found) == (["found"], ["named"])
    assert found.sites[0].lesions == (("anterior", 1),)
    assert found.discrepancies == ()


def test_the_wrong_side_is_told_from_both_ends():
    found = agree([Words("rib_left_6")], [lesion("rib_right_6")])
    assert statuses(found) == (["not_found"], ["not_named"])
    assert found.discrepancies == (
        Discrepancy(kind="not_found", bones=("rib_left_6",), certainty="high"),
        Discrepancy(kind="not_named", bones=("rib_right_6",), lesions=(("anterior", 1),)),
    )


def test_one_level_off_is_near_and_two_are_not():
    assert statuses(agree([Words("T8")], [lesion("T7")])) == (["near"], ["near"])
    assert agree([Words("T8")], [lesion("T7")]).discrepancies == ()
    assert statuses(agree([Words("T8")], [lesion("T6")])) == (["not_found"], ["not_named"])
    assert statuses(agree([Words("T8")], [lesion("T7")], levels=0))[0] == ["not_found"]
    assert statuses(agree([Words("T8")], [lesion("T6")], levels=2))[0] == ["near"]


def test_a_named_bone_with_a_lesion_of_its_own_lends_its_name_to_no_neighbour():
    found = agree([Words("T8")], [lesion("T8"), lesion("T7", number=2)])
    assert statuses(found) == (["found"], ["named", "not_named"])


def test_a_lesion_that_is_named_lends_itself_to_no_neighbour():
    found = agree([Words("T8"), Words("T7")], [lesion("T7")])
    assert statuses(found) == (["not_found", "found"], ["named"])


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("T12", "L1", True),
        ("rib_left_5", "rib_left_6", True),
        ("rib_left_5", "rib_right_6", False),
        ("rib_left_5", "T5", False),
        ("T5", "T5", False),
        ("ilium_left", "ischium_left", False),
    ],
)
def test_neighbours_are_ribs_of_a_side_or_vertebrae(one, other, near):
    assert is_near(one, other) == near


def test_a_lesion_called_benign_is_a_discrepancy_of_its_own_kind():
    found = agree([benign("L3")], [lesion("L3")])
    assert statuses(found) == (["contradicted"], ["called_benign"])
    (only,) = found.discrepancies
    assert (only.kind, only.certainty) == ("called_benign", "benign")
    (behind,) = agree([benign("L3")], [lesion("sternum", "L3")]).discrepancies
    assert (behind.kind, behind.certainty) == ("called_benign", "benign")


def test_what_is_called_benign_or_denied_need_not_be_found():
    denied = Words("sternum", "benign", "low", negated=True)
    assert statuses(agree([benign("L3"), denied], [])) == (["quiet", "quiet"], [])
    assert statuses(agree([denied], [lesion("sternum")]))[1] == ["denied"]


def test_what_is_in_doubt_names_a_lesion_but_need_not_be_found():
    doubt = Words("L3", "uncertain", "low")
    assert statuses(agree([doubt], [lesion("L3")])) == (["found"], ["named"])
    assert statuses(agree([doubt], [])) == (["open"], [])
    assert agree([doubt], []).discrepancies == ()


def test_bones_named_together_ask_for_one_lesion_among_them():
    ribs = [Words(f"rib_left_{n}", collective=True) for n in range(1, 13)]
    found = agree(ribs, [lesion("rib_left_4")])
    assert statuses(found) == (["found"], ["named"])
    assert len(found.sites[0].bones) == 12
    assert statuses(agree(ribs, [lesion("rib_right_4")])) == (["not_found"], ["not_named"])


def test_a_bone_of_the_crowd_that_is_also_named_for_itself_speaks_for_the_crowd():
    ribs = [Words("rib_left_4"), Words("rib_left_5", collective=True)]
    assert statuses(agree(ribs, [lesion("rib_left_4")]))[0] == ["found", "found"]


def test_ribs_that_spread_and_ribs_that_are_broken_are_two_crowds():
    spread = [Words(f"rib_left_{n}", collective=True) for n in (4, 5)]
    broken = [Words(f"rib_right_{n}", "benign", "benign", collective=True) for n in (4, 5)]
    found = agree([*spread, *broken], [lesion("rib_right_4")])
    assert [(site.label, site.status) for site in found.sites] == [
        ("metastatic", "not_found"),
        ("benign", "contradicted"),
    ]


def test_a_lesion_that_a_report_names_for_itself_contradicts_no_crowd():
    broken = [Words(f"rib_right_{n}", "benign", "benign", collective=True) for n in (4, 5)]
    found = agree([Words("rib_right_7"), *broken], [lesion("rib_right_7")])
    assert statuses(found) == (["found", "quiet"], ["named"])


def test_thoracic_and_lumbar_vertebrae_named_together_are_one_crowd():
    spine = [Words("T4", collective=True), Words("L2", collective=True)]
    assert statuses(agree(spine, [lesion("L2")]))[0] == ["found"]


def test_a_report_that_names_nothing_names_no_lesion():
    found = agree([], [lesion("T7"), lesion(number=2)])
    assert statuses(found) == ([], ["not_named", "not_named"])
    assert [d.bones for d in found.discrepancies] == [("T7",), ()]


def test_a_report_on_the_whole_skeleton_omits_nothing_but_still_says_benign():
    found = agree([benign("L3")], [lesion("T7"), lesion("L3", number=2)], everywhere=True)
    assert statuses(found)[1] == ["named", "called_benign"]


def test_no_lesion_and_no_words_agree():
    found = agree([], [])
    assert (found.sites, found.lesions, found.discrepancies) == ((), (), ())


def test_of_a_bone_that_the_scan_does_not_show_nothing_is_asked():
    found = agree([Words("foot_left"), Words("T7")], [], shown={"T7"})
    assert statuses(found)[0] == ["not_shown", "not_found"]


def test_one_lesion_seen_from_both_sides_is_told_once():
    both = [lesion("sternum", "T7"), lesion("sternum", view="posterior")]
    (only,) = agree([], both).discrepancies
    assert only.bones == ("sternum", "T7")
    assert only.lesions == (("anterior", 1), ("posterior", 1))


def test_one_of_the_bones_a_lesion_lies_in_is_enough():
    assert statuses(agree([Words("T7")], [lesion("sternum", "T7")])) == (["found"], ["named"])
    assert statuses(agree([benign("T7"), Words("T8")], [lesion("T7", "T8")]))[1] == ["named"]
