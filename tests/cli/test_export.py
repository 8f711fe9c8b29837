"""There and back: what a perfect peer predicts on an exported store scores as perfect."""

import json
import shutil
from dataclasses import replace

import pytest

from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


@pytest.fixture
def store(study, tmp_path):
    """Six patients in three folds."""
    studies = [replace(study, id=f"s{i}", patient=f"p{i}") for i in range(6)]
    return Store.write(tmp_path / "xstore", studies, {f"p{i}": i % 3 for i in range(6)})


def labels_as_predictions(folder, fold, to):
    """What a peer would leave that had learnt the references by heart."""
    splits = json.loads((folder / "splits_final.json").read_text())
    to.mkdir()
    for case in splits[fold]["val"]:
        shutil.copy(folder / "labelsTr" / f"{case}.png", to)
    return to


@pytest.fixture
def exported(store, command, tmp_path):
    out = command("export", store.path, "--out", tmp_path / "raw")
    assert "6 studies written to" in out
    return tmp_path / "raw" / "Dataset501_BoneScan"


@pytest.mark.parametrize("format", ["nnunet", "monai"])
def test_a_file_in_the_place_of_the_folder_is_told(store, command, tmp_path, format):
    (tmp_path / "mine").write_text("mine")
    said = command("export", store.path, "--out", tmp_path / "mine", "--format", format)
    assert "cannot be written: a file lies where a folder is needed" in said
    assert (tmp_path / "mine").read_text() == "mine"


def adopt(command, folder, store, out, *more):
    words = ["--store", store.path, "--name", "nnunet", "--out", out]
    return command("adopt", folder, *words, *more)


def test_a_perfect_peer_of_nnunet_has_a_dice_of_one(exported, store, command, tmp_path):
    for fold in range(3):
        predicted = labels_as_predictions(exported, fold, tmp_path / f"fold_{fold}")
        out = adopt(command, predicted, store, tmp_path / f"run{fold}", "--fold", fold)
        run = Run(tmp_path / f"run{fold}")
        assert "2 studies of 2 patients" in out
        assert (run.name, run.config["fold"]) == ("nnunet", fold)
        assert (run.read_scores().dice == 1).all()


def test_a_peer_is_compared_with_our_own_runs(exported, store, command, tmp_path):
    predicted = labels_as_predictions(exported, 0, tmp_path / "fold_0")
    adopt(command, predicted, store, tmp_path / "peer")
    command("baseline", "kmeans", "--store", store.path, "--out", tmp_path / "kmeans")
    runs = [tmp_path / "kmeans", tmp_path / "peer"]
    command("compare", *runs, "--out", tmp_path / "table", "--resamples", 5)
    text = (tmp_path / "table" / "comparison.md").read_text()
    assert "| nnunet | 1 | 2 |  | 1.000" in text


def test_monai_s_labels_come_back_too(store, command, tmp_path):
    command("export", store.path, "--format", "monai", "--out", tmp_path / "m")
    out = adopt(command, tmp_path / "m" / "labelsTr", store, tmp_path / "run", "--fold", 1)
    assert "Left out, for they are not in fold 1: 4 studies." in out
    assert (Run(tmp_path / "run").read_scores().dice == 1).all()


def test_a_fold_that_was_not_predicted_whole_leaves_no_run(exported, store, command, tmp_path):
    predicted = labels_as_predictions(exported, 0, tmp_path / "fold_0")
    (predicted / "s3_posterior.png").unlink()
    assert "holds no s3_posterior.png" in adopt(command, predicted, store, tmp_path / "run")
    assert not (tmp_path / "run").exists()
