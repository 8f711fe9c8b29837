import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.seeds import SeedBootstrap
from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import PatientBootstrap, Summed

PATIENTS = PatientBootstrap(resamples=4000)
WITH_SEEDS = SeedBootstrap(PATIENTS)


def mean_of(values):
    values = pd.Series(values, dtype=float)
    return Summed(pd.DataFrame({"sum": values, "count": 1.0}), mean_of_sums, len(values))


def alike(value, patients="abc"):
    return mean_of(dict.fromkeys(patients, value))


def test_seeds_that_differ_make_an_interval_where_patients_do_not():
    # Every patient alike: of two seeds a draw has one twice, one of each, or the other twice.
    found = WITH_SEEDS.score({0: alike(0.2), 1: alike(0.6)})
    assert found == pytest.approx((0.4, 0.2, 0.6))


def test_seeds_that_agree_add_nothing_to_the_interval_of_patients():
    one = mean_of({name: at / 30 for at, name in enumerate("abcdefghijklmnopqrst")})
    assert WITH_SEEDS.score({0: one, 1: one, 2: one}) == pytest.approx(PATIENTS.score(one))


def test_variances_of_seeds_and_of_patients_add_up():
    rng = np.random.default_rng(0)
    patient, seed = rng.normal(size=50), rng.normal(size=8)
    by_seed = {
        at: mean_of({f"p{i:02}": shift + own for i, own in enumerate(patient)})
        for at, shift in enumerate(seed)
    }
    expected = 2 * 1.96 * np.sqrt(patient.var() / 50 + seed.var() / 8)
    value, low, high = WITH_SEEDS.score(by_seed)
    assert value == pytest.approx(patient.mean() + seed.mean())
    assert high - low == pytest.approx(expected, rel=0.06)


def test_one_seed_has_no_such_interval():
    assert np.isnan(WITH_SEEDS.score({0: alike(0.5)})).all()
    assert np.isnan(WITH_SEEDS.difference({0: alike(0.5)}, {0: alike(0.5), 1: alike(0.5)})).all()


def test_the_same_seeds_are_drawn_together():
    # Each seed is good or bad for both by as much: the gain is the same for every pair.
    low, high = {0: alike(0.1), 1: alike(0.5)}, {0: alike(0.3), 1: alike(0.7)}
    assert WITH_SEEDS.difference(high, low) == pytest.approx((0.2, 0.2, 0.2))


def test_other_seeds_are_drawn_apart():
    low, high = {0: alike(0.1), 1: alike(0.5)}, {2: alike(0.3), 3: alike(0.7)}
    assert WITH_SEEDS.difference(high, low) == pytest.approx((0.2, -0.2, 0.6))


def test_a_patient_whom_one_seed_did_not_predict_is_as_for_the_others():
    found = WITH_SEEDS.score({0: mean_of({"a": 0.2, "b": 0.4}), 1: mean_of({"a": 0.6})})
    assert found.value == pytest.approx((0.4 + 0.4) / 2)


def test_a_ratio_is_of_sums_over_the_seeds_drawn():
    def lesions(hit, of):
        return Summed(pd.DataFrame({"hit": hit, "of": of}, ["a", "b"]), mean_of_sums, of)

    # 1 of 2 and 3 of 6: half of them, by whichever seed; the mean of 4/8.
    assert WITH_SEEDS.score({0: lesions(1, 2), 1: lesions(3, 6)}) == pytest.approx((0.5, 0.5, 0.5))


def test_the_same_scores_give_the_same_interval():
    by_seed = {0: mean_of({"a": 0.1, "b": 0.5}), 1: mean_of({"a": 0.3, "b": 0.2})}
    again = SeedBootstrap(PatientBootstrap(resamples=4000))
    assert WITH_SEEDS.score(by_seed) == again.score(by_seed)


@pytest.mark.parametrize("patients", ["", "a"])
def test_fewer_than_two_patients_cannot_be_drawn_from(patients):
    by_seed = {seed: alike(0.5, patients) for seed in (0, 1)}
    assert np.isnan(WITH_SEEDS.score(by_seed)).all()
    assert np.isnan(WITH_SEEDS.difference(by_seed, by_seed)).all()
