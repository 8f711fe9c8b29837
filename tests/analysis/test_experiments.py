import pytest

from mmseg_bone.analysis.experiments import collect
from mmseg_bone.errors import RunError

HITS = {"a1": 10, "b1": 5}


def test_folds_of_an_experiment_are_pooled_and_seeds_told_apart(make_run):
    experiments = collect(
        [
            make_run("text_free", {"a1": 10}, seed=0),
            make_run("text_free", {"b1": 5}, seed=0),
            make_run("text_free", HITS, seed=1),
            make_run("text_fused", HITS, seed=0),
        ]
    )
    assert list(experiments.scores) == ["text_free", "text_fused"]
    free = experiments.scores["text_free"]
    assert free[["id", "seed"]].to_numpy().tolist() == [["a1", 0], ["b1", 0], ["a1", 1], ["b1", 1]]
    assert experiments.digest == "store-a"


def test_runs_of_different_stores_are_refused_by_name(make_run):
    own, other = make_run("own", HITS), make_run("other", HITS, store="store-b")
    with pytest.raises(RunError) as error:
        collect([own, other])
    message = str(error.value)
    assert "trained on different stores" in message
    assert f"store store-a: {own.path}" in message
    assert f"store store-b: {other.path}" in message


def test_runs_scored_by_different_hit_rules_are_refused(make_run):
    with pytest.raises(RunError, match="scored with different hit_rule(.|\n)*evaluate"):
        collect([make_run("x", HITS), make_run("y", HITS, hit_rule="overlap")])


def test_the_same_study_twice_under_one_seed_is_refused(make_run):
    with pytest.raises(
        RunError, match=r"both runs of 'x' with seed 0, and both predict 'b1'.*name="
    ):
        collect([make_run("x", HITS), make_run("x", {"b1": 7})])


def test_the_same_run_named_twice_counts_once(make_run):
    run = make_run("x", HITS)
    assert len(collect([run, run]).scores["x"]) == 2


def test_a_run_that_was_not_scored_says_so(make_run):
    run = make_run("x", HITS)
    (run.path / "scores.csv").unlink()
    with pytest.raises(RunError, match="scores.csv is missing .*mmseg-bone evaluate"):
        collect([run])


def test_nothing_to_collect_is_refused():
    with pytest.raises(RunError, match="no run was given"):
        collect([])


def test_different_sets_of_studies_are_told(make_run):
    notes = collect([make_run("x", HITS), make_run("y", {"a1": 3})]).notes
    assert any(note.startswith("x was scored on 2 studies, 1 of which") for note in notes)
    assert not any(note.startswith("y was") for note in notes)


def test_fewer_than_three_seeds_are_called_exploratory(make_run):
    runs = [make_run("x", HITS, seed=seed) for seed in range(3)] + [make_run("y", HITS)]
    assert collect(runs).notes == ["Fewer than 3 seeds, so exploratory: y."]


def test_a_seed_that_is_missing_studies_is_told(make_run):
    notes = collect([make_run("x", HITS), make_run("x", {"a1": 3}, seed=1)]).notes
    assert "x: not every study was predicted with every seed." in notes


def test_different_thresholds_are_told(make_run):
    notes = collect([make_run("x", HITS), make_run("y", HITS, threshold=0.3)]).notes
    assert "Thresholds differ: x 0.5, y 0.3." in notes


def test_a_fold_nobody_drew_on_adds_nothing(make_run):
    empty = make_run("x", HITS)
    empty.write_scores(empty.read_scores()[:0])
    assert len(collect([empty, make_run("x", HITS)]).scores["x"]) == 2
    assert len(collect([empty]).scores["x"]) == 0


def test_the_other_tables_are_pooled_alike(make_run):
    runs = [make_run("x", {"a1": 10}), make_run("x", {"b1": 0}), make_run("x", HITS, seed=1)]
    experiments = collect(runs)
    found = experiments.tables["lesions"]["x"]
    assert found[["id", "source", "seed"]].to_numpy().tolist() == [
        ["a1", "reference", 0],
        ["a1", "prediction", 0],
        ["b1", "reference", 0],
        ["a1", "reference", 1],
        ["b1", "reference", 1],
        ["a1", "prediction", 1],
        ["b1", "prediction", 1],
    ]
    assert [run.seed for run in experiments.runs["x"]] == [0, 0, 1]


def test_an_experiment_of_which_a_run_lacks_a_table_is_left_out_there_and_told(make_run):
    lacking = make_run("x", HITS)
    (lacking.path / "froc.csv").unlink()
    experiments = collect([lacking, make_run("y", HITS)])
    assert list(experiments.scores) == ["x", "y"]
    assert list(experiments.tables["froc"]) == ["y"]
    assert list(experiments.tables["lesions"]) == ["x", "y"]
    assert any("lesions.csv, froc.csv, scans.csv" in n and n.endswith(": x.") for n in
               experiments.notes)  # fmt: skip
