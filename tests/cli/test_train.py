"""The train command for real, on studies of a few pixels."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import torch
import yaml

from mmseg_bone.cli import main
from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.tasks.scores import StudyDice
from tests.cli.studies import SECRET, patients

QUICK = [
    "model.base_channels=4",
    "model.depth=3",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "data.batch_size=2",
    "trainer.max_epochs=2",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Nine patients in three folds."""
    path = tmp_path_factory.mktemp("data") / "store"
    Store.write(path, patients(9), {f"p{i}": i % 3 for i in range(9)})
    return path


def train(*words):
    """In this process: importing torch anew for every test would take most of the time."""
    flags = [word for word in words if word.startswith("-")]
    main(["train", *flags, *QUICK, *(word for word in words if word not in flags)])


def weights(folder):
    return (folder / "weights.safetensors").read_bytes()


def test_a_run_leaves_all_that_scoring_and_comparing_need(store, tmp_path):
    train(f"store={store}", f"hydra.run.dir={tmp_path}/run", "fold=1")

    run = Run(tmp_path / "run")
    assert run.name == "text_free"
    assert run.config["fold"] == 1
    assert run.store_digest == Store(store).digest
    assert run.predicted == ["s1", "s4", "s7"]  # the fold held out, and no other
    scores = run.read_scores()
    assert list(zip(scores["id"], scores["view"], strict=True)) == [
        (id, view) for id in run.predicted for view in ("anterior", "posterior")
    ]
    assert run.read_prediction("s1").shape == (2, 32, 16)
    logged = pd.read_csv(tmp_path / "run" / "log" / "version_0" / "metrics.csv")
    assert {"train/loss", "train/lr", "val/loss", "val/dice"} <= set(logged)


def test_the_same_seed_gives_the_same_weights_and_another_one_others(store, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(f"store={store}", f"hydra.run.dir={tmp_path}/{name}", f"seed={seed}")
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(store, tmp_path):
    options = [f"store={store}", "experiment=text_fused_cgan", "task.critic_from_epoch=1", *QUICK]
    options.append("trainer.max_epochs=4")
    main(["train", f"hydra.run.dir={tmp_path}/whole", *options])

    # Killed at the second step of the third epoch, as by a queue: no handler runs.
    killed = (
        "import os, sys\nfrom mmseg_bone.cli import main\n"
        "from mmseg_bone.tasks.adversarial import AdversarialTask as T\n"
        "step = T.training_step\n"
        "def training_step(self, batch, i):\n"
        "    if self.current_epoch == 2 and i == 1: os.kill(os.getpid(), 9)\n"
        "    return step(self, batch, i)\n"
        "T.training_step = training_step\nmain(sys.argv[1:])"
    )
    again = ["train", f"hydra.run.dir={tmp_path}/killed", *options]
    done = subprocess.run([sys.executable, "-c", killed, *again], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / "killed" / "weights.safetensors").exists()
    main([*again, "ckpt_path=last"])

    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    whole, killed = (Run(tmp_path / name).read_scores() for name in ("whole", "killed"))
    pd.testing.assert_frame_equal(whole, killed)


def test_a_run_that_was_moved_keeps_its_best_epoch(store, tmp_path, monkeypatch):
    folder = tmp_path / "first"
    train(f"store={store}", f"hydra.run.dir={folder}", "trainer.max_epochs=1")
    best, learnt = (folder / "checkpoints" / "best.ckpt").read_bytes(), weights(folder)
    worse = {"dice": torch.tensor(-1.0), "dice_micro": torch.tensor(0.0)}
    monkeypatch.setattr(StudyDice, "compute", lambda self: worse)
    for place in ("second", "third"):  # where one epoch is left, and where none is
        folder = folder.rename(tmp_path / place)
        (folder / "weights.safetensors").unlink()
        train(f"store={store}", f"hydra.run.dir={folder}", "ckpt_path=last")
        assert (folder / "checkpoints" / "best.ckpt").read_bytes() == best
        assert weights(folder) == learnt

    (folder / "checkpoints" / "best.ckpt").unlink()
    with pytest.raises(SystemExit, match=r"best\.ckpt is missing.* Copy the whole folder"):
        train(f"store={store}", f"hydra.run.dir={folder}", "ckpt_path=last")
    other = tmp_path / "other"  # goes on from another run, whose best is none of its own
    where = [f"store={store}", f"ckpt_path={folder}/checkpoints/last.ckpt"]
    train(*where, f"hydra.run.dir={other}", "trainer.max_epochs=4")
    assert (other / "checkpoints" / "best.ckpt").is_file()


def test_a_run_is_not_overwritten(store, tmp_path):
    train(f"store={store}", f"hydra.run.dir={tmp_path}/run")
    before = weights(tmp_path / "run")
    with pytest.raises(SystemExit, match="already holds a run"):
        train(f"store={store}", f"hydra.run.dir={tmp_path}/run")
    assert weights(tmp_path / "run") == before


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def begun(store, tmp_path_factory):
    """A run of one epoch, fold 0 held out."""
    folder = tmp_path_factory.mktemp("begun") / "run"
    train(f"store={store}", f"hydra.run.dir={folder}", "trainer.max_epochs=1")
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["fold=1"],
            r"begun with fold=0, and 1 is asked for\. Give fold=0 as it was, or begin anew",
        ),
        (["seed=1"], "Give seed=0 as it was"),
        (["data.share=0.5"], r"Give data\.share=1\.0 as it was"),
        (["weights=shipped"], "Give weights=null as it was"),
        (["model.base_channels=8"], r"model\.base_channels=4, and 8 .* experiment \(text_free\)"),
        (["experiment=text_fused"], r"and \S+TextUNet is .* experiment \(text_free\)"),
        (["task=semi_supervised"], r"task\._target_=.*SegmentationTask, and"),
        (["steps=body"], r"data\.encode\.steps.*, and .* is asked for"),
    ],
)
def test_a_run_goes_on_as_no_other_and_nothing_is_written(words, said, store, begun):
    before = contents(begun)
    with pytest.raises(SystemExit, match=said):
        train(f"store={store}", f"hydra.run.dir={begun}", "ckpt_path=last", *words)
    assert contents(begun) == before


def test_nor_on_another_store_nor_from_a_checkpoint_of_another_run(store, begun, tmp_path):
    before = contents(begun)
    other = Store.write(tmp_path / "other", patients(6), {f"p{i}": i % 3 for i in range(6)})
    with pytest.raises(SystemExit, match="has not learnt from store=.*other: the digests differ"):
        train(f"store={other.path}", f"hydra.run.dir={begun}", "ckpt_path=last")
    assert contents(begun) == before
    for folder in (begun, tmp_path / "run"):
        words = [f"hydra.run.dir={folder}", f"ckpt_path={begun}/checkpoints/best.ckpt", "fold=1"]
        with pytest.raises(SystemExit, match="begun with fold=0, and 1 is"):
            train(f"store={store}", *words)
    assert contents(begun) == before
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_a_trial_that_goes_on_is_scored_on_the_fold_held_out_alone(store, tmp_path):
    words = [f"store={store}", f"hydra.run.dir={tmp_path}", "trainer.max_epochs=1"]
    train(*words, "data.scored=validation")
    assert Run(tmp_path).predicted == ["s1", "s4", "s7"]
    train(*words, "ckpt_path=last")
    assert Run(tmp_path).predicted == ["s0", "s3", "s6"]
    assert set(Run(tmp_path).read_scores()["id"]) == {"s0", "s3", "s6"}


def test_how_it_learns_may_change_and_whom_it_knew_it_still_knows(store, begun, tmp_path):
    folder = shutil.copytree(begun, tmp_path / "run")
    known = (folder / "learnt.txt").read_text()
    (folder / "learnt.txt").write_text("of_another_day\n" + known)
    (folder / "environment.json").unlink()  # to go on writes it again
    may = ["trainer.max_epochs=2", "optimizer.lr=0.1", "data.batch_size=3", "augment.mirror=0.0"]
    train(f"store={store}", f"hydra.run.dir={folder}", "ckpt_path=last", *may)
    assert set((folder / "learnt.txt").read_text().split()) == {"of_another_day", *known.split()}
    assert Run(folder).store_digest == Store(store).digest
    assert Run(folder).config["trainer"]["max_epochs"] == 2


def test_a_multirun_leaves_a_run_of_each_combination(store, tmp_path):
    train(
        "-m",
        "experiment=text_free,text_fused",
        "fold=0,2",
        f"store={store}",
        f"hydra.sweep.dir={tmp_path}",
        "trainer.max_epochs=1",
    )
    found = sorted(path.parent.name for path in tmp_path.glob("*/scores.csv"))
    assert found == [
        f"{name}-fold{fold}-seed0" for name in ("text_free", "text_fused") for fold in (0, 2)
    ]
    free, fused = (Run(tmp_path / f"{name}-fold0-seed0") for name in ("text_free", "text_fused"))
    assert free.store_digest == fused.store_digest
    assert free.config["fold"] == fused.config["fold"] == 0


def test_mixed_precision_trains(store, tmp_path):
    train(f"store={store}", f"hydra.run.dir={tmp_path}/run", "trainer.precision=bf16-mixed")
    assert (tmp_path / "run" / "weights.safetensors").exists()


@pytest.mark.slow
def test_two_processes_train_one_model(store, tmp_path):
    words = [f"store={store}", f"hydra.run.dir={tmp_path}/run", "experiment=text_fused_cgan"]
    ddp = ["trainer.devices=2", "trainer.strategy=ddp_find_unused_parameters_true"]
    done = subprocess.run(
        [sys.executable, "-m", "mmseg_bone.cli", "train", *words, *ddp, *QUICK],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run = Run(tmp_path / "run")
    assert run.predicted == ["s0", "s3", "s6"]
    assert len(run.read_scores()) == 6


def everything_in(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_reports_go_out_if_asked_by_name(store, tmp_path):
    train(
        f"store={store}",
        f"hydra.run.dir={tmp_path}/run",
        "experiment=text_fused",
        "logger=tensorboard",
        "log_text=true",
        "trainer.max_epochs=1",
    )
    kept = everything_in(tmp_path / "run" / "tensorboard")
    assert SECRET.encode() in kept
    assert b"val/s1" in kept


def test_no_word_of_a_report_is_in_the_run(store, tmp_path):
    train(f"store={store}", f"hydra.run.dir={tmp_path}/run", "experiment=text_fused")
    assert SECRET.encode() not in everything_in(tmp_path / "run")


def test_the_resolved_configuration_is_kept(store, tmp_path):
    train(f"store={store}", f"hydra.run.dir={tmp_path}/run", "trainer.max_epochs=1")
    text = (tmp_path / "run" / "config.yaml").read_text()
    assert "${" not in text
    assert yaml.safe_load(text)["data"]["fold"] == 0


def test_without_a_store_it_asks_for_one():
    with pytest.raises(SystemExit, match="say which studies to learn from: store=DIR"):
        main(["train"])


def test_a_folder_that_is_no_run_says_what_is_missing(tmp_path):
    with pytest.raises(RunError, match=r"config\.yaml is missing"):
        Run(tmp_path)
