import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


def test_a_run_is_scored_into_its_own_folder(make_run, command):
    run = make_run("run")

    out = command("evaluate", run.path)

    assert "2 studies of 2 patients, by aggregation" in out
    assert "| metric | micro | image_pos | image_all | patient | patient_pos | lesion | " in out
    assert "Not scored, for nobody drew on them: 1 studies." in out
    scores = run.read_scores()
    assert scores.id.tolist() == ["s1", "s1", "s2", "s2"]
    assert scores.dice.tolist() == [1, 1, 0, 0]
    summary = json.loads((run.path / "summary.json").read_text())
    assert summary["patient"]["dice"] == 0.5
    assert summary["micro"]["dice"] == pytest.approx(2 * 2 / (2 * 2 + 2))
    assert summary["about"]["undrawn"] == 1
    # Both lesions are found without an alarm there, with two in the other scan: one per scan.
    assert summary["beyond"]["froc_score"] == pytest.approx(4 / 7)
    assert summary["beyond"]["sensitivity_at_1_fp"] == 1.0
    # Four predicted lesions of 0.9, half of them hits.
    assert summary["beyond"]["lesion_ece"] == pytest.approx(0.4, abs=1e-3)
    assert summary["beyond"]["bsi_spearman"] is None  # no map of bones
    assert "froc_score 0.571, sensitivity_at_1_fp 1.000, lesion_ece 0.400, bsi_bias nan" in out


def test_every_table_of_the_run_is_written(make_run, command):
    run = make_run("run")
    command("evaluate", run.path, "--tolerance-mm", 2)

    lesions = run.read_table("lesions")
    assert lesions[["id", "view", "source", "hit"]].to_numpy().tolist() == [
        ["s1", "anterior", "reference", 1],
        ["s1", "posterior", "reference", 1],
        ["s1", "anterior", "prediction", 1],
        ["s1", "posterior", "prediction", 1],
        ["s2", "anterior", "prediction", 0],
        ["s2", "posterior", "prediction", 0],
    ]
    assert run.read_table("scans").metastatic.tolist() == [1, 0]
    half = run.read_table("froc").query("threshold == 0.5")
    assert half[["lesions", "lesions_hit", "false_positives"]].to_numpy().tolist() == [
        [2, 2, 0],
        [0, 0, 2],
    ]
    assert set(run.read_scores().tolerance_mm) == {2.0}


def test_what_each_kind_of_error_costs_is_told_if_asked_for(make_run, command):
    run = make_run("run")
    assert "no false marks" not in command("evaluate", run.path)
    out = command("evaluate", run.path, "--repairs")
    # One scan is marked rightly, one is normal and marked: without that, it is left out.
    assert "| all | 2 | as it is | 0.500" in out
    assert "| all | 2 | no false marks | 1.000" in out


def test_no_word_of_the_report_is_in_any_table(make_run, command):
    run = make_run("run")
    command("evaluate", run.path)
    for table in run.path.glob("*.csv"):
        assert "肋" not in table.read_text()


def test_threshold_hit_rule_and_smallest_lesion_are_options(make_run, command):
    run = make_run("run", probability=0.4)
    command("evaluate", run.path)
    assert run.read_scores().tp.sum() == 0

    command("evaluate", run.path, "--threshold", 0.3, "--hit-rule", "centroid")
    assert run.read_scores().tp.sum() == 2
    assert set(run.read_scores().hit_rule) == {"centroid"}

    command("evaluate", run.path, "--threshold", 0.3, "--smallest-mm2", 100)
    assert run.read_scores().tp.sum() == 0


def test_a_run_is_cut_as_it_was_trained_to_be_unless_something_else_is_asked_for(make_run, command):
    low = make_run("low", probability=0.4, task={"threshold": 0.3})
    command("evaluate", low.path)
    assert (low.read_scores().tp.sum(), set(low.read_scores().threshold)) == (2, {0.3})

    large = make_run("large", smallest_mm2=100)
    command("evaluate", large.path)
    assert (large.read_scores().tp.sum(), set(large.read_scores().smallest_mm2)) == (0, {100})
    command("evaluate", large.path, "--smallest-mm2", 0)
    assert large.read_scores().tp.sum() == 2


def test_a_sweep_is_scored_in_one_go(make_run, command):
    runs = [make_run(f"sweep/{seed}", seed=seed) for seed in range(2)]
    command("evaluate", runs[0].path.parent)
    assert all((run.path / "scores.csv").exists() for run in runs)


def test_a_failed_job_does_not_stop_the_others_and_is_told(make_run, command):
    failed, whole = make_run("sweep/0"), make_run("sweep/1")
    shutil.rmtree(failed.path / "predictions")

    said = command("evaluate", failed.path.parent)

    assert f"{failed.path}/predictions holds no prediction" in said
    assert (whole.path / "scores.csv").exists()


def test_a_store_that_moved_is_named(make_run, store, command, tmp_path):
    run = make_run("run")
    moved = store.path.rename(tmp_path / "moved")
    assert "which is not there. Name --store." in command("evaluate", run.path)
    assert "2 studies" in command("evaluate", run.path, "--store", moved)


def test_scores_of_studies_outside_the_fold_held_out_are_told(make_run, command):
    run = make_run("run", fold=1)
    assert "3 studies are not in the fold held out" in command("evaluate", run.path)


def test_only_undrawn_studies_leave_nothing_to_score(make_run, command):
    run = make_run("run")
    for id in ("s1", "s2"):
        (run.path / "predictions" / f"{id}.safetensors").unlink()
    assert "0 studies of 0 patients" in command("evaluate", run.path)
    assert not len(run.read_scores())


def test_where_reports_and_predictions_disagree_is_kept_without_words_of_the_report(
    make_run, store, command, tmp_path
):
    run = make_run("run")
    assert "judged in none of the studies" in command("evaluate", run.path)  # no map of bones
    kept = json.loads((run.path / "agreement.json").read_text())
    assert (
        kept["studies"]["s1"]["why_not"]
        == "no whole body was found, by which to tell which bone is where"
    )

    study = store["s1"]
    right = np.full(study.counts.shape, BY_NAME["rib_right_5"].label, np.uint8)
    right[:, 0] = BY_NAME["rib_left_5"].label
    shelf = Store.write(tmp_path / "labelled", [replace(study, bones=right)], {"p1": 0})
    about = {"name": "x", "fold": 0, "store": str(shelf.path)}
    run = Run.start(tmp_path / "other", about, {"store_digest": shelf.digest})
    run.write_prediction("s1", study.mask.astype(np.float32))
    said = command("evaluate", run.path)
    # The report names the left rib, and what is drawn lies in the right one.
    assert "1 studies: 2 discrepancies, of which 2 are of the drawing, too" in said
    text = (run.path / "agreement.json").read_text("utf-8")
    assert json.loads(text)["about"]["discrepancies"]["not_named"] == 1
    assert "浓聚" not in text
    assert "转移" not in text
    command("evaluate", run.path, "--levels", 0)
    assert json.loads((run.path / "agreement.json").read_text())["about"]["levels"] == 0
