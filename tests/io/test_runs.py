import json

import numpy as np
import pandas as pd
import pytest

from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run, as_kept, find_runs, is_finished, keep_small

SCORES = pd.DataFrame(
    {
        "id": ["007", "NA"],
        "patient": ["01", "nan"],
        "view": ["anterior", "posterior"],
        "threshold": 0.5,
        "tp": [1, 0],
        "fp": [0, 0],
        "fn": [0, 0],
        "tn": [3, 4],
        "surface_dice": [1.0, np.nan],
        "dice": [1.0, np.nan],
    }
)


@pytest.fixture
def run(tmp_path):
    config = {"name": "text_fused", "seed": 3, "fold": 1, "text": "报告"}
    return Run.start(tmp_path / "run", config, {"store_digest": "abc"})


def test_a_run_is_read_back_as_it_was_started(run):
    again = Run(run.path)
    assert again.config == {"name": "text_fused", "seed": 3, "fold": 1, "text": "报告"}
    assert again.name == "text_fused"
    assert again.store_digest == "abc"


@pytest.mark.parametrize("content", [b"seed: 0\nmodel: {a: [1", b"name: \xff\xfe", b"a: b: c"])
def test_a_torn_configuration_names_its_file_and_what_to_do(run, content):
    (run.path / "config.yaml").write_bytes(content)
    with pytest.raises(RunError, match=r"run/config\.yaml.* is no YAML.*Copy it again"):
        Run(run.path)


def test_a_run_without_a_name_is_called_by_its_folder(tmp_path):
    assert Run.start(tmp_path / "0-fold1", {}, {}).name == "0-fold1"


def test_a_prediction_comes_back_as_sure_as_it_was(run):
    probability = np.array([[[0.0, 1e-6, 0.49999], [0.5, 0.99999, 1.0]]], np.float32)
    run.write_prediction("s1", probability)

    back = run.read_prediction("s1")
    assert back.dtype == np.float32
    assert back[0, 0, 0] == 0
    assert back[0, 1].tolist()[::2] == [0.5, 1.0]
    assert back[0, 0, 2] < 0.5  # on its side of the threshold
    np.testing.assert_allclose(back[0, 0, 1], 1e-6, rtol=0.01)
    np.testing.assert_allclose(1 - back[0, 1, 1], 1e-5, rtol=0.01)
    np.testing.assert_array_equal(back, as_kept(probability))
    assert run.predicted == ["s1"]


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(run, wrong):
    with pytest.raises(RunError, match=r"'s1' ranges from .*lies from 0 to 1.*learning rate"):
        run.write_prediction("s1", np.full((1, 2, 2), wrong))
    assert not (run.path / "predictions").exists()


def test_scores_come_back_with_keys_as_words_and_nan_as_nan(run):
    run.write_scores(SCORES)
    pd.testing.assert_frame_equal(run.read_scores(), SCORES, check_dtype=False)


def test_scores_survive_exactly(run):
    run.write_scores(SCORES.assign(dice=[1 / 3, 0.1]))
    assert run.read_scores().dice.tolist() == [1 / 3, 0.1]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda run: run.weights, "weights.safetensors is missing .*when training ends"),
        (lambda run: run.checkpoint("best"), "checkpoints/best.ckpt is missing"),
        (lambda run: run.predicted, "holds no prediction.*ckpt_path=last"),
        (lambda run: run.read_prediction("s9"), "s9.safetensors is missing .*not held out"),
        (lambda run: run.read_scores(), "scores.csv is missing .*mmseg-bone evaluate"),
    ],
)
def test_a_missing_part_is_named_with_what_to_do(run, ask, words):
    with pytest.raises(RunError, match=words):
        ask(run)


def test_a_run_that_does_not_know_its_store_says_so(tmp_path):
    run = Run.start(tmp_path / "run", {}, {})
    with pytest.raises(RunError, match="names no store_digest"):
        _ = run.store_digest


def test_scores_that_lack_a_column_are_refused(run):
    run.write_scores(SCORES.drop(columns=["tn", "threshold"]))
    with pytest.raises(RunError, match="lacks the columns threshold, tn.*evaluate"):
        run.read_scores()


def test_a_torn_prediction_is_not_read(run):
    run.write_prediction("s1", np.zeros((1, 4, 4)))
    path = run.path / "predictions" / "s1.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RunError, match="cannot be read as a prediction"):
        run.read_prediction("s1")


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(RunError, match=r"config.yaml is missing \(mmseg-bone train"):
        Run(tmp_path)
    with pytest.raises(RunError, match="so is the directory"):
        Run(tmp_path / "nowhere")
    (tmp_path / "config.yaml").write_text("just words")
    with pytest.raises(RunError, match="holds no keys"):
        Run(tmp_path)


def test_the_runs_of_a_sweep_are_found_and_hydras_copies_are_not(tmp_path):
    for name in ("1-fold1", "0-fold0"):
        Run.start(tmp_path / "sweep" / name, {"name": "x"}, {})
        hidden = tmp_path / "sweep" / name / ".hydra"
        hidden.mkdir()
        (hidden / "config.yaml").write_text("name: raw")

    assert [run.path.name for run in find_runs(tmp_path / "sweep")] == ["0-fold0", "1-fold1"]
    assert [run.path.name for run in find_runs(tmp_path / "sweep" / "1-fold1")] == ["1-fold1"]


def test_a_sweep_below_a_hidden_folder_is_still_found(tmp_path):
    Run.start(tmp_path / ".runs" / "0", {"name": "x"}, {})
    assert len(find_runs(tmp_path / ".runs")) == 1


def test_a_folder_without_runs_says_so(tmp_path):
    with pytest.raises(RunError, match="is no run and holds none"):
        find_runs(tmp_path)


def test_a_summary_is_plain_json_and_says_null_for_undefined(run):
    run.write_summary({"micro": {"dice": 0.5, "recall": float("nan")}})
    text = (run.path / "summary.json").read_text()
    assert "NaN" not in text
    assert json.loads(text) == {"micro": {"dice": 0.5, "recall": None}}


def test_predictions_of_other_studies_are_forgotten(run):
    run.forget_predictions()  # there is none yet
    for id in ("007", "s1", "s2"):
        run.write_prediction(id, np.zeros((1, 2, 2)))
    run.forget_predictions(but=["007", "s2", "s9"])
    assert run.predicted == ["007", "s2"]


def test_a_table_comes_back_with_words_as_words_and_what_is_unknown_as_nan(run):
    table = pd.DataFrame({"id": ["007"], "camera": ["12"], "kind": [""], "hit": [1]})
    assert not run.has_table("lesions")
    run.write_table("lesions", table)
    assert run.has_table("lesions")
    (row,) = run.read_table("lesions").to_dict("records")
    assert (row["id"], row["camera"], row["hit"]) == ("007", "12", 1)
    assert np.isnan(row["kind"])
    with pytest.raises(RunError, match=r"froc.csv is missing .*mmseg-bone evaluate"):
        run.read_table("froc")


def test_the_small_copy_of_a_run_is_read_like_the_run(run, tmp_path):
    run.write_scores(SCORES)
    run.write_prediction("007", np.zeros((1, 2, 2)))
    with pytest.raises(RunError, match=r"summary\.json is missing .*mmseg-bone evaluate"):
        keep_small(run, tmp_path / "small")
    assert not is_finished(run.path)
    run.write_summary({"dice": 1.0})
    assert is_finished(run.path)

    copy = keep_small(run, tmp_path / "small")
    assert (copy.name, copy.seed, copy.store_digest) == ("text_fused", 3, "abc")
    pd.testing.assert_frame_equal(copy.read_scores(), run.read_scores())
    assert sorted(path.name for path in copy.path.iterdir()) == [
        "config.yaml",
        "environment.json",
        "scores.csv",
        "summary.json",
    ]
