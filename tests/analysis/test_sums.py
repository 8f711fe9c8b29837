import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import PatientBootstrap, Summed

QUICK = PatientBootstrap(resamples=300)


def mean_of(values):
    """The mean of one value per patient, as sums."""
    sums = pd.DataFrame({"sum": values, "count": 1.0})
    return Summed(sums, mean_of_sums, len(values))


def test_a_score_that_does_not_vary_has_no_width():
    assert QUICK.score(mean_of(pd.Series({"a": 0.5, "b": 0.5}))) == pytest.approx((0.5, 0.5, 0.5))


def test_a_difference_is_of_the_same_patients_in_every_draw():
    low, high = pd.Series({"a": 0.1, "b": 0.9}), pd.Series({"a": 0.3, "b": 1.1})
    assert QUICK.difference(mean_of(high), mean_of(low)) == pytest.approx((0.2, 0.2, 0.2))
    # Even if they come in another order.
    assert QUICK.difference(mean_of(high[::-1]), mean_of(low)) == pytest.approx((0.2, 0.2, 0.2))


def test_no_patient_has_no_score():
    assert np.isnan(QUICK.score(mean_of(pd.Series({}, dtype=float)))).all()
