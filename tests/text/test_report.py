import pytest

from mmseg_bone.study import Report
from mmseg_bone.text.report import clean, split_report

FINDINGS = "左侧第5前肋见点状浓聚灶，余骨未见异常。"
IMPRESSION = "1.左侧第5前肋浓聚，转移待排。2.建议3个月后复查。"


@pytest.mark.parametrize(
    "findings", ["检查所见", "影像所见", "影像表现", "所见", "检察所见", "影象表现"]
)
@pytest.mark.parametrize(
    "impression", ["检查意见", "诊断意见", "影像诊断", "印象", "结论", "诊断意间"]
)
@pytest.mark.parametrize(
    "form", ["{}：{}", "{}:{}", "【{}】{}", "{}\n{}", "[{}]: {}", " {} ：\n{}"]
)
def test_headings_of_all_kinds_are_found(findings, impression, form):
    text = f"{form.format(findings, FINDINGS)}\n{form.format(impression, IMPRESSION)}"
    assert split_report(text) == Report(findings=FINDINGS, impression=IMPRESSION)


def test_headings_are_found_within_a_line():
    text = f"检查所见：{FINDINGS} 检查意见：{IMPRESSION}"
    assert split_report(text) == Report(findings=FINDINGS, impression=IMPRESSION)
    text = f"影像所见：{FINDINGS}诊断意见：{IMPRESSION}"
    assert split_report(text) == Report(findings=FINDINGS, impression=IMPRESSION)


def test_numbered_headings_are_found():
    text = f"一、检查所见：{FINDINGS}\n二、检查意见：{IMPRESSION}"
    assert split_report(text) == Report(findings=FINDINGS, impression=IMPRESSION)


def test_english_headings_are_found_and_their_typing_errors():
    text = "FINDINGS: Uptake in left rib 5.\nImpresion: Metastasis possible."
    assert split_report(text) == Report(
        findings="Uptake in left rib 5.", impression="Metastasis possible."
    )


def test_who_it_is_and_who_signed_is_in_neither_part():
    text = (
        "姓名：张三丰 性别：男 年龄：67岁 住院号：H0098765\n临床诊断：前列腺癌\n"
        f"检查所见：{FINDINGS}\n检查意见：{IMPRESSION}\n报告医师：李四光 审核医师：王五\n"
        "报告日期：2024-06-07 10:20"
    )
    assert split_report(text) == Report(findings=FINDINGS, impression=IMPRESSION)


def test_a_letterhead_above_the_findings_is_in_neither_part():
    text = f"某市人民医院核医学科报告单\n张三丰 男\n检查所见：{FINDINGS}\n印象：{IMPRESSION}"
    assert split_report(text) == Report(findings=FINDINGS, impression=IMPRESSION)


def test_a_signature_in_the_same_line_ends_the_impression():
    report = split_report(f"所见：{FINDINGS}印象：{IMPRESSION} 报告医生：李四光")
    assert report == Report(findings=FINDINGS, impression=IMPRESSION)


def test_a_text_without_headings_is_findings():
    assert split_report(FINDINGS) == Report(findings=FINDINGS)


def test_what_stands_before_a_lone_impression_is_findings():
    assert split_report(f"{FINDINGS}\n印象：{IMPRESSION}") == Report(
        findings=FINDINGS, impression=IMPRESSION
    )


def test_an_impression_alone_has_no_findings():
    assert split_report(f"印象：{IMPRESSION}") == Report(impression=IMPRESSION)


def test_no_text_is_an_empty_report():
    assert split_report(" \r\n ") == Report()


def test_a_colon_in_a_sentence_is_no_heading():
    text = "检查所见：骨转移治疗后复查:1.原病灶较前好转。另见:右侧髂骨浓聚。\n结论：好转。"
    report = split_report(text)
    assert report.findings == "骨转移治疗后复查：1.原病灶较前好转。另见：右侧髂骨浓聚。"
    assert report.impression == "好转。"


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("左侧第５前肋,见点状浓聚", "左侧第5前肋，见点状浓聚"),
        ("９９ｍＴｃ－ＭＤＰ ７４０ＭＢｑ", "99mTc－MDP 740MBq"),
        ("大小约1.5:1,CT示L3(椎体)硬化", "大小约1.5:1,CT示L3（椎体）硬化"),
        ("第 3 腰椎 浓聚\r\n\r\n  余正常", "第 3 腰椎浓聚\n余正常"),
        ("转移\x00待排?", "转移待排？"),
        ("uptake in rib 5, left; CT?", "uptake in rib 5, left; CT?"),
    ],
)
def test_cleaning_makes_one_way_of_writing(raw, cleaned):
    assert clean(raw) == cleaned
    assert clean(cleaned) == cleaned
