from collections import Counter

import numpy as np
import pytest
from scipy.stats import ks_2samp

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.pathology.cohort import COUNT_RANGES, Cohort
from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.pathology.sites import (
    SITE_SHARES,
    Occupied,
    metastasis_place,
    neighbours,
    rib_part,
    vertebra_at,
)
from mmseg_bone.phantom.person import Population

N = 2000


@pytest.fixture(scope="module")
def plans():
    return [sample_plan(np.random.default_rng(seed)) for seed in range(N)]


@pytest.fixture(scope="module")
def ambiguous(plans):
    return [f for p in plans for f in p.foci if f.ambiguous]


def clear(plan):
    return [f for f in plan.foci if f.metastatic and not f.ambiguous]


def site(focus):
    region = BY_NAME[focus.bone].region
    if region == "shoulder":
        return "scapula" if "scapula" in focus.bone else "clavicle"
    return "skull" if region == "head" else region


def test_the_same_seed_plans_the_same_patient(plans):
    assert sample_plan(np.random.default_rng(7)) == plans[7]
    assert plans[7] != plans[8]


def test_status_and_counts_have_their_shares(plans):
    status = Counter(p.notes["status"] for p in plans)
    for name, share in Cohort().status.items():
        assert status[name] / N == pytest.approx(share, abs=0.035)
    strata = Counter(p.notes["stratum"] for p in plans if "stratum" in p.notes)
    for name, share in Cohort().counts.items():
        assert strata[name] / strata.total() == pytest.approx(share, abs=0.04)


def test_metastases_are_as_many_as_their_stratum_says(plans):
    for plan in plans:
        low, high = COUNT_RANGES.get(plan.notes.get("stratum", ""), (0, 0))
        assert low <= len(clear(plan)) <= high
        if plan.notes["status"] == "normal":
            assert not any(f.metastatic or f.ambiguous for f in plan.foci)
        if plan.superscan:
            assert not plan.joints


@pytest.mark.parametrize("primary", ["prostate", "breast", "lung", "kidney", "thyroid"])
def test_each_primary_goes_to_its_sites(primary):
    assert sum(SITE_SHARES[primary].values()) == pytest.approx(1)
    cohort = Cohort(
        population=Population(primaries={primary: 1.0}),
        status={"metastatic": 1.0},
        counts={"2-5": 1.0},
        mimics={},
        joints={},
    )
    found = Counter(
        site(f)
        for seed in range(450)
        for f in clear(sample_plan(np.random.default_rng(seed), cohort))
    )
    for name, share in SITE_SHARES[primary].items():
        assert found[name] / found.total() == pytest.approx(share, abs=0.03), name


def test_metastases_have_the_published_uptake_and_size(plans):
    hot = [f for p in plans if not p.superscan for f in clear(p) if f.ratio > 1]
    assert np.median([f.ratio for f in hot]) == pytest.approx(4.0, rel=0.06)
    assert np.std(np.log([f.ratio for f in hot])) == pytest.approx(0.68, abs=0.06)
    sizes = [f.diameter_mm for f in hot]
    assert np.median(sizes) == pytest.approx(20, rel=0.05)
    assert (min(sizes), max(sizes)) == (8, 80)


def test_kidney_metastases_are_cold_more_often():
    def cold(primary):
        cohort = Cohort(population=Population(primaries={primary: 1.0}), status={"metastatic": 1.0})
        plans = [sample_plan(np.random.default_rng(s), cohort) for s in range(150)]
        return np.mean([f.ratio < 1 for p in plans if not p.superscan for f in clear(p)])

    assert cold("kidney") == pytest.approx(0.25, abs=0.06)
    assert cold("prostate") < 0.03


def test_two_in_five_patients_have_an_ambiguous_focus(plans):
    assert 0.35 <= np.mean([any(f.ambiguous for f in p.foci) for p in plans]) <= 0.45


def test_nothing_drawn_of_an_ambiguous_focus_tells_its_label(ambiguous):
    benign = [f for f in ambiguous if not f.metastatic]
    spread = [f for f in ambiguous if f.metastatic]
    assert len(spread) / len(ambiguous) == pytest.approx(0.5, abs=0.05)
    for what in ("ratio", "diameter_mm", "along", "across", "elongation", "number"):
        a, b = ([getattr(f, what) for f in group] for group in (benign, spread))
        assert ks_2samp(a, b).pvalue > 0.01, what
    for place in {site(f) for f in ambiguous}:
        share = np.mean([f.metastatic for f in ambiguous if site(f) == place])
        assert 0.3 < share < 0.7, place


def test_nothing_else_in_the_patient_tells_the_label_either(plans):
    rows = [
        (f.metastatic, len(clear(p)), len(p.foci)) for p in plans for f in p.foci if f.ambiguous
    ]
    label, metastases, foci = (np.array(column, float) for column in zip(*rows, strict=True))
    assert abs(np.corrcoef(label, metastases)[0, 1]) < 0.08
    assert abs(np.corrcoef(label, foci)[0, 1]) < 0.08


def test_an_ambiguous_focus_has_its_bone_and_its_neighbours_to_itself(plans):
    for plan in plans:
        bones = {f.bone for f in plan.foci}
        for focus in plan.foci:
            if focus.ambiguous:
                same = [f for f in plan.foci if f.bone == focus.bone and f.part != "maxilla"]
                assert same == [focus]
                assert not set(neighbours(focus.bone)) & bones


def test_mimics_come_as_often_as_asked(plans):
    unspread = [p for p in plans if not p.superscan]

    def share(kind):
        mine = [p for p in unspread if any(f.kind == kind and not f.ambiguous for f in p.foci)]
        return len(mine) / len(unspread)

    asked = Cohort().mimics
    for kind in ("dental", "sinusitis", "contamination", "prosthesis", "costochondritis"):
        assert share(kind) == pytest.approx(asked[kind], abs=0.025), kind
    assert share("fracture") == pytest.approx(asked["rib_fractures"], abs=0.03)
    assert share("compression_fracture") == pytest.approx(0.065, abs=0.03)
    old = [p for p in unspread if p.person.age > 60]
    worn = [p for p in old if any(f.kind == "degeneration" and not f.ambiguous for f in p.foci)]
    assert len(worn) / len(old) == pytest.approx(0.53, abs=0.05)
    assert np.mean(["knee" in p.joints for p in unspread]) == pytest.approx(0.45, abs=0.04)
    assert np.mean([p.bladder_ml > 255 for p in plans]) == pytest.approx(0.25, abs=0.03)
    assert np.mean([p.injection is not None for p in plans]) == pytest.approx(0.7, abs=0.03)


def test_several_broken_ribs_lie_in_a_line():
    cohort = Cohort(status={"normal": 1.0}, mimics={"rib_fractures": 1.0})
    counts = Counter()
    for seed in range(100):
        ribs = [BY_NAME[f.bone] for f in sample_plan(np.random.default_rng(seed), cohort).foci]
        counts[len(ribs)] += 1
        levels = [rib.level for rib in ribs]
        assert levels == list(range(levels[0], levels[0] + len(levels)))
        assert len({rib.side for rib in ribs}) == 1
    assert counts[1] == pytest.approx(50, abs=15)
    assert set(counts) == {1, 2, 3, 4}


def test_numbers_run_from_head_to_foot_without_gaps(plans):
    for plan in plans[:300]:
        assert [f.number for f in plan.foci] == list(range(1, len(plan.foci) + 1))
        labels = [BY_NAME[f.bone].label for f in plan.foci if f.bone]
        assert labels == sorted(labels)


def test_places_are_what_the_plan_promises(plans):
    for focus in (f for p in plans for f in p.foci):
        assert 0 <= focus.along <= 1
        assert -1 <= focus.across <= 1
        assert focus.ratio > 0
        if focus.bone.startswith("rib") and focus.kind != "costochondritis":
            assert focus.part == rib_part(BY_NAME[focus.bone].level, focus.along)


def test_a_full_bone_takes_no_more():
    occupied = Occupied()
    assert occupied.free("T5")
    occupied.take("T5")
    assert not occupied.free("T5")
    occupied.take("femur_left", "middle")
    assert not occupied.free("femur_left", "middle")
    assert occupied.free("femur_left", "distal")
    occupied.close("rib_left_3")
    assert [n for n in range(1, 13) if not occupied.free(f"rib_left_{n}")] == [2, 3, 4]
    assert occupied.free("rib_right_3")


def test_vertebrae_are_numbered_through():
    column = [vertebra_at(i) for i in range(24)]
    assert column[0] == "C1"
    assert column[7] == "T1"
    assert column[18:20] == ["T12", "L1"]
    assert neighbours("T12") == ("T11", "L1")
    assert neighbours("C1") == ("C2",)
    assert neighbours("skull") == ()


def test_floating_ribs_have_no_front():
    assert rib_part(12, 0.95) == "posterior"
    assert rib_part(11, 0.95) == "lateral"
    assert [rib_part(5, along) for along in (0.1, 0.5, 0.9)] == ["posterior", "lateral", "anterior"]


def test_a_metastasis_finds_a_place_in_every_site():
    rng = np.random.default_rng(0)
    for name in SITE_SHARES["lung"]:
        for _ in range(40):
            assert metastasis_place(rng, name).bone in BY_NAME


def test_a_cohort_without_any_disease_is_possible():
    plan = sample_plan(
        np.random.default_rng(0), Cohort(status={"normal": 1.0}, mimics={}, joints={})
    )
    assert plan.foci == ()
    assert plan.injection is None


def test_a_full_bladder_is_diluted_and_none_outshines_the_patient(plans):
    filling = np.array([p.bladder_ml for p in plans])
    uptake = np.array([p.bladder_uptake for p in plans])
    weight = np.array([p.person.bmi * (p.person.height_cm / 100) ** 2 for p in plans])
    assert 18 < np.median(uptake) < 26
    assert 10 <= uptake.min() < uptake.max() <= 150
    assert 50 <= filling.min() < filling.max() <= 420
    assert np.median(uptake[filling > 260]) < 0.7 * np.median(uptake[filling < 150])
    diluted = uptake > 10  # the least that urine takes up
    assert (filling * uptake / weight)[diluted].max() < 111
