import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.figures.curves import burden, decision, froc, reliability
from mmseg_bone.metrics.froc import RATES


def test_the_froc_steps_up_where_a_threshold_allows_more_and_never_down():
    points = pd.DataFrame(
        {
            "experiment": "x",
            "threshold": [0.1, 0.3, 0.5, 0.7],
            "sensitivity": [0.7, 0.8, 0.6, 0.2],  # parts merge at 0.1
            "false_positives": [6.0, 1.5, 0.5, 0.0],
        }
    )
    values = [0.2, 0.2, 0.6, 0.6, 0.8, 0.8, 0.8, 0.57]
    table = pd.DataFrame(
        {"experiment": "x", "at": [*(f"{r:g}" for r in RATES), "score"], "value": values,
         "low": 0.1, "high": 0.9}
    )  # fmt: skip
    (ax,) = froc(points, table).axes
    curve, dots, *_ = ax.lines
    assert curve.get_drawstyle() == "steps-post"
    np.testing.assert_allclose(curve.get_xdata(), [0.001, 0.5, 1.5, 6, 16])
    np.testing.assert_allclose(curve.get_ydata(), [0.2, 0.6, 0.8, 0.8, 0.8])
    np.testing.assert_allclose(dots.get_xdata().astype(float), RATES)
    np.testing.assert_allclose(dots.get_ydata().astype(float), values[:-1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["x (score 0.570)"]


def test_reliability_stands_against_the_diagonal_and_over_its_numbers():
    table = pd.DataFrame(
        {"experiment": "x", "from": [0.5, 0.9], "to": [0.6, 1.0], "predictions": [3, 7],
         "observed": [0.4, 1.0], "low": [0.1, np.nan], "high": [0.7, np.nan],
         "predicted": [0.55, 0.97]}
    )  # fmt: skip
    figure = reliability(table, pd.DataFrame({"experiment": ["x"], "value": [0.066]}))
    above, below = figure.axes
    diagonal, dots = above.lines[:2]
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(dots.get_xydata(), [[0.55, 0.4], [0.97, 1.0]])
    assert [bar.get_height() for bar in below.patches] == [3, 7]
    assert above.get_legend().get_texts()[0].get_text() == "x (ECE 0.066)"


def test_burden_shows_each_study_and_bias_with_its_limits():
    points = pd.DataFrame({"experiment": "x", "reference": [1.0, 3.0, 5.0],
                           "predicted": [2.0, 3.0, 7.0]})  # fmt: skip
    against, apart = burden(points).axes
    np.testing.assert_allclose(against.lines[1].get_xydata(), [[1, 2], [3, 3], [5, 7]])
    np.testing.assert_allclose(apart.lines[1].get_xydata(), [[1.5, 1], [3, 0], [6, 2]])
    levels = [line.get_ydata()[0] for line in apart.lines[2:]]
    assert levels == pytest.approx([1.0, 1.0 - 1.96, 1.0 + 1.96])


def test_normal_scans_only_have_a_burden_of_nothing_to_draw():
    points = pd.DataFrame({"experiment": "x", "reference": [0.0], "predicted": [0.0]})
    against, _ = burden(points).axes
    assert against.get_xlim()[1] > 0


def test_a_decision_curve_stands_against_acting_on_all_and_on_none():
    table = pd.DataFrame({"experiment": "x", "threshold": [0.2, 0.5], "net_benefit": [0.4, 0.3],
                          "treat_all": [0.35, 0.0]})  # fmt: skip
    (ax,) = decision(table).axes
    none, everyone, model = ax.lines
    assert set(none.get_ydata()) == {0}
    np.testing.assert_allclose(everyone.get_xydata(), [[0.2, 0.35], [0.5, 0.0]])
    np.testing.assert_allclose(model.get_xydata(), [[0.2, 0.4], [0.5, 0.3]])
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == ["x", "act on all", "act on none"]
