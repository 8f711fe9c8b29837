import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.detection import ece_table, froc_points, froc_table, reliability_table
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.sums import PatientBootstrap

QUICK = PatientBootstrap(resamples=200)
# At threshold 0.8 one of two lesions is found without a false alarm, at 0.2 both with one each.
HITS = {"a1": 9, "b1": 3}


@pytest.fixture
def tables(make_run):
    runs = [make_run("free", HITS), make_run("fused", {"a1": 9, "b1": 8})]
    return collect(runs).tables


def test_the_curve_is_pooled_over_lesions_and_counted_per_scan(tables):
    points = froc_points(tables["froc"])
    assert points.to_numpy().tolist() == [
        ["free", 0.2, 1.0, 1.0],
        ["free", 0.8, 0.5, 0.0],
        ["fused", 0.2, 1.0, 1.0],
        ["fused", 0.8, 1.0, 0.0],
    ]


def test_sensitivity_at_a_rate_and_the_score_by_hand(tables):
    table = froc_table(tables["froc"], baseline="free", interval=QUICK)
    table = table.set_index(["experiment", "at"])
    assert table.value["free", "0.5"] == 0.5
    assert table.value["free", "1"] == 1.0
    assert table.value["free", "score"] == pytest.approx((3 * 0.5 + 4 * 1.0) / 7)
    assert table.difference["fused", "score"] == pytest.approx(3 * 0.5 / 7)
    assert np.isnan(table.difference["free", "score"])
    # Patient a gains nothing, patient b one lesion: draws range from none to all of it.
    assert table.difference_low["fused", "0.5"] == 0.0
    assert table.difference_high["fused", "0.5"] == 1.0
    assert (table.patients["free", "1"], table.units["free", "1"]) == (2, 2)


def test_seeds_are_averaged_at_each_threshold(make_run):
    tables = collect([make_run("x", HITS), make_run("x", {"a1": 9, "b1": 9}, seed=1)]).tables
    points = froc_points(tables["froc"]).set_index("threshold")
    assert points.sensitivity[0.8] == 0.75
    assert points.false_positives[0.2] == 1.0


def test_normal_scans_have_false_alarms_and_no_sensitivity(tables):
    quiet = tables["froc"]["free"].assign(lesions=0, lesions_hit=0)
    points = froc_points({"x": quiet})
    assert points.false_positives.tolist() == [1.0, 0.0]
    assert points.sensitivity.isna().all()
    assert froc_table({"x": quiet}, baseline="x", interval=QUICK).value.isna().all()


def predicted(*lesions):
    names = ["id", "patient", "source", "mean_probability", "hit"]
    return pd.DataFrame([(f"{p}1", p, "prediction", *rest) for p, *rest in lesions], columns=names)


def test_reliability_by_hand():
    lesions = predicted(("a", 0.62, 1), ("a", 0.68, 0), ("b", 0.91, 1), ("b", 0.99, 1))
    table = reliability_table({"x": lesions}, interval=QUICK)
    assert table[["from", "to", "predictions"]].to_numpy().tolist() == [[0.6, 0.7, 2], [0.9, 1, 2]]
    assert table.observed.tolist() == [0.5, 1.0]
    assert table.predicted.tolist() == pytest.approx([0.65, 0.95])
    (ece,) = ece_table({"x": lesions}, interval=QUICK).to_dict("records")
    assert ece["value"] == pytest.approx(0.1)  # (2 x 0.15 + 2 x 0.05) / 4
    assert (ece["low"], ece["high"]) == pytest.approx((0.05, 0.15))  # all of b, all of a
    assert (ece["patients"], ece["units"]) == (2, 4)


def test_drawn_lesions_are_no_predictions():
    drawn = predicted(("a", 0.62, 0)).assign(source="reference")
    both = pd.concat([drawn, predicted(("b", 0.95, 1))])
    assert reliability_table({"x": both}, interval=QUICK).predictions.tolist() == [1]
    (ece,) = ece_table({"x": drawn}, interval=QUICK).to_dict("records")
    assert np.isnan(ece["value"])
    assert not len(reliability_table({"x": drawn}, interval=QUICK))


def test_no_experiment_has_empty_tables():
    assert not len(froc_points({}))
    assert not len(froc_table({}, baseline="x", interval=QUICK))
    assert not len(ece_table({}, interval=QUICK))
