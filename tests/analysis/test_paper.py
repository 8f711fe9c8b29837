import pandas as pd
import pytest
from matplotlib.text import Text

from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.evidence import gather
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.paper import best, figures, written

FREE = {"a1": 2, "b1": 6, "c1": 0, "d1": 9}
FUSED = {"a1": 7, "b1": 9, "c1": 3, "d1": 9}


def both(runs, **settings):
    experiments = collect(runs)
    comparison = compare(experiments, resamples=50, **settings)
    return comparison, gather(experiments, baseline=comparison.baseline, resamples=50)


@pytest.fixture(scope="module")
def runs(make_run_once):
    return [make_run_once("free", FREE), make_run_once("fused", FUSED)]


@pytest.fixture(scope="module")
def made(runs):
    return both(runs)


@pytest.fixture(scope="module")
def drawn(made):
    return figures(*made)


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_every_question_has_its_table(made):
    texts = written(*made)
    for name in ("froc", "ece", "reliability", "strata", "burden", "auc", "decision"):
        assert f"{name}.csv" in texts
    page = texts["comparison.md"]
    for head in ("# Comparison", "## Lesions found", "## Calibration", "## Burden",
                 "## Any metastasis", "## Strata"):  # fmt: skip
        assert page.count(f"{head}") == 1
    # 3 of 4 found at the lower threshold, with a false positive in every scan.
    assert "| free | 0.250" in page
    assert "| primary: lung (2) | " in page
    assert "| size: < 30 px (1) | " in page


def test_every_question_has_its_figure(drawn):
    assert list(drawn) == ["forest", "froc", "reliability", "strata", "burden", "decision"]
    for figure in drawn.values():
        said = words(figure)
        assert "fused" in " ".join(said)
        assert not [text for text in said if "nan" in text]


def test_a_figure_says_what_its_axes_are(drawn):
    assert "fused minus free (95% interval over patients)" in words(drawn["forest"])
    assert "false positives per scan, at most" in words(drawn["froc"])
    assert "probability of the predicted lesion" in words(drawn["reliability"])
    assert "net benefit (true positives per patient)" in words(drawn["decision"])


def test_what_the_runs_do_not_hold_is_left_out(make_run):
    run = make_run("free", FREE)
    for table in ("lesions", "froc", "scans"):
        (run.path / f"{table}.csv").unlink()
    comparison, evidence = both([run])
    assert list(figures(comparison, evidence)) == ["strata"]
    texts = written(comparison, evidence)
    assert "## Lesions found" not in texts["comparison.md"]
    assert "Left out of what needs more than scores" in texts["comparison.md"]


def test_normal_scans_only_have_no_curve_to_draw_and_do_no_harm(make_run):
    runs = [make_run(name, {"c1": 0, "c2": 0}) for name in ("free", "fused")]
    for run in runs:
        lesions = run.read_table("lesions")
        run.write_table("lesions", lesions[:0])
        run.write_table("froc", run.read_table("froc").assign(lesions=0, lesions_hit=0))
        run.write_scores(run.read_scores().assign(fn=0, lesions=0, surface_dice=None))
    drawn = figures(*both(runs))
    assert list(drawn) == ["forest", "burden"]  # false alarms differ, or do not


def test_a_run_whose_scans_nobody_drew_on_does_no_harm(make_run):
    empty, full = make_run("free", FREE), make_run("fused", FUSED)
    for table in ("scores", "lesions", "froc", "scans"):
        empty.write_table(table, empty.read_table(table)[:0])
    comparison, evidence = both([empty, full])
    assert list(figures(comparison, evidence)) == [
        "froc", "reliability", "strata", "burden", "decision",
    ]  # fmt: skip
    assert "| free | 0 | 0 |  | undefined" in written(comparison, evidence)["comparison.md"]


def test_the_best_experiment_is_not_the_baseline_unless_that_is_alone(made, make_run):
    assert best(made[0]) == "fused"
    alone, _ = both([make_run("free", FREE)])
    assert best(alone) == "free"


def test_the_same_runs_give_the_same_bytes(runs, made):
    assert written(*both(runs)) == written(*made)


def test_tables_name_the_experiment_in_every_row(made):
    for name, table in made[1].tables().items():
        assert isinstance(table, pd.DataFrame)
        assert table.experiment.notna().all(), name
