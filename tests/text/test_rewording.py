import numpy as np
import pytest

from mmseg_bone.study import Report
from mmseg_bone.text.evidence import mentions
from mmseg_bone.text.masking import read_synonyms
from mmseg_bone.text.rewording import reword

FINDINGS = "注射显像剂3小时后显影。右侧髂骨见片状放射性浓聚影，余骨未见明显异常。"


def wordings(findings="", impression="", share=1.0, count=200):
    report = Report(findings=findings, impression=impression)
    return [reword(report, np.random.default_rng(seed), share) for seed in range(count)]


@pytest.mark.parametrize(
    ("verdict", "others"),
    [
        ("右侧髂骨浓聚，骨转移可能性大。", {"右侧髂骨浓聚，倾向于骨转移。"}),
        ("右侧髂骨浓聚，倾向于骨转移。", {"右侧髂骨浓聚，骨转移可能性大。"}),
        ("骶骨浓聚，可疑骨转移。", {"骶骨浓聚，骨转移不能除外。", "骶骨浓聚，疑似骨转移。"}),
        ("L3浓聚，溶骨性转移不除外。", {"L3浓聚，可疑溶骨性转移。", "L3，溶骨性转移不能除外。"}),
        ("L3浓聚，考虑良性病变，转移待排。", {"L3浓聚，首先考虑良性病变，转移待除外。"}),
        ("L3骨代谢增高，考虑骨转移。", {"L3，考虑骨转移。", "L3骨代谢增高，首先考虑转移瘤。"}),
        ("L3浓聚，考虑退行性变。", {"L3浓聚，考虑退变。", "L3摄取增高，考虑退行性改变。"}),
    ],
)  # fmt: skip
def test_a_verdict_is_said_otherwise_and_as_surely(verdict, others):
    made = {report.impression for report in wordings("见浓聚。", verdict, count=2000)}
    assert others <= made
    as_was = mentions(Report(findings="见浓聚。", impression=verdict))
    assert as_was
    for impression in made:
        assert mentions(Report(findings="见浓聚。", impression=impression)) == as_was, impression


def test_what_doubts_stands_on_its_side_of_what_it_doubts():
    for verdict in ("骨转移可能性大。", "可疑骨转移。"):
        for report in wordings(impression=verdict):
            assert not report.impression.startswith(("可能性大", "不除外", "不能除外"))
            assert not report.impression.endswith(("倾向于。", "可疑。", "疑似。"))


def test_a_report_keeps_to_one_word_of_a_set():
    (nouns,) = (s for s in read_synonyms() if "浓聚灶" in s)
    for report in wordings("左肋见浓聚灶，右肋见浓聚灶，髂骨见浓聚灶。"):
        assert sum(word in report.findings for word in nouns) == 1


def test_characters_that_may_be_part_of_another_word_stay():
    for report in wordings("未见缺损，双肾显示。请结合临床。"):
        assert report.findings.startswith("未见缺")
        assert "显示。请结合临床。" in report.findings


def test_reports_differ_in_how_much_is_reworded_and_none_is_by_a_share_of_nothing():
    same = [r.findings == FINDINGS for r in wordings(FINDINGS)]
    assert 0.02 < np.mean(same) < 0.5
    assert all(r.findings == FINDINGS for r in wordings(FINDINGS, share=0.0))
    assert np.mean([r.findings == FINDINGS for r in wordings(FINDINGS, share=0.2)]) > np.mean(same)
    assert wordings(FINDINGS) == wordings(FINDINGS)


def test_english_comes_back_as_it_was():
    english = "Focal uptake in the L3 vertebra, suspicious for metastasis."
    assert {r.findings for r in wordings(english)} == {english}
