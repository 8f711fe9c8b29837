import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import PatientBootstrap, Summed, on_common, set_beside

QUICK = PatientBootstrap(resamples=300)


def mean_of(values):
    """The mean of one value per patient, as sums."""
    sums = pd.DataFrame({"sum": values, "count": 1.0})
    return Summed(sums, mean_of_sums, len(values))


def table(values):
    return pd.DataFrame(
        {"id": [f"{p}1" for p in values], "patient": list(values), "x": list(values.values())}
    )


def summed_of(table):
    return mean_of(table.set_index("patient").x.astype(float))


def test_a_score_that_does_not_vary_has_no_width():
    assert QUICK.score(mean_of(pd.Series({"a": 0.5, "b": 0.5}))) == pytest.approx((0.5, 0.5, 0.5))


def test_a_difference_is_of_the_same_patients_in_every_draw():
    low, high = pd.Series({"a": 0.1, "b": 0.9}), pd.Series({"a": 0.3, "b": 1.1})
    assert QUICK.difference(mean_of(high), mean_of(low)) == pytest.approx((0.2, 0.2, 0.2))
    # Even if they come in another order.
    assert QUICK.difference(mean_of(high[::-1]), mean_of(low)) == pytest.approx((0.2, 0.2, 0.2))


def test_no_patient_has_no_score():
    assert np.isnan(QUICK.score(mean_of(pd.Series({}, dtype=float)))).all()


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
