import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.strata import strata_table
from mmseg_bone.analysis.sums import PatientBootstrap

QUICK = PatientBootstrap(resamples=50)
# Patients a and b have lung cancer, c breast cancer; the lesion of a is small and ambiguous.
FREE, FUSED = {"a1": 0, "b1": 10, "c1": 10}, {"a1": 10, "b1": 10, "c1": 10}


@pytest.fixture
def experiments(make_run):
    return collect([make_run("free", FREE), make_run("fused", FUSED)])


def table_of(experiments):
    table = strata_table(
        experiments.scores, experiments.tables["lesions"], baseline="free", interval=QUICK
    )
    return table.set_index(["stratum", "level", "experiment"])


def test_scans_are_told_apart_by_what_their_notes_say(experiments):
    table = table_of(experiments)
    assert table.value["primary", "lung", "free"] == 0.5
    assert table.value["primary", "breast", "free"] == 1.0
    assert table.difference["primary", "lung", "fused"] == 0.5
    assert table.measure["primary", "lung", "free"] == "Dice, patient"
    assert table.patients["primary", "lung", "free"] == 2
    # The ambiguous pool is where reading the report pays.
    assert table.difference["pool", "ambiguous", "fused"] == 1.0
    assert table.difference["pool", "clear", "fused"] == 0.0


def test_what_is_unknown_or_does_not_vary_is_no_stratum(experiments):
    strata = table_of(experiments).index.get_level_values(0).unique()
    assert "camera" not in strata  # unknown
    assert "report" not in strata  # all have one
    assert "region" not in strata  # all lesions in the head


def test_lesions_are_told_apart_by_what_they_are(experiments):
    table = table_of(experiments)
    assert table.value["size", "< 30 px", "free"] == 0.0
    assert table.value["size", "< 30 px", "fused"] == 1.0
    assert table.value["size", "30-99 px", "free"] == 1.0
    assert table.units["size", "30-99 px", "free"] == 2
    assert table.difference["ambiguity", "ambiguous", "fused"] == 1.0
    assert table.measure["size", "< 30 px", "free"] == "lesion sensitivity"


def test_the_border_of_a_size_belongs_to_the_larger(experiments):
    lesions = experiments.tables["lesions"]["fused"].assign(area_px=[29, 30, 100] * 2)
    experiments.tables["lesions"] = {"fused": lesions}
    units = table_of(experiments).units.loc["size", :, "fused"]
    assert units.to_dict() == {"< 30 px": 1, "30-99 px": 1, ">= 100 px": 1}


def test_lesions_are_told_apart_by_how_far_they_stand_out(experiments):
    table = table_of(experiments)
    assert table.value["contrast", "CNR < 1", "free"] == 0.0
    assert table.value["contrast", "CNR 2-4", "free"] == 1.0
    lesions = experiments.tables["lesions"]["fused"].assign(cnr=[1.0, 4.0, np.nan] * 2)
    experiments.tables["lesions"] = {"fused": lesions}
    units = table_of(experiments).units.loc["contrast", :, "fused"]
    assert units.to_dict() == {"CNR 1-2": 1, "CNR >= 4": 1}


def test_tables_that_do_not_say_how_far_lesions_stand_out_have_no_such_stratum(experiments):
    tables = experiments.tables["lesions"]
    experiments.tables["lesions"] = {n: t.drop(columns="cnr") for n, t in tables.items()}
    assert "contrast" not in table_of(experiments).index.get_level_values(0)


def test_a_lesion_found_with_one_seed_of_two_is_half_found(make_run):
    runs = [make_run("free", FREE), make_run("free", FUSED, seed=1)]
    assert table_of(collect(runs)).value["size", "< 30 px", "free"] == 0.5


def test_false_alarms_are_counted_per_scan_by_what_they_lie_on(experiments):
    lesions = experiments.tables["lesions"]
    alarm = {"id": "b1", "patient": "b", "source": "prediction", "hit": 0, "seed": 0}
    alarms = pd.DataFrame([alarm | {"kind": "arthritis"}] * 2 + [alarm | {"kind": np.nan}])
    lesions["fused"] = pd.concat([lesions["fused"], alarms], ignore_index=True)
    table = table_of(experiments).loc["false alarm on"]
    assert table.value["arthritis", "fused"] == pytest.approx(2 / 3)
    assert table.difference["arthritis", "fused"] == pytest.approx(2 / 3)
    assert table.value["arthritis", "free"] == 0
    assert table.value["no focus", "fused"] == pytest.approx(1 / 3)
    assert table.units["no focus", "free"] == 3


def test_the_extent_of_disease_is_what_the_view_that_shows_more_of_it_has(experiments):
    lesions = experiments.tables["lesions"]
    drawn = {"patient": "a", "source": "reference", "seed": 0, "area_px": 50}
    front = [drawn | {"id": "a1", "view": "anterior", "number": n, "hit": 0} for n in range(6)]
    back = [drawn | {"id": "a1", "view": "posterior", "number": n, "hit": 1} for n in range(3)]
    few = drawn | {"id": "b1", "patient": "b", "view": "anterior", "number": 1, "hit": 1}
    alarm = {"id": "a1", "patient": "a", "source": "prediction", "hit": 0, "seed": 0}
    for name in list(lesions):
        rows = pd.DataFrame(
            [*front, *back, few, alarm, alarm, alarm | {"id": "c1", "patient": "c"}]
        )
        lesions[name] = rows.reindex(columns=lesions[name].columns)
    table = table_of(experiments)
    assert table.value["extent", "6-20 lesions", "free"] == pytest.approx(3 / 9)
    assert table.value["extent", "1-5 lesions", "free"] == 1.0
    assert table.value["false alarm in", "6-20 lesions", "free"] == 2
    assert table.value["false alarm in", "1-5 lesions", "free"] == 0
    assert table.value["false alarm in", "no lesion", "free"] == 1
    assert table.units["false alarm in", "no lesion", "free"] == 1


def test_without_tables_of_lesions_there_are_strata_of_scans_only(experiments):
    experiments.tables["lesions"] = {}
    strata = table_of(experiments).index.get_level_values(0).unique()
    assert list(strata) == ["primary", "pool"]
