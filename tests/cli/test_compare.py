import pandas as pd
import pytest

from mmseg_bone.cli.compare import names


@pytest.fixture
def sweep(make_run, command):
    """Two experiments of two seeds each, scored."""
    runs = [
        make_run(f"sweep/{name}-{seed}", name=name, probability=p, seed=seed)
        for name, p in (("text_free", 0.1), ("text_fused", 0.9))
        for seed in range(2)
    ]
    command("evaluate", runs[0].path.parent)
    return runs


def test_a_sweep_becomes_one_table(sweep, command, tmp_path):
    out = command("compare", sweep[0].path.parent, "--out", tmp_path / "out", "--resamples", 50)

    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "| text_free | 2 | 2 | 0.000 | 0.000" in text
    assert "| text_fused | 2 | 2 | 0.000 | 0.500 [" in text
    assert "| minus text_free |" in text
    shown = " ".join(out.split())
    assert "text_free │ text_fused" in shown.replace("┃", "│")
    assert "│ Dice (= F1), patient │ 0.000" in shown
    assert "│ against │ │ +0.500" in shown
    scores = pd.read_csv(tmp_path / "out" / "scores.csv").set_index(
        ["experiment", "metric", "aggregation"]
    )
    assert scores.value["text_fused", "dice", "patient"] == 0.5
    assert scores.value["text_fused", "dice", "image_pos"] == 1.0
    assert scores.value["text_fused", "false_positives", "scan"] == 1.0


def test_the_baseline_can_be_named(sweep, command, tmp_path):
    words = ["compare", sweep[0].path.parent, "--out", tmp_path / "out", "--resamples", 5]
    assert "minus text_fused" in command(*words, "--baseline", "text_fused")


def test_a_run_keeps_its_scores(sweep, command):
    run = sweep[0].path
    before = (run / "scores.csv").read_bytes()
    words = ["compare", run.parent, "--out", run, "--resamples", 5, "--overwrite"]
    assert "is a run, whose scores would be lost" in command(*words)
    assert (run / "scores.csv").read_bytes() == before


def test_an_earlier_comparison_is_not_lost_without_saying_so(sweep, command, tmp_path):
    words = ["compare", sweep[0].path.parent, "--out", tmp_path / "out", "--resamples", 5]
    command(*words)
    kept = tmp_path / "out" / "comparison.md"
    kept.write_text("mine")

    assert "already holds comparison.md" in command(*words)
    assert kept.read_text() == "mine"
    command(*words, "--overwrite")
    assert kept.read_text() != "mine"


def test_nothing_of_an_earlier_comparison_is_left_beside_the_new_one(
    sweep, store, command, tmp_path
):
    out = tmp_path / "out"
    words = ["compare", sweep[0].path.parent, "--out", out, "--resamples", 5]
    command(*words, "--store", store.path)
    assert {path.name for path in out.iterdir()} <= set(names())
    (out / "notes.txt").write_text("mine")

    command(*words, "--overwrite")
    assert not (out / "examples.png").exists()  # no store was named this time
    assert (out / "notes.txt").exists()

    (out / "comparison.md").unlink()
    assert "already holds scores.csv" in command(*words)


def test_a_job_of_a_sweep_that_did_not_finish_is_told_and_left_out(sweep, command, tmp_path):
    (sweep[1].path / "scores.csv").unlink()
    words = ["--out", tmp_path / "out", "--resamples", 5]

    out = command("compare", sweep[0].path.parent, *words)

    assert f"Left out: {sweep[1].path}, which has no scores.csv" in out
    assert "| text_free | 1 |" in (tmp_path / "out" / "comparison.md").read_text()
    # Asked for by its own name, it is an error.
    assert "scores.csv is missing" in command("compare", sweep[1].path, *words, "--overwrite")


def test_neither_the_store_nor_predictions_are_needed(sweep, store, command, tmp_path):
    store.path.rename(tmp_path / "away")
    for run in sweep:
        (run.path / "predictions").rename(tmp_path / f"away-{run.path.name}")
    command("compare", sweep[0].path.parent, "--out", tmp_path / "out", "--resamples", 5)
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "| text_fused | 2 | 2 | 0.000 | 0.500" in text


def test_runs_of_different_stores_are_refused(sweep, command, tmp_path):
    path = sweep[2].path / "environment.json"
    path.write_text(path.read_text().replace('"store_digest": "', '"store_digest": "0'))
    said = command("compare", sweep[0].path.parent, "--out", tmp_path / "out")
    assert "trained on different stores" in said
    assert str(sweep[2].path) in said
    assert not (tmp_path / "out").exists()


def test_tables_and_figures_lie_beside_the_page(sweep, store, command, tmp_path):
    out = tmp_path / "out"
    words = ["compare", sweep[0].path.parent, "--out", out, "--resamples", 5]
    command(*words, "--store", store.path)
    found = {path.name for path in out.iterdir()}
    assert found >= {"comparison.md", "differences.tex", "froc.csv", "reliability.csv"}
    for name in ("forest", "froc", "reliability", "decision", "examples"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "burden.png" not in found  # these scans have no map of bones


def test_an_experiment_to_show_has_to_be_there(sweep, command, tmp_path):
    said = command("compare", sweep[0].path.parent, "--out", tmp_path / "out", "--shown", "other")
    assert "--shown other: no experiment is called so; there are text_free, text_fused" in said
