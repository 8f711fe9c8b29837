from dataclasses import replace

import pytest

from mmseg_bone.data.controls import CONTROLS, make_control
from mmseg_bone.errors import StoreError
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report


@pytest.fixture
def store(study, tmp_path):
    """Four patients; the last one has no report."""
    studies = [
        replace(
            study,
            id=f"s{i}",
            patient=f"p{i}",
            report=Report(findings=f"左侧第{i}肋", impression=f"结论{i}") if i < 4 else None,
        )
        for i in range(1, 5)
    ]
    return Store.write(tmp_path / "store", studies, {f"p{i}": 0 for i in range(1, 5)})


def under(name, store, **options):
    change = make_control(name, store, store.ids, **options)
    return [change(store[id]).report for id in store.ids]


def test_no_control_changes_nothing(store):
    assert under("none", store) == [store[id].report for id in store.ids]


def test_an_empty_report_is_none(store):
    assert under("empty", store) == [None] * 4


def test_each_patient_gets_the_report_of_another(store):
    own = [store[id].report for id in store.ids]
    given = under("shuffled", store)
    assert given[3] is None  # there was none to exchange
    assert all(a != b for a, b in zip(own[:3], given[:3], strict=True))
    assert sorted(r.findings for r in given[:3]) == sorted(r.findings for r in own[:3])
    assert under("shuffled", store) == given


def test_sides_are_flipped_in_the_words_and_not_in_the_image(store):
    change = make_control("side_flipped", store, store.ids)
    flipped = change(store["s1"])
    assert flipped.report.findings == "右侧第1肋"
    assert (flipped.counts == store["s1"].counts).all()


def test_one_part_alone(store):
    assert under("findings_only", store)[0] == Report(findings="左侧第1肋")
    assert under("impression_only", store)[0] == Report(impression="结论1")


def test_two_studies_of_one_patient_are_not_exchanged(study, tmp_path):
    studies = [replace(study, id=f"s{i}") for i in range(2)]
    store = Store.write(tmp_path / "one", studies, {"p1": 0})
    with pytest.raises(StoreError, match="only one of these patients"):
        make_control("shuffled", store, store.ids)


def test_a_control_that_is_none_is_named(store):
    with pytest.raises(StoreError, match="'upside_down' is none; expected one of none, empty"):
        make_control("upside_down", store, store.ids)


@pytest.mark.parametrize("name", CONTROLS)
def test_a_study_without_a_report_stays_without_one(name, store):
    assert under(name, store)[3] is None
