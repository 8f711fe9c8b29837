from mmseg_bone.study import Report
from mmseg_bone.text.evidence import mentions
from mmseg_bone.text.rewriting import rename_site

REPORT = Report(
    findings="左侧第3、5、6后肋、第7胸椎及右侧髂骨见异常放射性浓聚灶。",
    impression="1、左侧第5肋骨、右侧髂骨及坐骨骨转移可能性大。2、第7胸椎退行性变。",
)


def named(report):
    return [mention.bone for mention in mentions(report)]


def test_a_bone_taken_out_of_a_list_leaves_the_others():
    without = rename_site(REPORT, "rib_left_5")
    assert without.findings.startswith("左侧第3肋、左侧第6肋、第7胸椎及右侧髂骨见异常")
    assert without.impression.startswith("1、右侧髂骨及右侧坐骨骨转移")
    assert set(named(REPORT)) - set(named(without)) == {"rib_left_5"}
    assert set(named(without)) < set(named(REPORT))


def test_a_side_that_a_bone_lends_to_the_next_one_stays_with_that():
    without = rename_site(REPORT, "ilium_right")
    assert "ischium_right" in named(without)
    assert "ilium_right" not in named(without)
    turned = rename_site(REPORT, "ilium_right", "ilium_left")
    assert {"ilium_left", "ischium_right"} < set(named(turned))


def test_numbers_of_sentences_are_no_levels():
    assert "2、" in rename_site(REPORT, "T7").impression
    assert rename_site(REPORT, "T7", "T9").impression.endswith("2、第9胸椎退行性变。")


def test_another_bone_takes_the_place_and_what_is_said_of_it():
    moved = {m.bone: m for m in mentions(rename_site(REPORT, "rib_left_5", "rib_right_5"))}
    before = {m.bone: m for m in mentions(REPORT)}
    assert moved["rib_right_5"].certainty == before["rib_left_5"].certainty == "middle"


def test_what_does_not_name_the_bone_comes_back_as_it_was():
    report = Report(findings="全身骨骼显影清晰，未见异常。", impression="左侧多根肋骨转移。")
    assert rename_site(report, "rib_left_5") == report
    assert rename_site(Report(), "T7") == Report()
