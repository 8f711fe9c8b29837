from itertools import groupby

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.data.corpus import ReportOf, read_corpus
from mmseg_bone.data.datamodule import EpochShuffle
from mmseg_bone.data.questions import (
    CutReport,
    MaskedReports,
    Question,
    put_together,
    shortened,
    told_of_bones,
)
from mmseg_bone.data.reports import BucketBatches, ReportDataModule
from mmseg_bone.data.written import as_report
from mmseg_bone.errors import ReportError
from mmseg_bone.io.reports import WrittenReport
from mmseg_bone.study import Report
from mmseg_bone.text.masking import IGNORED, Masking, Word, WordCutter
from mmseg_bone.text.site_evidence import SAID
from mmseg_bone.text.tokens import ReportTokens
from tests.dicoms import identities_in

TOKENS = ReportTokens(max_tokens=64)
BEGIN, END = TOKENS.tokenizer.cls_token_id, TOKENS.tokenizer.sep_token_id


def report(i):
    return Report(
        findings=f"左侧第{i % 12 + 1}前肋见点状放射性浓聚影。" + "双肾显影。" * (i % 3),
        impression="骨转移可能性大。",
    )


def corpus(count=20, patients=10):
    return [ReportOf(f"p{i % patients}", report(i)) for i in range(count)]


def module(**settings):
    return ReportDataModule(corpus(), TOKENS, **({"batch_size": 4} | settings))


def dataset(*reports, share=0.15):
    cut = WordCutter(TOKENS.tokenizer)
    masking = Masking(TOKENS.tokenizer, ["显影"], share=share)
    parts = [CutReport(cut(r.findings), cut(r.impression), told_of_bones(r)) for r in reports]
    return MaskedReports(parts, masking, TOKENS, seed=0)


def test_no_patient_is_on_both_sides_of_the_split():
    data = module(val_share=0.3)
    train, val = ({data.patients[i] for i in p} for p in (data.train_places, data.val_places))
    assert len(val) == 3
    assert train | val == {f"p{i}" for i in range(10)}
    assert not train & val
    assert module(val_share=0.3).val_places == data.val_places
    assert module(val_share=0.3, seed=1).val_places != data.val_places


def test_one_patient_is_validated_on_at_least_and_one_trained_on():
    for share in (0.0, 1.0):
        data = module(val_share=share)
        assert data.train_places
        assert data.val_places


def test_a_corpus_of_one_patient_is_refused_and_empty_reports_do_not_count():
    one = [
        ReportOf("p1", report(1)),
        ReportOf("p2", Report()),
        ReportOf("p3", Report(findings=" ")),
    ]
    with pytest.raises(ReportError, match="1 patients with a report; two are needed"):
        ReportDataModule(one, TOKENS)


def test_what_is_asked_depends_on_seed_epoch_and_place_alone():
    reports = dataset(*(report(i) for i in range(4)))
    first = reports[0, 3]
    reports[1, 2], reports[0, 2]  # what came before does not matter
    assert reports[0, 3] == first == dataset(*(report(i) for i in range(4)))[0, 3]
    assert any(reports[epoch, 3] != first for epoch in range(1, 4))
    assert reports[3] == reports[3]  # validation: alike every time


def test_the_parts_stand_between_their_marks_in_either_order():
    reports = dataset(Report(findings="双肾显影。", impression="骨转移。"), share=0.0)
    parts = [word.tokens for part in reports.reports[0][:2] for word in part]
    first, second = (tuple(t for w in part for t in w.tokens) for part in reports.reports[0][:2])
    assert parts
    seen = set()
    for epoch in range(20):
        question = reports[epoch, 0]
        one, other = (second, first) if question.swapped else (first, second)
        truth = [
            token if target == IGNORED else target
            for token, target in zip(question.tokens, question.targets, strict=True)
        ]
        assert truth == [BEGIN, *one, END, *other, END]
        seen.add(question.swapped)
    assert seen == {0, 1}


def test_masked_words_of_both_parts_are_counted_through():
    question = dataset(Report(findings="双肾显影。" * 9, impression="骨转移。" * 9))[0]
    asked = [word for word, _ in groupby(question.words) if word]
    assert asked == list(range(1, max(asked) + 1))  # the second part does not begin at 1 again
    for words, target in zip(question.words, question.targets, strict=True):
        assert (words > 0) == (target != IGNORED)


def test_one_sentence_alone_is_asked_for_no_order():
    question = dataset(Report(impression="骨转移。"))[0]
    assert question.swapped == IGNORED
    assert question.tokens.count(END) == 1


def test_a_report_that_is_too_long_loses_words_at_the_end_of_its_longer_part():
    a, b = (Word(text, (n, n)) for n, text in ((7, "见"), (8, "示")))
    assert shortened(CutReport((a, a, b), (b,)), room=5) == CutReport((a,), (b,))
    assert shortened(CutReport((a, b), (b,)), room=6) == CutReport((a, b), (b,))
    long = dataset(Report(findings="双肾显影。" * 99, impression="骨转移。"))
    assert len(long[0].tokens) <= TOKENS.max_tokens
    assert long.reports[0].impression


def test_every_batch_is_of_reports_of_like_length_and_every_report_comes_once():
    lengths = np.random.default_rng(0).integers(10, 200, 1003).tolist()
    batches = BucketBatches(EpochShuffle(1003, 0), lengths, batch_size=8, window=20)
    batches.sampler.set_epoch(2)
    found = list(batches)
    assert len(found) == len(batches) == 126
    assert sorted(place for batch in found for _, place in batch) == list(range(1003))
    assert {epoch for batch in found for epoch, _ in batch} == {2}
    spread = np.mean([np.ptp([lengths[p] for _, p in batch]) for batch in found])
    assert spread < 20  # of 190
    assert list(batches) == found
    batches.sampler.set_epoch(3)
    assert list(batches) != found


def test_padding_is_asked_for_nothing():
    batch = put_together(
        [
            Question([2, 9, 8, 3], [IGNORED, 7, IGNORED, IGNORED], [0, 1, 0, 0], 1),
            Question([2, 3], [IGNORED] * 2, [0, 0], IGNORED),
        ]
    )
    assert batch["tokens"].tolist() == [[2, 9, 8, 3], [2, 3, 0, 0]]
    assert batch["token_mask"].tolist() == [[True] * 4, [True] * 2 + [False] * 2]
    assert batch["targets"][1].tolist() == [IGNORED] * 4
    assert batch["words"].tolist() == [[0, 1, 0, 0], [0] * 4]
    assert batch["swapped"].tolist() == [1, IGNORED]
    assert batch["read"].tolist() == [False, False]


def test_what_is_said_of_each_bone_goes_with_the_report_in_either_order():
    told = told_of_bones(Report(findings="L3椎体见异常放射性浓聚灶。", impression="骨转移。"))
    place = BY_NAME["L3"].label * len(SAID) + SAID.index("high")
    assert told == (place,)
    question = Question([2, 3], [IGNORED] * 2, [0, 0], IGNORED, told)
    batch = put_together([question, question._replace(said=())])
    assert batch["read"].tolist() == [True, True]
    assert batch["said"].nonzero().tolist() == [[0, place]]
    data = dataset(Report(findings="L3椎体见异常放射性浓聚灶。", impression="骨转移。"))
    assert {data[epoch, 0].said for epoch in range(9)} == {told}


def test_training_reports_alone_are_reworded_and_what_they_say_is_told_of_their_own_words():
    plain, other = module(val_share=0.3), module(val_share=0.3, reword=1.0)
    assert other.val.reports == plain.val.reports
    assert other.digest == plain.digest
    same = [a[:2] == b[:2] for a, b in zip(plain.train.reports, other.train.reports, strict=True)]
    assert 0 < sum(same) < len(same)  # 前段肋骨, which the parser does not read, among them
    assert [r.said for r in plain.train.reports] == [r.said for r in other.train.reports]
    assert module(val_share=0.3, reword=1.0).train.reports == other.train.reports


def test_of_a_report_the_parser_cannot_read_nothing_is_known_rather_than_nothing_said():
    assert told_of_bones(Report(findings="Focal uptake in the L3 vertebra.")) is None
    assert told_of_bones(Report(findings="余骨未见异常。")) == ()


def test_the_loaders_go_through_all_reports():
    data = module(val_share=0.3)
    data.train_dataloader().batch_sampler.sampler.set_epoch(1)
    assert sum(len(batch["tokens"]) for batch in data.train_dataloader()) == len(data.train)
    assert sum(len(batch["tokens"]) for batch in data.val_dataloader()) == len(data.val)


def test_a_hospitals_table_is_split_at_its_headings_and_holds_no_identity(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text(
        "检查号,病人,报告\n"
        "A1001,王小明,检查所见：王小明左侧髂骨浓聚。 诊断意见：骨转移。\n"
        "A1002,王小明,检查所见：双肾显影。 电话13812345678\n"
        "A1003,,检查所见：余骨未见异常。\n",
        "utf-8",
    )
    first, second, third = read_corpus(path, patient="病人")
    assert first.patient == second.patient == "王小明"
    assert third.patient == "A1003"  # nobody's: a patient of its own
    assert first.report.impression == "骨转移。"
    words = " ".join(r.report.text for r in (first, second, third))
    assert "王小明" not in words
    assert "13812345678" not in words
    unnamed = read_corpus(path)  # whose column is the patient's was not said
    assert {r.patient for r in unnamed} == {"A1001", "A1002", "A1003"}
    assert "王小明" not in " ".join(r.report.text for r in unnamed)


@pytest.mark.parametrize(
    ("words", "findings", "impression"),
    [
        ({"text": "检查所见：左肋浓聚。\n诊断意见：骨转移。"}, "左肋浓聚。", "骨转移。"),
        ({"findings": "左肋浓聚.", "impression": "骨转移."}, "左肋浓聚.", "骨转移."),
        ({"text": "左肋浓聚。", "impression": "骨转移。"}, "左肋浓聚。", "骨转移。"),
        (
            {
                "text": "检查所见：左肋浓聚。\n诊断意见：骨转移。",
                "impression": "1.骨转移。2.退变。",
            },
            "左肋浓聚。",
            "1.骨转移。2.退变。",
        ),
        (
            {"text": "检查所见：左肋浓聚。\n诊断意见：骨转移。", "impression": "骨转移"},
            "左肋浓聚。",
            "骨转移。",
        ),
        (
            {"text": "检查所见：左肋浓聚。\n诊断意见：骨转移。", "impression": "请结合CT。"},
            "左肋浓聚。",
            "骨转移。\n请结合CT。",
        ),
        ({"text": "检查所见：左肋浓聚。", "findings": "右肋浓聚。"}, "右肋浓聚。", ""),
    ],
)
def test_no_part_of_what_is_written_is_lost(words, findings, impression):
    report = as_report(WrittenReport(row=2, **words))
    assert report == Report(findings=findings, impression=impression)


def test_a_patients_column_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("检查号,报告\n1,双肾显影\n", "utf-8")
    with pytest.raises(
        ReportError, match="has no column 'mrn' for the patient; it has 检查号, 报告"
    ):
        read_corpus(path, patient="mrn")


def test_a_table_without_a_heading_shows_nobody(tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("A5512345,张三丰,左侧第5肋见浓聚。\n" * 2, "utf-8")
    with pytest.raises(ReportError, match="Is the heading missing") as error:
        read_corpus(path, patient="病人")
    assert not identities_in(str(error.value).encode())
    assert "肋" not in str(error.value)


def test_the_digest_tells_corpora_apart():
    assert module().digest == module(seed=3).digest
    assert ReportDataModule(corpus(19), TOKENS).digest != module().digest
