"""The encoder that comes with the package has been trained, and says how."""

from functools import partial

import pytest
import torch
from transformers import BertForMaskedLM, BertModel, BertTokenizerFast

from mmseg_bone.cli.probing import masked_words
from mmseg_bone.data.questions import CutReport
from mmseg_bone.study import Report
from mmseg_bone.tasks.pretraining import PretrainingTask
from mmseg_bone.text.checkpoint import DEFAULT, open_checkpoint
from mmseg_bone.text.cleaning import clean
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.masking import Masking, WordCutter
from mmseg_bone.text.publish import read_heads
from mmseg_bone.text.tokens import ReportTokens
from mmseg_bone.text.untrained import untrained

# Our own wording, so that no generator's change moves the answer.
FINDINGS = (
    "静脉注射显像剂后3小时行全身骨显像。左侧第5前肋见点状放射性浓聚影，余骨未见明显异常。双肾及膀胱显影。",
    "右侧髂骨翼见团块状异常放射性浓聚，边界清楚。脊柱退行性改变。双侧膝关节放射性对称性增高。",
    "第3腰椎椎体见片状放射性浓聚灶，以左缘为著。全身其余骨骼显影清晰，放射性分布均匀、对称。",
)
IMPRESSION = ("左侧第5前肋骨转移可能性大。", "右侧髂骨骨转移。", "第3腰椎退行性改变，建议随访。")


@pytest.fixture(scope="module")
def accuracy():
    """Share of masked words put right, by the encoder and by its untrained twin."""
    tokens = ReportTokens()
    cut = WordCutter(tokens.tokenizer)
    reports = [CutReport(cut(f), cut(i)) for f, i in zip(FINDINGS, IMPRESSION, strict=True)] * 8
    masking = Masking(tokens.tokenizer, {w.text for r in reports for part in r[:2] for w in part})
    never = partial(torch.optim.SGD, lr=0.0)
    trained, twin = (PretrainingTask(e, never) for e in (ReportEncoder(), untrained()))
    trained.load_heads(read_heads("default"))
    return [masked_words(task, reports, masking, tokens) for task in (trained, twin)]


def test_it_puts_more_masked_words_right_than_its_untrained_twin(accuracy):
    trained, twin = accuracy
    assert trained["words"] > twin["words"] + 0.15
    assert trained["words_changed"] > twin["words_changed"] + 0.05


def test_it_tells_findings_from_impression_and_its_twin_does_not(accuracy):
    trained, twin = accuracy
    assert trained["order"] > 0.75
    assert twin["order"] < trained["order"] - 0.1


def test_it_is_small_and_has_a_model_card_with_the_command_that_made_it():
    weights = open_checkpoint("default").weights
    assert weights is not None
    assert weights.stat().st_size <= 12e6
    card = (DEFAULT / "README.md").read_text("utf-8")
    for said in ("mmseg-bone pretrain n=51000", "phantom reports only", "seed", "2026-11-25"):
        assert said in card


def test_plain_transformers_loads_it():
    tokenizer = BertTokenizerFast.from_pretrained(DEFAULT)
    report = Report(findings=FINDINGS[0])
    assert tokenizer(clean(FINDINGS[0]))["input_ids"] == ReportTokens()(report)
    bert = BertModel.from_pretrained(DEFAULT)
    assert torch.equal(
        bert.embeddings.word_embeddings.weight,
        ReportEncoder().bert.embeddings.word_embeddings.weight,
    )
    _, found = BertForMaskedLM.from_pretrained(DEFAULT, output_loading_info=True)
    assert not found["missing_keys"]
