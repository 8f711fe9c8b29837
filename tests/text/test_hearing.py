from mmseg_bone.study import Report
from mmseg_bone.text.hearing import hear, is_chinese, speaks_of_all


def test_a_report_on_the_whole_skeleton_is_known():
    listed = Report(findings="第7胸椎见浓聚。", impression="全身多发骨转移。")
    assert not speaks_of_all(listed)
    assert speaks_of_all(Report(impression="全身多发骨转移。"))
    assert speaks_of_all(Report(findings="以第7胸椎为著,数目较多,不一一赘述。"))
    assert speaks_of_all(Report(findings="全身骨骼弥漫性放射性增高。"))
    assert not speaks_of_all(Report(findings="双侧乳腺区弥漫性摄取,第7胸椎浓聚。"))
    assert not speaks_of_all(Report(findings="第7胸椎退行性变,余骨未见异常。"))
    assert not speaks_of_all(Report())


def test_a_report_in_english_is_not_one_the_parser_reads():
    assert is_chinese(Report(findings="第7胸椎浓聚。"))
    assert not is_chinese(Report(findings="Focal uptake in the left 6th rib."))
    assert not is_chinese(Report())


def test_what_is_not_there_or_not_in_chinese_is_not_heard():
    assert hear(None) is None
    assert hear(Report()) is None
    assert hear(Report(findings="Focal uptake in the left 6th rib.")) is None


def test_a_report_that_names_nothing_is_heard_all_the_same():
    assert hear(Report(findings="全身骨骼显影清晰。")) == ((), False)


def test_mentions_and_their_reach_are_heard_together():
    heard = hear(Report(findings="第7胸椎为著,数目较多,不一一赘述。"))
    assert [mention.bone for mention in heard.mentions] == ["T7"]
    assert heard.everywhere
