import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.burden import burden_points, burden_table
from mmseg_bone.analysis.experiments import collect


def test_seeds_are_averaged_before_burden_is_compared(make_run):
    runs = [make_run("x", {"a1": 10, "b1": 6}), make_run("x", {"a1": 10, "b1": 8}, seed=1)]
    points = burden_points(collect(runs).tables["scans"])
    assert points[["id", "predicted", "reference"]].to_numpy().tolist() == [
        ["a1", 10.0, 10.0],
        ["b1", 7.0, 11.0],
    ]
    (row,) = burden_table(points).to_dict("records")
    assert (row["experiment"], row["against"], row["studies"]) == ("x", "reference mask", 2)
    assert row["bias"] == pytest.approx(-2.0)  # of differences 0 and -4
    assert row["limit_high"] - row["bias"] == pytest.approx(1.96 * 8**0.5)
    assert row["spearman"] == pytest.approx(-1.0)


def points(predicted, reference, true=None):
    names = [f"p{at}" for at in range(len(predicted))]
    table = pd.DataFrame({"id": names, "patient": names, "predicted": predicted})
    return table.assign(reference=reference, true=true or np.nan, experiment="x")


def test_the_truth_of_the_phantom_is_another_row():
    table = burden_table(points([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [2.0, 3.0, 5.0]))
    assert table.against.tolist() == ["reference mask", "phantom's volume"]
    assert table.bias.tolist() == pytest.approx([0.0, -4 / 3])
    assert table.spearman.tolist() == [1.0, 1.0]


def test_the_interval_of_the_correlation_is_around_it_and_reproducible():
    rng = np.random.default_rng(0)
    true = rng.exponential(3.0, 60)
    found = points(true + rng.normal(0, 1, 60), true)
    first, second = burden_table(found), burden_table(found)
    pd.testing.assert_frame_equal(first, second)
    (row,) = first.to_dict("records")
    assert 0.5 < row["spearman_low"] < row["spearman"] < row["spearman_high"] <= 1.0


def test_normal_scans_are_counted_apart():
    (row,) = burden_table(points([0.0, 0.0, 2.0], [0.0, 0.0, 2.0])).to_dict("records")
    assert (row["studies"], row["metastatic"]) == (3, 1)


def test_one_patient_has_a_bias_and_no_more():
    (row,) = burden_table(points([1.0], [2.0])).to_dict("records")
    assert row["bias"] == -1.0
    assert np.isnan([row["limit_low"], row["spearman"], row["spearman_low"]]).all()


def test_studies_without_a_bones_map_are_left_out(make_run):
    scans = collect([make_run("x", {"a1": 5, "b1": 6})]).tables["scans"]["x"]
    scans.loc[0, ["bsi_predicted", "bsi_reference"]] = np.nan
    assert burden_points({"x": scans}).id.tolist() == ["b1"]
    assert not len(burden_table(burden_points({"x": scans[:0]})))
    assert not len(burden_table(burden_points({})))
