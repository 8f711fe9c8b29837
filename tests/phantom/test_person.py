from collections import Counter

import numpy as np
import pytest

from mmseg_bone.phantom.person import STATURE_CM, Population, sample_person


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    return [sample_person(rng) for _ in range(2000)]


def test_the_primary_decides_the_sex_and_the_cohort_its_share_of_men(people):
    assert all(p.sex == "male" for p in people if p.primary == "prostate")
    breast = [p.sex for p in people if p.primary == "breast"]
    assert Counter(breast)["female"] > 0.97 * len(breast)
    assert np.mean([p.sex == "male" for p in people]) == pytest.approx(0.55, abs=0.03)


def test_primaries_have_their_shares(people):
    share = Counter(p.primary for p in people)
    for name, expected in Population().primaries.items():
        assert share[name] / len(people) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("sex", ["male", "female"])
def test_stature_is_that_of_hong_kong_adults(people, sex):
    heights = [p.height_cm for p in people if p.sex == sex]
    mean, spread = STATURE_CM[sex]
    assert np.mean(heights) == pytest.approx(mean, abs=0.6)
    assert np.std(heights) == pytest.approx(spread, abs=0.5)


def test_age_and_bmi_keep_to_their_limits(people):
    ages = [p.age for p in people]
    assert (min(ages), max(ages)) == (35, 85)
    bmi = [p.bmi for p in people]
    assert np.mean(bmi) == pytest.approx(23.5, abs=0.3)
    assert min(bmi) >= 16
    assert max(bmi) <= 36


def test_a_population_of_one_primary_is_possible():
    rng = np.random.default_rng(0)
    only = Population(primaries={"prostate": 1.0}, age=(70, 70))
    person = sample_person(rng, only)
    assert (person.sex, person.primary, person.age) == ("male", "prostate", 70)
