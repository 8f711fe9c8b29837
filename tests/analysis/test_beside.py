import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.beside import by_seed, on_common, set_beside
from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import PatientBootstrap, Summed

QUICK = PatientBootstrap(resamples=300)


def table(values, **columns):
    """One scan per patient."""
    told = {"id": [f"{p}1" for p in values], "patient": list(values), "x": list(values.values())}
    return pd.DataFrame(told | columns)


def summed_of(table):
    """The mean over patients, of the mean over their rows."""
    sums = pd.DataFrame({"sum": table.groupby("patient").x.mean(), "count": 1.0})
    return Summed(sums, mean_of_sums, len(sums))


def test_experiments_are_set_beside_the_baseline_on_what_both_have():
    tables = {"free": table({"a": 1, "b": 0}), "fused": table({"b": 1, "c": 1})}
    free, fused = set_beside(tables, summed_of, baseline="free", interval=QUICK)
    assert (free["experiment"], free["value"], free["patients"]) == ("free", 0.5, 2)
    assert np.isnan(free["difference"])
    assert (fused["value"], fused["difference"]) == (1.0, 1.0)  # of b only


def test_without_the_baseline_there_is_no_difference():
    (row,) = set_beside({"x": table({"a": 1})}, summed_of, baseline="y", interval=QUICK)
    assert row["value"] == 1.0
    assert np.isnan([row["difference"], row["difference_low"], row["difference_high"]]).all()


def test_common_rows_are_those_whose_every_key_is_in_both():
    a = pd.DataFrame({"id": ["1", "1", "2"], "view": ["front", "back", "front"], "x": [1, 2, 3]})
    b = pd.DataFrame({"id": ["1", "2"], "view": ["back", "back"], "x": [4, 5]})
    of_a, of_b = on_common(a, b, ["id", "view"])
    assert (of_a.x.tolist(), of_b.x.tolist()) == ([2], [4])


def test_seeds_that_differ_are_in_the_intervals_with_seeds_alone():
    # Patients alike, the two seeds of each experiment 0.4 apart, and those of one number in step.
    free, fused = (
        pd.concat([table({"a": x, "b": x}, seed=seed) for seed, x in enumerate(of_seed)])
        for of_seed in ((0.2, 0.6), (0.3, 0.7))
    )
    first, second = set_beside(
        {"free": free, "fused": fused}, summed_of, baseline="free", interval=QUICK
    )
    assert [first[key] for key in ("value", "low", "high")] == pytest.approx([0.4] * 3)
    assert (first["low_with_seeds"], first["high_with_seeds"]) == pytest.approx((0.2, 0.6))
    gap = [second[f"difference{of}"] for of in ("", "_low_with_seeds", "_high_with_seeds")]
    assert gap == pytest.approx([0.1] * 3)


def test_a_single_seed_has_no_interval_with_seeds():
    one = table({"a": 0.2, "b": 0.4}, seed=0)
    for row in set_beside({"x": one, "y": one}, summed_of, baseline="x", interval=QUICK):
        assert not np.isnan(row["low"])
        assert np.isnan([row["low_with_seeds"], row["difference_low_with_seeds"]]).all()


def test_a_table_that_tells_no_seeds_apart_has_none():
    assert by_seed(table({"a": 1}), summed_of) == {}
