from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.cli.probing import LABELS, anchor, cases, features, labels_of, masked_words
from mmseg_bone.data.questions import CutReport
from mmseg_bone.study import Focus
from mmseg_bone.tasks.pretraining import PretrainingTask
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.masking import Masking, WordCutter
from mmseg_bone.text.tokens import ReportTokens

TOKENS = ReportTokens()


@pytest.fixture(scope="module")
def few():
    return cases(40, seed=7)


def test_cases_are_of_one_focus_named_and_judged(few):
    assert 10 < len(few) <= 40
    for case in few:
        assert set(case.labels) >= {"site", "side", "class", "certainty"}
        assert set(case.labels) <= set(LABELS)
        assert ("level" in case.labels) == (case.bone.level is not None)
        assert case.labels["certainty"]


def test_labels_are_those_of_the_bone_the_report_names():
    focus = Focus(
        number=1,
        bone="T7",
        named="rib_left_5",
        kind="fracture",
        metastatic=False,
        certainty="benign",
        ratio=2.0,
        diameter_mm=12.0,
    )
    assert labels_of(focus) == {
        "site": "肋",
        "side": "left",
        "level": "5",
        "class": "benign",
        "certainty": "benign",
    }


@pytest.mark.parametrize(
    ("text", "bone", "named"),
    [
        ("左侧第5前肋见浓聚", "rib_left_5", "肋"),
        ("注射Tc-99m后,T7椎体见浓聚", "T7", "t"),
        ("胸7椎体浓聚", "T7", "胸"),
        ("右侧髋臼浓聚", "ilium_right", "髋"),
        ("胸骨柄浓聚", "manubrium", "柄"),
        ("双肾显影", "sacrum", None),
    ],
)
def test_the_token_that_names_the_bone_is_found(text, bone, named):
    words = TOKENS.tokenizer.tokenize(text)
    place = anchor(words, BY_NAME[bone])
    assert (None if place is None else words[place]) == named
    if named == "t":
        assert words[place + 1] == "##7"


def test_nearly_every_report_names_its_bone_where_it_is_looked_for():
    for styles in ((), ("distant",)):
        asked = cases(60, seed=8, styles=styles)
        found = [anchor(TOKENS.tokenizer.tokenize(c.report.text), c.bone) for c in asked]
        assert sum(place is not None for place in found) / len(found) > 0.9


def test_features_do_not_depend_on_what_else_is_asked(few):
    encoder = ReportEncoder()
    means, named = features(encoder, TOKENS, few)
    assert means.shape == named.shape == (len(few), encoder.width)
    alone, named_alone = features(encoder, TOKENS, few[3:4])
    np.testing.assert_allclose(means[3], alone[0], atol=1e-5)
    np.testing.assert_allclose(named[3], named_alone[0], atol=1e-5)


class Copying(PretrainingTask):
    """Answers what stands there, and that the parts are in order."""

    def forward(self, batch):
        asked = batch["targets"] >= 0
        answers = torch.nn.functional.one_hot(batch["tokens"][asked], 4000).float()
        return answers, torch.tensor([[1.0, 0.0]]).expand(len(asked), 2), asked


def test_who_always_answers_what_stands_there_gets_only_what_was_kept():
    cut = WordCutter(TOKENS.tokenizer)
    report = CutReport(cut("左侧第5前肋见点状放射性浓聚影。双肾显影。" * 3), cut("骨转移。"))
    masking = Masking(TOKENS.tokenizer, ["局部", "检查", "的"])
    copying = Copying(ReportEncoder(), partial(torch.optim.SGD, lr=0.0))
    found = masked_words(copying, [report] * 60, masking, TOKENS)
    assert found["words"] == pytest.approx(0.1, abs=0.06)
    assert found["words_changed"] == 0.0
    assert found["order"] == pytest.approx(0.5, abs=0.2)


def test_the_command_asks_the_encoder_and_its_twin_and_keeps_what_it_found(command, tmp_path):
    said = command("probe", "--n", 40, "--out", tmp_path / "probe")
    table = pd.read_csv(tmp_path / "probe" / "probe.csv")
    assert set(table["reports"]) == {"same styles", "held-out style", "English"}
    assert {f"{label}, token" for label in LABELS} <= set(table["question"])
    assert len(table) == 3 * 3 + 2 * 2 * 5
    assert table[["trained", "untrained"]].stack().between(0, 1).all()
    assert (tmp_path / "probe" / "probe.md").read_text() in said
    again = command("probe", "--n", 40, "--out", tmp_path / "probe")
    assert "already holds probe.csv" in again


def test_a_model_that_is_not_there_is_said_without_a_traceback(command):
    assert "is no folder on this machine" in command("probe", "nowhere")
