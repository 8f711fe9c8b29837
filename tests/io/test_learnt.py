from dataclasses import replace

import pytest

from mmseg_bone.io.learnt import keep_learnt, known, learnt_from
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


@pytest.fixture
def scans(study):
    """Patients p0 to p4, of whom p1 came twice; no two scans are alike."""

    def scan(id, patient, at):
        counts = study.counts.copy()
        counts[0, 0, 0] = at
        return replace(study, id=id, patient=patient, counts=counts)

    return [scan(f"s{at}", f"p{min(at, 4) if at < 5 else 1}", at) for at in range(6)]


@pytest.fixture
def store(scans, tmp_path):
    return Store.write(tmp_path / "store", scans[:5], {f"p{i}": i % 3 for i in range(5)})


def start(path, store, fold=0):
    return Run.start(path, {"fold": fold}, {"store_digest": store.digest})


def test_of_its_own_store_all_but_the_fold_held_out_is_known(store, tmp_path):
    run = start(tmp_path / "run", store)
    assert learnt_from(run) == frozenset()
    assert known(run, store) == {"s1", "s2", "s4"}  # fold 0 has s0 and s3


def test_a_patient_of_a_store_that_has_grown_is_known_by_any_of_her_studies(store, scans, tmp_path):
    run = start(tmp_path / "run", store)
    keep_learnt(run, store, ["s1", "s2"], [])
    grown = Store.write(tmp_path / "grown", scans, {f"p{i}": 0 for i in range(5)})
    assert known(run, grown) == {"s1", "s5", "s2"}


def test_a_study_by_the_same_name_with_other_content_is_another_patient_s(store, scans, tmp_path):
    run = start(tmp_path / "run", store)
    keep_learnt(run, store, ["s1"], [])
    counts = scans[1].counts + 1
    other = Store.write(tmp_path / "other", [replace(scans[1], counts=counts)], {"p1": 0})
    assert known(run, other) == set()


def test_what_the_weights_began_with_counts(store, tmp_path):
    first, second = (start(tmp_path / name, store) for name in ("first", "second"))
    keep_learnt(first, store, ["s1"], [])
    keep_learnt(second, store, ["s2"], [first])
    assert learnt_from(second) == {store.rows[id]["sha256"] for id in ("s1", "s2")}


def test_the_list_names_nobody(store, tmp_path):
    run = start(tmp_path / "run", store)
    keep_learnt(run, store, ["s1", "s2"], [])
    lines = (run.path / "learnt.txt").read_text().splitlines()
    assert lines == sorted(store.rows[id]["sha256"] for id in ("s1", "s2"))
