import hashlib
from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.io.learnt import keep_learnt, known, learnt_from
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store, view_digests


@pytest.fixture
def scans(study):
    """Patients p0 to p4, of whom p1 came twice; no two scans are alike."""

    def scan(id, patient, at):
        counts = study.counts.copy()
        counts[:, 0, 0] = at
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


@pytest.mark.parametrize("change", ["drawing", "report", "notes", "one view turned", "one view"])
def test_who_was_prepared_anew_in_another_way_is_known_by_her_counts(
    store, scans, tmp_path, change
):
    run = start(tmp_path / "run", store)
    keep_learnt(run, store, ["s1"], [])
    scan = scans[1]
    turned = np.stack([scan.counts[0], scan.counts[1, :, ::-1]])
    anew = {
        "drawing": replace(scan, mask=~scan.mask),
        "report": replace(scan, report=None),
        "notes": replace(scan, notes={"camera": "x"}),
        "one view turned": replace(scan, counts=turned),
        "one view": replace(scan, views=("anterior",), counts=scan.counts[:1], mask=scan.mask[:1]),
    }[change]
    other = Store.write(tmp_path / "other", [anew, scans[0]], {"p0": 0, "p1": 0})
    assert other.rows["s1"]["sha256"] != store.rows["s1"]["sha256"]
    assert known(run, other) == {"s1"}


def test_a_view_without_counts_tells_nobody(store, scans, tmp_path):
    lost = [replace(scan, counts=scan.counts * np.uint16([[[1]], [[0]]])) for scan in scans[:2]]
    halves = Store.write(tmp_path / "halves", lost, {"p0": 0, "p1": 1})
    run = start(tmp_path / "run", store)
    keep_learnt(run, halves, ["s0"], [])
    assert len(learnt_from(run)) == 2
    assert known(run, halves) == {"s0"}


def test_counts_are_read_only_where_files_do_not_tell(store, scans, tmp_path, monkeypatch):
    run = start(tmp_path / "run", store)
    keep_learnt(run, store, ["s1", "s2"], [])
    read, counts = [], Store.read_counts
    monkeypatch.setattr(Store, "read_counts", lambda at, id: read.append(id) or counts(at, id))
    known(run, store)
    assert read == []
    grown = Store.write(tmp_path / "grown", scans, {f"p{i}": 0 for i in range(5)})
    known(run, grown)
    assert read == ["s0", "s3", "s4"]  # of the others the files tell

    old = [store.rows[id]["sha256"] for id in ("s1", "s2")]  # the list of an earlier version
    (run.path / "learnt.txt").write_text("\n".join(old) + "\n")
    assert known(run, grown) == {"s1", "s5", "s2"}
    assert len(read) == 3


def test_what_the_weights_began_with_counts(store, tmp_path):
    first, second = (start(tmp_path / name, store) for name in ("first", "second"))
    keep_learnt(first, store, ["s1"], [])
    keep_learnt(second, store, ["s2"], [first])
    assert learnt_from(second) >= {store.rows[id]["sha256"] for id in ("s1", "s2")}
    assert len(learnt_from(second)) == 2 * (1 + 2)  # a file of two views each
    assert learnt_from(first) < learnt_from(second)


def test_the_list_names_nobody(store, tmp_path):
    run = start(tmp_path / "run", store)
    keep_learnt(run, store, ["s1", "s2"], [])
    lines = (run.path / "learnt.txt").read_bytes().decode("ascii").splitlines()
    files = [store.rows[id]["sha256"] for id in ("s1", "s2")]
    views = [view for id in ("s1", "s2") for view in view_digests(store[id].counts)]
    assert lines == sorted([*files, *(f"counts:{view}" for view in views)])


def test_the_digest_of_a_view_is_of_its_type_size_and_values():
    one = np.arange(6, dtype="<u2").reshape(1, 2, 3)
    (digest,) = view_digests(one)
    assert (
        digest
        == hashlib.sha256(b"<u2 (2, 3) " + bytes([0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0])).hexdigest()
    )
    assert view_digests(one.reshape(1, 3, 2)) != [digest]
    assert view_digests(one.astype("<u4")) != [digest]
    assert view_digests(np.asfortranarray(one)) == [digest]
