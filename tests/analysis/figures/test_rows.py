import numpy as np
import pytest
from matplotlib.colors import to_hex

from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.figures.rows import MEASURES, forest, strata
from mmseg_bone.analysis.figures.style import colours, empty_figure, legend, legend_below
from mmseg_bone.analysis.strata import strata_table
from mmseg_bone.analysis.sums import PatientBootstrap

FREE = {"a1": 2, "b1": 6, "c1": 0, "d1": 9}
FUSED = {"a1": 7, "b1": 9, "c1": 3, "d1": 9}


@pytest.fixture(scope="module")
def experiments(make_run_once):
    named = {"free": FREE, "fused": FUSED, "cgan": FUSED}
    return collect([make_run_once(name, hits) for name, hits in named.items()])


@pytest.fixture(scope="module")
def comparison(experiments):
    return compare(experiments, measures=MEASURES, resamples=50)


def drawn(ax):
    """Where each point is, by the label of its row and the colour of its experiment."""
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    return {
        (names[round(float(line.get_ydata()[0]))], to_hex(line.get_color())): float(
            line.get_xdata()[0]
        )
        for line in ax.lines
        if line.get_marker() not in (None, "None", "")
    }


def test_the_forest_shows_each_difference_in_its_row(comparison):
    gains, costs = forest(comparison).axes
    table = comparison.differences.set_index(["experiment", "metric", "aggregation"])
    names = [tick.get_text() for tick in gains.get_yticklabels()]
    assert names[:4] == ["Dice (= F1), patient", "fused", "cgan", "Dice (= F1), patient_pos"]
    first = next(line for line in gains.lines if line.get_marker() == "s")
    expected = table.difference["fused", "dice", "patient"]
    assert first.get_xdata()[0] == pytest.approx(expected)
    assert any(text.get_text().startswith(f"{expected:+.3f} [") for text in gains.texts)
    assert costs.get_yticklabels()[0].get_text() == "false positives, scan"


def test_the_line_of_no_difference_is_in_the_middle(comparison):
    for ax in forest(comparison).axes:
        left, right = ax.get_xlim()
        assert left == -right


def test_one_experiment_beside_the_baseline_needs_no_headings(make_run):
    runs = [make_run("free", FREE), make_run("fused", FUSED)]
    gains, _ = forest(compare(collect(runs), measures=MEASURES, resamples=50)).axes
    assert [t.get_text() for t in gains.get_yticklabels()][:2] == [
        "Dice (= F1), patient",
        "Dice (= F1), patient_pos",
    ]


def test_strata_stand_under_their_heading_each_experiment_in_its_colour(experiments):
    table = strata_table(
        experiments.scores,
        experiments.tables["lesions"],
        baseline="free",
        interval=PatientBootstrap(resamples=20),
    )
    scans, lesions = strata(table).axes
    assert (scans.get_title(loc="left"), lesions.get_title(loc="left")) == (
        "Dice, patient",
        "lesion sensitivity",
    )
    names = [tick.get_text() for tick in scans.get_yticklabels()]
    assert names == ["primary", "breast (2)", "lung (2)", "pool", "clear (3)", "ambiguous (1)"]
    colour = colours(["free", "fused", "cgan"])
    found = drawn(scans)
    assert found["ambiguous (1)", to_hex(colour["free"])] == pytest.approx(2 * 2 / 12)
    assert found["ambiguous (1)", to_hex(colour["fused"])] == pytest.approx(2 * 7 / 17)


def test_an_undefined_score_is_not_drawn_and_no_error(make_run):
    runs = [make_run("free", {"a1": 0}), make_run("fused", {"a1": 5})]
    comparison = compare(collect(runs), measures=MEASURES, resamples=5)
    gains, _ = forest(comparison).axes
    assert np.isfinite(gains.get_xlim()).all()
    assert "undefined" in [text.get_text() for text in gains.texts]  # precision of nothing


def test_long_names_stay_on_the_page():
    for count, longest in ((4, 1), (4, 45), (7, 20), (2, 90)):
        figure = empty_figure(8.0, 3.0)
        legend_below(figure, legend([f"{i}" * longest for i in range(count)]))
        (named,) = figure.legends
        assert len(named.get_texts()) == count
        assert named.get_window_extent().width <= figure.bbox.width
    assert named._ncols == 1
