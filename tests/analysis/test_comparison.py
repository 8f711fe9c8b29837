import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.errors import RunError

DICE = (("dice", "patient"),)
QUICK = {"measures": DICE, "resamples": 500}
# Of 10 pixels 10, 5 and 0 found: Dice 1, 2/3, 0.
HITS = {"a1": 10, "b1": 5, "c1": 0}


def only(table):
    (row,) = table.to_dict("records")
    return row


def test_a_score_has_its_interval_and_says_what_it_rests_on(make_run):
    score = only(compare(collect([make_run("x", HITS)]), **QUICK).scores)
    assert score["value"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert score["low"] < score["value"] < score["high"]
    assert (score["patients"], score["units"], score["seeds"]) == (3, 3, 1)
    assert np.isnan(score["sd_between_seeds"])


def test_seeds_are_averaged_and_their_spread_is_told(make_run):
    runs = [make_run("x", {"a1": 10, "b1": 10}), make_run("x", {"a1": 0, "b1": 10}, seed=1)]
    score = only(compare(collect(runs), **QUICK).scores)
    assert score["value"] == pytest.approx(0.75)
    assert score["seeds"] == 2
    assert score["sd_between_seeds"] == pytest.approx(np.std([1.0, 0.5], ddof=1))


def test_a_difference_is_paired(make_run):
    # One model is better by the same 2/3 for every patient, though patients differ widely.
    runs = [make_run("free", {"a1": 5, "b1": 0}), make_run("fused", {"a1": 10, "b1": 5})]
    comparison = compare(collect(runs), measures=(("recall", "patient"),), resamples=500)
    gain = only(comparison.differences)
    assert (gain["experiment"], gain["baseline"]) == ("fused", "free")
    assert [gain["difference"], gain["low"], gain["high"]] == pytest.approx([0.5, 0.5, 0.5])
    assert gain["p"] == pytest.approx(0.5)  # two patients: both signs alike, 2 of 4


def test_a_difference_is_of_the_studies_both_predicted(make_run):
    runs = [make_run("x", {"a1": 5, "b1": 10}), make_run("y", {"b1": 10, "c1": 10})]
    gain = only(compare(collect(runs), **QUICK).differences)
    assert gain["difference"] == 0
    assert gain["patients"] == 1


def test_experiments_that_held_out_other_folds_are_refused(make_run):
    runs = [make_run("x", {"a1": 5}), make_run("y", {"a1": 5}), make_run("z", {"b1": 5})]
    with pytest.raises(RunError) as refused:
        compare(collect(runs), **QUICK)
    told = str(refused.value)
    assert "no study was predicted both by x and by z: they held out other folds" in told
    assert f"  x: {runs[0].path}\n  z: {runs[2].path}\n" in told


def test_one_false_alarm_less_is_told_apart_from_better_outlines(make_run):
    # Of two patients with lesions the first is outlined worse; the false alarm is done without.
    free, read = (
        make_run("free", {"a1": 5, "b1": 10, "c1": 0}),
        make_run("read", {"a1": 4, "b1": 10, "c1": 0}),
    )
    for run, alarm in ((free, 7), (read, 0)):
        scores = run.read_scores()
        normal = scores.id == "c1"
        run.write_scores(
            scores.assign(fn=scores.fn.mask(normal, 0), fp=scores.fp.mask(normal, alarm))
        )
    measures = (("dice", "patient"), ("dice", "patient_pos"))
    table = compare(collect([free, read]), measures=measures, resamples=50).differences
    gain = table.set_index("aggregation").difference
    worse = 8 / 14 - 10 / 15  # Dice of 4 and of 5 pixels of 10
    assert gain["patient_pos"] == pytest.approx(worse / 2)
    assert gain["patient"] == pytest.approx((8 / 14 + 1) / 2 - (10 / 15 + 1 + 0) / 3)
    p = table.set_index("aggregation").p  # ranks: the normal patient's 1 above the other's
    assert p["patient"] == p["patient_pos"] == 1.0


def test_every_aggregation_has_a_difference(make_run):
    runs = [make_run("x", HITS), make_run("y", {"a1": 10, "b1": 10, "c1": 5})]
    table = compare(collect(runs), resamples=50).differences
    difference = table.set_index(["metric", "aggregation"]).difference
    assert difference["dice", "micro"] == pytest.approx(2 * 25 / 55 - 2 * 15 / 45)
    assert difference["dice", "image_pos"] == pytest.approx((1 / 3 + 2 / 3) / 3)
    assert difference["lesion_sensitivity", "lesion"] == pytest.approx(1 / 3)
    assert difference["false_positives", "scan"] == 0


def test_many_scans_of_one_patient_do_not_narrow_the_interval(make_run):
    once = {"a1": 10, "b1": 5, "c1": 0, "d1": 8}
    thrice = {f"{study[0]}{scan}": hit for study, hit in once.items() for scan in (1, 2, 3)}
    measures = (("dice", "micro"), ("dice", "image_pos"), ("dice", "patient"))
    tables = [
        compare(collect([make_run("x", hits)]), measures=measures, resamples=500).scores
        for hits in (once, thrice)
    ]
    columns = ["value", "low", "high"]
    np.testing.assert_allclose(tables[0][columns], tables[1][columns])


def test_the_same_runs_give_the_same_intervals(make_run):
    experiments = collect([make_run("x", HITS), make_run("y", {"a1": 3, "b1": 4, "c1": 5})])
    first, second = (compare(experiments, **QUICK) for _ in range(2))
    pd.testing.assert_frame_equal(first.scores, second.scores)
    pd.testing.assert_frame_equal(first.differences, second.differences)


def test_p_is_corrected_for_the_number_of_experiments(make_run):
    base = {f"{patient}1": 0 for patient in "abcdef"}
    better = {f"{patient}1": 5 + at for at, patient in enumerate("abcde")} | {"f1": 10}
    runs = [make_run("base", base), make_run("x", better), make_run("y", better)]
    table = compare(collect(runs), **QUICK).differences
    assert table.p.tolist() == pytest.approx([2 / 64, 2 / 64])
    assert table.p_holm.tolist() == pytest.approx([4 / 64, 4 / 64])


def test_the_baseline_is_the_first_unless_named(make_run):
    experiments = collect([make_run("x", HITS), make_run("y", HITS)])
    assert compare(experiments, **QUICK).baseline == "x"
    assert only(compare(experiments, baseline="y", **QUICK).differences)["experiment"] == "x"
    with pytest.raises(RunError, match="no experiment is called 'z'; there are x, y"):
        compare(experiments, baseline="z", **QUICK)


def test_one_experiment_has_nothing_to_differ_from(make_run):
    comparison = compare(collect([make_run("x", HITS)]), **QUICK)
    assert not len(comparison.differences)
    assert "p_holm" in comparison.differences


def test_an_experiment_without_a_single_score_is_undefined(make_run):
    empty = make_run("x", HITS)
    empty.write_scores(empty.read_scores()[:0])
    comparison = compare(collect([empty, make_run("y", HITS)]), resamples=10)
    of_empty = comparison.scores[comparison.scores.experiment == "x"]
    assert of_empty.value.isna().all()
    assert comparison.differences.difference.isna().all()


def test_an_interval_with_seeds_beside_that_of_patients(make_run):
    runs = [
        make_run("free", {"a1": 5, "b1": 5}),
        make_run("free", {"a1": 5, "b1": 5}, seed=1),
        make_run("fused", {"a1": 6, "b1": 6}),
        make_run("fused", {"a1": 8, "b1": 8}, seed=1),
    ]
    comparison = compare(collect(runs), measures=(("recall", "patient"),), resamples=500)
    score = comparison.scores.set_index("experiment").loc["fused"]
    assert [score["low"], score["high"]] == pytest.approx([0.7, 0.7])
    assert [score["low_with_seeds"], score["high_with_seeds"]] == pytest.approx([0.6, 0.8])
    gain = only(comparison.differences)
    assert [gain["low"], gain["high"]] == pytest.approx([0.2, 0.2])
    assert [gain["low_with_seeds"], gain["high_with_seeds"]] == pytest.approx([0.1, 0.3])


def test_one_seed_has_no_interval_with_seeds(make_run):
    comparison = compare(collect([make_run("x", HITS), make_run("y", HITS)]), **QUICK)
    assert comparison.scores.low_with_seeds.isna().all()
    assert comparison.differences.high_with_seeds.isna().all()
