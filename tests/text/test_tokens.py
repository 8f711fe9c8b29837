import logging

import pytest
import torch
from transformers import BertTokenizer, BertTokenizerFast

from mmseg_bone.errors import TextModelError
from mmseg_bone.study import Report
from mmseg_bone.text.tokens import ReportTokens

REPORT = Report(findings="左侧第5肋骨见", impression="骨转移。")


def read(tokens, report):
    return "".join(tokens.tokenizer.convert_ids_to_tokens(tokens(report)))


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("whole", "[CLS]左侧第5肋骨见[SEP]骨转移。[SEP]"),
        ("findings", "[CLS]左侧第5肋骨见[SEP]"),
        ("impression", "[CLS]骨转移。[SEP]"),
    ],
)
def test_the_part_asked_for_is_read(tiny, part, expected):
    assert read(ReportTokens(tiny, part), REPORT) == expected


@pytest.mark.parametrize("report", [None, Report(), Report(findings=" \n　")])
def test_nothing_to_read_gives_no_token(tiny, report):
    assert ReportTokens(tiny)(report) == []


def test_a_report_without_findings_is_its_impression(tiny):
    assert read(ReportTokens(tiny), Report(impression="骨转移")) == "[CLS]骨转移[SEP]"
    assert ReportTokens(tiny, "findings")(Report(impression="骨转移")) == []


def test_reports_lie_side_by_side_with_padding_marked(tiny):
    tokens, mask = ReportTokens(tiny, "findings").batch([REPORT, None, Report(findings="肋")])

    assert tokens.shape == (3, 9)
    assert mask.sum(1).tolist() == [9, 0, 3]
    assert tokens[~mask].eq(0).all()
    assert tokens[2, :3].tolist() == ReportTokens(tiny)(Report(findings="肋"))


def test_a_batch_without_reports_has_no_token(tiny):
    tokens, mask = ReportTokens(tiny).batch([None, None])
    assert tokens.shape == mask.shape == (2, 0)
    assert tokens.dtype == torch.long


@pytest.mark.parametrize(
    ("findings", "impression", "expected"),
    [
        (9, 2, "[CLS]左左左左左[SEP]右右[SEP]"),  # ten places, three of them marks
        (2, 9, "[CLS]左左[SEP]右右右右右[SEP]"),
        (9, 9, "[CLS]左左左[SEP]右右右右[SEP]"),
        (9, 0, "[CLS]左左左左左左左左[SEP]"),
    ],
)
def test_a_long_report_loses_the_end_of_its_longer_part(tiny, findings, impression, expected):
    tokens = ReportTokens(tiny, max_tokens=10)
    report = Report(findings="左" * findings, impression="右" * impression)
    assert read(tokens, report) == expected


def test_what_was_cut_is_counted_and_said_once_without_the_text(tiny, caplog):
    tokens = ReportTokens(tiny, max_tokens=6)
    with caplog.at_level(logging.WARNING):
        for report in (None, REPORT, REPORT, Report(findings="左"), Report(findings="右")):
            tokens(report)

    assert (tokens.seen, tokens.cut, tokens.cut_rate) == (4, 2, 0.5)
    assert [record.message for record in caplog.records] == [
        "a report was cut to 6 tokens; counting goes on"
    ]


def test_by_default_a_report_may_fill_the_encoders_places(tiny):
    assert len(ReportTokens(tiny)(Report(findings="左" * 99))) == 16


@pytest.mark.parametrize("max_tokens", [3, 17])
def test_more_tokens_than_places_are_refused(tiny, max_tokens):
    with pytest.raises(TextModelError, match=f"max_tokens={max_tokens}.*4 to 16"):
        ReportTokens(tiny, max_tokens=max_tokens)


def test_width_and_case_do_not_matter():
    tokens = ReportTokens()
    assert tokens(Report(findings="９９ｍＴｃ，左侧")) == tokens(Report(findings="99MTC,左侧"))


def test_the_embedded_vocabulary_reads_reports_almost_whole():
    tokens = ReportTokens()
    texts = [
        "静脉注射99mTc-MDP 740MBq后约3h行全身骨骼前、后位平面显像，右侧第5前肋见一点状浓聚灶。",
        "第8、10胸椎、双侧骶髂关节退行性变（T11-L1），建议行CT或MRI检查；SUV≥3.5，范围约2cm×1cm。",
        "Increased uptake in the left sixth rib: metastasis likely.",
    ]
    assert tokens.unknown_rate(texts) == 0
    assert tokens.unknown_rate(["龘"]) == 1


def test_a_tokeniser_that_lost_its_vocabulary_is_noticed(tiny, monkeypatch):
    empty = BertTokenizerFast(vocab_file=str(tiny / "vocab.txt"))  # ignored without a word
    assert len(empty) == 5
    monkeypatch.setattr(BertTokenizer, "from_pretrained", lambda *_: empty)
    with pytest.raises(TextModelError, match="lists 19 tokens, but the tokeniser has 5"):
        ReportTokens(tiny)


def test_a_vocabulary_of_another_model_is_refused(tiny):
    with (tiny / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("胸\n")
    with pytest.raises(TextModelError, match="has 20 tokens.*knows 19.*different checkpoints"):
        ReportTokens(tiny)
