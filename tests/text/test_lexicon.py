"""Mentions as tokens: what each says, and what becomes of reports with little to say."""

import pytest
import torch

from mmseg_bone.anatomy import BONES
from mmseg_bone.study import Report
from mmseg_bone.text.evidence import mentions
from mmseg_bone.text.lexicon import REPORT, MentionEncoder, MentionTokens, token_of, words_of

REPORT_OF_TWO = Report(
    findings="左侧第5肋骨见异常放射性浓聚。L3椎体见放射性浓聚,右侧股骨未见异常。",
    impression="左侧第5肋骨骨转移。L3退行性改变。",
)


def said(report, part="whole"):
    return [words_of(token) for token in MentionTokens(part)(report)[1:]]


def test_each_bone_named_is_one_token_that_says_what_the_report_says():
    assert said(REPORT_OF_TWO) == [
        ("rib_left_5", "rib", "left", "level 5", "metastatic", "certainty high", "alone", "there"),
        ("L3", "lumbar", "midline", "level 3", "benign", "certainty benign", "alone", "there"),
        (
            "femur_right",
            "femur",
            "right",
            "level None",
            "benign",
            "certainty low",
            "alone",
            "denied",
        ),
    ]


def test_a_crowd_is_told_from_a_bone_alone():
    words = said(Report(findings="双侧多根肋骨见放射性浓聚。", impression="多发骨转移。"))
    assert len(words) == 24
    assert {spelt[6] for spelt in words} == {"in a crowd"}


def test_no_two_things_a_mention_can_say_are_one_token():
    every = range(2, 2 + len(BONES) * 48)
    assert len({words_of(token) for token in every}) == len(every)
    for mention in mentions(REPORT_OF_TWO):
        spelt = words_of(token_of(mention))
        assert spelt[0] == mention.bone
        assert spelt[4] == mention.label


@pytest.mark.parametrize("report", [None, Report(), Report(findings=" \n", impression="")])
def test_without_a_report_there_is_no_token(report):
    assert MentionTokens()(report) == []


@pytest.mark.parametrize("text", ["全身骨骼未见异常。", "Multiple bone metastases.", "９９ｍＴｃ"])
def test_a_report_that_names_no_bone_is_one_token(text):
    assert MentionTokens()(Report(findings=text)) == [REPORT]


def test_one_part_alone_may_be_read():
    assert [words[0] for words in said(REPORT_OF_TWO, "impression")] == ["rib_left_5", "L3"]
    assert said(REPORT_OF_TWO, "findings")[0][4] != "metastatic"
    assert MentionTokens("impression")(Report(findings="左侧第5肋骨见浓聚。")) == []


def test_a_report_of_the_other_side_says_all_but_the_side():
    other = Report(
        findings=REPORT_OF_TWO.findings.replace("左", "右"),
        impression=REPORT_OF_TWO.impression.replace("左", "右"),
    )
    one, two = said(REPORT_OF_TWO)[0], said(other)[0]
    assert (one[0], one[2]) == ("rib_left_5", "left")
    assert (two[0], two[2]) == ("rib_right_5", "right")
    assert (one[1], *one[3:]) == (two[1], *two[3:])


def test_a_feature_is_the_sum_of_what_its_token_says():
    encoder = MentionEncoder(16)
    tokens = torch.tensor([MentionTokens()(REPORT_OF_TWO)])
    numbers = encoder.table[tokens[0, 1:]]  # of a left rib, of L3, of a right femur
    rib, lumbar, femur = numbers.tolist()
    assert len({*rib, *lumbar, *femur}) == 8 + 6 + 6  # L3 shares alone and there; the femur, two
    summed = torch.stack([encoder.embedding.weight[row].sum(0) for row in numbers])

    features = encoder(tokens, tokens.bool())
    torch.testing.assert_close(features[0, 1:], encoder.norm(summed))


def test_it_draws_nothing_from_torch_and_its_seed_decides():
    state = torch.get_rng_state()
    one, two, three = MentionEncoder(), MentionEncoder(), MentionEncoder(seed=1)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(one.embedding.weight, two.embedding.weight)
    assert not torch.equal(one.embedding.weight, three.embedding.weight)


def test_any_number_of_tokens_is_read_and_all_weights_learn():
    encoder = MentionEncoder(8)
    none = torch.zeros(2, 0, dtype=torch.long)
    assert encoder(none, none.bool()).shape == (2, 0, 8)
    tokens = torch.tensor([MentionTokens()(REPORT_OF_TWO)])
    encoder(tokens, tokens.bool()).square().sum().backward()
    assert all(p.grad is not None for p in encoder.parameters())
    assert "table" not in encoder.state_dict()
