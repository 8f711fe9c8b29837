"""A trained run under the controls, on studies of a few pixels."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mmseg_bone.cli import main
from mmseg_bone.cli.apply import Control, apply
from mmseg_bone.data.controls import CONTROLS
from mmseg_bone.errors import OutputError, RunError
from mmseg_bone.io.model import shipped_model
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from tests.cli.studies import patients

QUICK = [
    "experiment=text_fused",
    "model.base_channels=4",
    "model.depth=3",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "trainer.max_epochs=1",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store of six patients in three folds, another one of two, and a run on the first."""
    root = tmp_path_factory.mktemp("applied")
    studies = patients(8)
    Store.write(root / "store", studies[:6], {f"p{i}": i % 3 for i in range(6)})
    Store.write(root / "wang_xiaoming", studies[6:], {"p6": 0, "p7": 1})
    main(["train", *QUICK, f"store={root}/store", f"hydra.run.dir={root}/run"])
    return root


def test_the_controls_are_those_of_data():
    assert tuple(Control) == CONTROLS


def test_without_a_control_the_run_s_own_predictions_come_back(made, tmp_path):
    apply(made / "run", store=made / "store", out=tmp_path / "same")
    own, same = Run(made / "run"), Run(tmp_path / "same")
    assert same.predicted == own.predicted
    for id in own.predicted:
        np.testing.assert_array_equal(same.read_prediction(id), own.read_prediction(id))
    assert same.name == "text_fused"


def test_a_control_has_a_name_of_its_own(made, tmp_path):
    apply(made / "run", store=made / "store", out=tmp_path / "e", control=Control.empty)
    run = Run(tmp_path / "e")
    assert run.name == "text_fused, empty"
    assert run.store_digest == Run(made / "run").store_digest
    assert len(run.read_scores()) == 4  # two studies, two views


def test_the_model_that_ships_is_applied_by_its_name(made, tmp_path):
    apply("shipped", store=made / "store", out=tmp_path / "s", fold=0)
    run = Run(tmp_path / "s")
    assert run.predicted == Run(made / "run").predicted
    assert run.config["applied"] == Run(shipped_model()).name


def test_a_network_that_diverged_is_told_by_its_own_run(made, tmp_path):
    run = tmp_path / "diverged"
    shutil.copytree(made / "run", run)
    weights = load_file(run / "weights.safetensors")
    nan = {name: torch.full_like(value, torch.nan) for name, value in weights.items()}
    save_file(nan, run / "weights.safetensors")
    with pytest.raises(RunError, match=f"{run}: prediction of .*training has diverged"):
        apply(run, store=made / "store", out=tmp_path / "out")


def test_of_a_store_that_has_grown_the_patients_learnt_from_are_left_out(made, tmp_path, capsys):
    Store.write(tmp_path / "grown", patients(8), {f"p{i}": i % 4 for i in range(8)})
    apply(made / "run", store=tmp_path / "grown", out=tmp_path / "new")
    assert Run(tmp_path / "new").predicted == ["s0", "s3", "s6", "s7"]  # held out, and new
    assert "Left out 4 of 8 studies" in capsys.readouterr().out
    Store.write(tmp_path / "old", patients(3)[1:], {"p1": 0, "p2": 0})
    with pytest.raises(RunError, match="has learnt from the patients of all 2 studies"):
        apply(made / "run", store=tmp_path / "old", out=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_scores_alone_are_those_of_the_whole_and_leave_no_prediction(made, tmp_path):
    apply(made / "run", store=made / "store", out=tmp_path / "whole")
    apply(made / "run", store=made / "store", out=tmp_path / "small", only_scores=True)
    whole, small = Run(tmp_path / "whole"), Run(tmp_path / "small")
    assert small.read_scores().equals(whole.read_scores())
    assert sorted(file.name for file in small.path.iterdir()) == [
        "config.yaml",
        "environment.json",
        "froc.csv",
        "lesions.csv",
        "scans.csv",
        "scores.csv",
        "summary.json",
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["small", "whole"]


def test_a_trial_is_scored_on_its_validation_fold_and_never_sees_the_one_held_out(made, tmp_path):
    where = [f"store={made}/store", f"hydra.run.dir={tmp_path}/trial"]
    main(["train", *QUICK, "data.scored=validation", *where])
    assert set(Run(tmp_path / "trial").read_scores().id) == {"s1", "s4"}
    apply(tmp_path / "trial", store=made / "store", out=tmp_path / "e", control=Control.empty)
    assert set(Run(tmp_path / "e").read_scores().id) == {"s1", "s4"}
    with pytest.raises(RunError, match="of studies it knows"):
        apply(tmp_path / "trial", store=made / "store", out=tmp_path / "x", fold=2)


def test_another_store_is_predicted_whole_or_by_fold(made, tmp_path):
    apply(made / "run", store=made / "wang_xiaoming", out=tmp_path / "a")
    assert Run(tmp_path / "a").predicted == ["s6", "s7"]
    apply(made / "run", store=made / "wang_xiaoming", out=tmp_path / "b", fold=1)
    assert Run(tmp_path / "b").predicted == ["s7"]


def test_another_store_is_told_by_its_digest_and_never_by_its_folder_or_as_one_says(made, tmp_path):
    other = made / "wang_xiaoming"
    apply(made / "run", store=other, out=tmp_path / "a", fold=1, control=Control.empty)
    digest = Store(other).digest
    assert Run(tmp_path / "a").name == f"text_fused, on store {digest[:8]}, empty"
    apply(made / "run", store=other, out=tmp_path / "b", fold=1, name="text_fused, abroad")
    assert Run(tmp_path / "b").name == "text_fused, abroad"


def test_studies_it_has_learnt_from_are_refused(made, tmp_path):
    with pytest.raises(RunError, match="of studies it knows"):
        apply(made / "run", store=made / "store", out=tmp_path / "x", fold=1)


def test_a_place_that_cannot_be_written_is_told_before_anything_is_predicted(made, tmp_path):
    (tmp_path / "mine").write_text("mine")
    for out in (tmp_path / "mine", tmp_path / "mine" / "out"):
        with pytest.raises(OutputError, match="a file lies where a folder is needed"):
            apply(made / "run", store=made / "nowhere", out=out)


def test_a_directory_that_holds_something_is_left_alone(made, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty"):
        apply(made / "run", store=made / "store", out=tmp_path)
