"""The pretrain command for real, on a few reports."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from mmseg_bone.cli import main
from mmseg_bone.cli.phantom_reports import phantom_corpus, write_reports
from mmseg_bone.errors import PhantomError
from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.wording.styles import style_names
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.tokens import ReportTokens

QUICK = [
    "n=24",
    "text.max_tokens=64",
    "data.batch_size=8",
    "data.val_share=0.2",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
]
SECRET = "张三丰"


def pretrain(folder, *words):
    main(["pretrain", f"hydra.run.dir={folder}", *QUICK, *words])


def weights(folder):
    return (Path(folder) / "encoder" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of three epochs from random weights."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    pretrain(folder, "trainer.max_epochs=3", "scratch=true")
    return folder


def test_a_run_leaves_an_encoder_its_scores_and_its_configuration(whole):
    logged = pd.read_csv(whole / "log" / "version_0" / "metrics.csv")
    assert {"train/loss", "train/lr", "val/loss", "val/words", "val/order"} <= set(logged)
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["steps"] == 9  # three epochs of 19 reports in batches of 8
    assert 0 <= summary["validation"]["words"] <= 1
    assert "${" not in (whole / "config.yaml").read_text()
    made = load_file(whole / "encoder" / "model.safetensors")
    assert sum(value.numel() for value in made.values()) * 4 < 12e6
    ReportEncoder(whole / "encoder")
    ReportTokens(whole / "encoder")


def test_the_model_card_says_how_it_was_made_and_not_where(whole):
    card = (whole / "encoder" / "README.md").read_text()
    assert "24 phantom reports only" in card
    assert "n=24" in card
    assert "seed 0, 9 steps" in card
    assert "Went on from: random weights" in card
    assert str(whole.parent) not in card


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(whole, tmp_path):
    killed = (
        "import os, sys\nfrom mmseg_bone.cli import main\n"
        "from mmseg_bone.tasks.pretraining import PretrainingTask as T\n"
        "step = T.training_step\n"
        "def training_step(self, batch, i):\n"
        "    if self.current_epoch == 1 and i == 1: os.kill(os.getpid(), 9)\n"
        "    return step(self, batch, i)\n"
        "T.training_step = training_step\nmain(sys.argv[1:])"
    )
    again = ["pretrain", f"hydra.run.dir={tmp_path}/killed", *QUICK, "scratch=true"]
    again.append("trainer.max_epochs=3")
    done = subprocess.run([sys.executable, "-c", killed, *again], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / "killed" / "encoder").exists()
    main([*again, "ckpt_path=last"])
    assert weights(tmp_path / "killed") == weights(whole)


def test_a_run_is_not_overwritten(whole):
    before = weights(whole)
    with pytest.raises(SystemExit, match="already holds a run"):
        pretrain(whole)
    assert weights(whole) == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("n=25", "has not learnt from these reports: the digests differ"),
        ("scratch=false", "scratch=True, and False is asked for. Give scratch=True as it was"),
        ("task.read=0.5", r"task\.read=0\.0, and 0\.5 is asked for"),
    ],
)
def test_a_run_goes_on_as_no_other_and_nothing_is_written(word, said, whole):
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    words = ["trainer.max_epochs=4", "scratch=true", "ckpt_path=last"]
    with pytest.raises(SystemExit, match=said):
        pretrain(whole, *(w for w in words if w[:7] != word[:7]), word)
    assert {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()} == before


def test_it_goes_on_from_any_checkpoint_on_a_hospitals_own_table(whole, tmp_path):
    table = tmp_path / "wang_xiaoming" / "reports.csv"
    table.parent.mkdir()
    lines = [
        f"A{i},P{i // 2},检查所见：{SECRET}左侧髂骨浓聚。 诊断意见：骨转移。" for i in range(12)
    ]
    table.write_text("\n".join(["检查号,病人,报告", *lines]) + "\n", "utf-8")
    run = tmp_path / "run"
    pretrain(
        run,
        f"reports={table}",
        "columns.patient=病人",
        f"text.model={whole}/encoder",
        "text.tune=last_1",
        "trainer.max_epochs=1",
    )

    before, after = (load_file(r / "encoder" / "model.safetensors") for r in (whole, run))
    assert before.keys() == after.keys()
    moved = {name for name in before if not before[name].equal(after[name])}
    assert "bert.encoder.layer.2.output.dense.weight" in moved
    assert "bert.encoder.layer.1.output.dense.weight" not in moved
    card = (run / "encoder" / "README.md").read_text()
    assert "12 reports of a hospital" in card
    assert "Went on from: encoder" in card
    kept = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    for text in (SECRET, "左侧髂骨"):
        assert text.encode() not in kept
        assert json.dumps(text).strip('"').encode() not in kept
    logged = b"".join(path.read_bytes() for path in (run / "log").rglob("*") if path.is_file())
    assert b"wang_xiaoming" not in logged + card.encode()


def test_the_same_seed_writes_the_same_reports_and_another_others():
    first, again, other = (list(phantom_corpus(5, seed)) for seed in (0, 0, 1))
    assert first == again != other


def test_the_first_of_many_reports_are_those_of_few():
    assert list(write_reports(7, 0, english=0.5))[:3] == list(write_reports(3, 0, english=0.5))


def test_held_out_wording_is_in_no_report_to_train_on():
    styles = [written.style for written in write_reports(60, 0, english=0.2)]
    assert set(styles) == {*style_names(), *style_names(language="english")}
    assert not set(styles) & set(style_names(held_out=True))
    assert 0.1 < styles.count("english") / 60 < 0.3


def test_the_patients_are_others_than_those_of_a_store_of_the_same_seed(monkeypatch):
    states = []

    def seen(rng, *rest):
        states.append(rng.bit_generator.state["state"]["state"])
        return sample_plan(rng, *rest)

    monkeypatch.setattr("mmseg_bone.cli.phantom_reports.sample_plan", seen)
    list(write_reports(3, 0))
    of_store = {
        np.random.default_rng(stream).bit_generator.state["state"]["state"]
        for number in range(3)
        for stream in np.random.SeedSequence(0, spawn_key=(number,)).spawn(5)
    }
    assert len(states) == 3
    assert not of_store & set(states)


def test_no_report_at_all_cannot_be_asked_for():
    with pytest.raises(PhantomError, match="n=0, english=0: give 1 or more"):
        list(write_reports(0, 0, english=0))
