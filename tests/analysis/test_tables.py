import pandas as pd
import pytest

from mmseg_bone.analysis.aggregation import summarise
from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.tables import files, latex, markdown, summary_table


@pytest.fixture(scope="module")
def comparison(make_run_once):
    free = make_run_once("text_free", {"a1": 5, "b1": 5})
    fused = make_run_once("text_fused", {"a1": 10, "b1": 10})
    return compare(collect([free, fused]), resamples=100)


def test_the_table_names_the_aggregation_and_holds_intervals_and_differences(comparison):
    text = markdown(comparison)
    assert "| experiment | seeds | patients | SD of seeds | Dice (= F1), patient | " in text
    assert " | Dice (= F1), patient_pos | Dice (= F1), micro | " in text
    assert "| text_free | 1 | 2 |  | 0.667 [0.667, 0.667] |" in text
    assert "| text_fused | 1 | 2 |  | 1.000 [1.000, 1.000] |" in text
    assert "| minus text_free | Dice (= F1), patient |" in text
    assert "| text_fused | +0.333 [+0.333, +0.333] |" in text
    assert "| 0.500 |" in text  # p of two patients
    assert "| SD of seeds | surface Dice, image_pos | Hausdorff 95 (mm), image_pos |" in text
    assert "Brackets hold 95% intervals from a bootstrap over patients" in text
    assert "Fewer than 3 seeds, so exploratory: text_free, text_fused." in text


def test_one_experiment_has_no_table_of_differences(make_run):
    alone = compare(collect([make_run("x", {"a1": 5})]), resamples=10)
    assert "Differences" not in markdown(alone)
    assert "| x | 1 | 1 |  | 0.667 |" in markdown(alone)  # one patient: no interval
    assert "differences.tex" not in files(alone)


def test_what_a_mean_leaves_out_is_told(make_run):
    quiet = compare(collect([make_run("x", {"a1": 0, "b1": 5})]), resamples=10)
    assert "- precision (= CPA), patient: undefined, and left out, for patients: x 1 of 2." in (
        markdown(quiet)
    )


def test_how_far_seeds_are_apart_is_in_the_table(make_run):
    runs = [make_run("x", {"a1": 10, "b1": 10}), make_run("x", {"a1": 0, "b1": 10}, seed=1)]
    assert "| x | 2 | 2 | 0.354 | 0.750 [" in markdown(compare(collect(runs), resamples=10))


def test_every_measure_is_in_the_csv(comparison):
    made = files(comparison)
    assert list(made) == [
        "comparison.md",
        "scores.csv",
        "differences.csv",
        "scores.tex",
        "differences.tex",
    ]
    assert len(made["scores.csv"].splitlines()) == 1 + 2 * (8 * 5 + 2 + 3)
    assert len(made["differences.csv"].splitlines()) == 1 + 8 * 5 + 2 + 3


def test_latex_is_a_tabular_with_names_escaped():
    assert latex(pd.DataFrame({"experiment": ["text_free"], "gain (%)": ["1"]})) == (
        "\\begin{tabular}{lr}\n\\toprule\nexperiment & gain (\\%) \\\\\n\\midrule\n"
        "text\\_free & 1 \\\\\n\\bottomrule\n\\end{tabular}\n"
    )


def test_the_summary_of_a_run_is_metrics_by_aggregation(make_run):
    scores = make_run("x", {"a1": 0, "b1": 5}).read_scores()
    lines = summary_table(summarise(scores)).splitlines()
    assert (
        lines[0]
        == "| metric | micro | image_pos | image_all | patient | patient_pos | lesion | scan |"
    )
    assert lines[2] == "| Dice (= F1) | 0.400 | 0.333 | 0.333 | 0.333 | 0.333 |  |  |"
    assert lines[-1] == "| false positives |  |  |  |  |  |  | 0.000 |"


def test_an_undefined_score_is_called_undefined(make_run):
    scores = make_run("x", {"a1": 0}).read_scores()
    assert "| precision (= CPA) | undefined |" in summary_table(summarise(scores))
