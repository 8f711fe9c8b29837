from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.errors import StoreError, StudyError
from mmseg_bone.io.store import Store, StoreWriter, study_from_bytes, study_to_bytes
from mmseg_bone.study import Focus


@pytest.fixture
def phantom(study):
    """The study with everything a study can have."""
    return replace(
        study,
        instances=study.mask.astype(np.uint16),
        classes=study.mask.astype(np.uint8) * 2,
        bones=np.full(study.counts.shape, 7, np.uint8),
        foci=(
            Focus(
                number=1,
                bone="rib_left_5",
                kind="metastasis",
                metastatic=True,
                ratio=4.0,
                diameter_mm=20.0,
            ),
        ),
        notes={"camera": "siemens"},
    )


def same(a, b):
    for name in ("counts", "mask", "instances", "classes", "bones"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name) is None or getattr(a, name).dtype == getattr(b, name).dtype
    for name in ("id", "patient", "views", "spacing_mm", "report", "foci"):
        assert getattr(a, name) == getattr(b, name)
    assert dict(a.notes) == dict(b.notes)


def test_a_study_comes_back_as_it_was(phantom):
    same(study_from_bytes(study_to_bytes(phantom)), phantom)


def test_what_nobody_drew_stays_undrawn(study):
    back = study_from_bytes(study_to_bytes(replace(study, mask=None, report=None)))
    assert back.mask is None
    assert back.report is None


def test_a_single_view_stays_single(study):
    one = replace(study, views=("posterior",), counts=study.counts[1:], mask=study.mask[1:])
    same(study_from_bytes(study_to_bytes(one)), one)


def test_the_same_study_gives_the_same_bytes(phantom):
    assert study_to_bytes(phantom) == study_to_bytes(replace(phantom))


def test_a_store_is_read_back_with_its_folds(study, tmp_path):
    other = replace(study, id="s0", patient="p0", mask=np.zeros_like(study.mask))
    store = Store.write(tmp_path / "store", [study, other], {"p0": 0, "p1": 1})

    assert store.ids == ["s0", "s1"]
    assert store.fold == {"s0": 0, "s1": 1}
    assert [row["metastatic"] for row in store.rows.values()] == ["0", "1"]
    same(store["s1"], study)


def test_a_study_is_read_with_the_maps_asked_for(phantom, tmp_path):
    store = Store.write(tmp_path / "store", [phantom], {phantom.patient: 0})
    one = store.read(phantom.id, ("mask",))
    assert np.array_equal(one.counts, phantom.counts)
    assert np.array_equal(one.mask, phantom.mask)
    assert one.report == phantom.report
    assert one.bones is one.classes is one.instances is None


def test_a_store_without_its_manifest_says_so(study, tmp_path):
    StoreWriter(tmp_path / "store", {}).add(study)
    with pytest.raises(StoreError, match="incomplete.*once more"):
        Store(tmp_path / "store")


def test_a_study_changed_since_the_store_was_made_is_not_taken_for_it(study, tmp_path):
    store = Store.write(tmp_path / "s", [study], {study.patient: 0})
    digest = store.digest
    store.read(study.id, maps=())  # which is looked at once
    path = tmp_path / "s" / "studies" / f"{study.id}.safetensors"
    path.write_bytes(study_to_bytes(replace(study, mask=~study.mask)))
    assert Store(tmp_path / "s").digest == digest
    with pytest.raises(StoreError, match=rf"{study.id}\.safetensors was changed or damaged"):
        Store(tmp_path / "s").read(study.id, maps=())


def test_a_torn_study_is_not_taken_for_a_whole_one(study, tmp_path):
    writer = StoreWriter(tmp_path / "store", {})
    writer.add(study, "r")
    assert writer.has("s1", "r")
    assert not writer.has("s1", "another recipe")

    path = tmp_path / "store" / "studies" / "s1.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert not writer.has("s1", "r")


def test_a_study_under_another_s_name_is_not_taken_for_it(study, tmp_path):
    two = [study, replace(study, id="s2", patient="p2")]
    store = Store.write(tmp_path / "store", two, {"p1": 0, "p2": 1})
    files = tmp_path / "store" / "studies"
    (files / "s2.safetensors").write_bytes((files / "s1.safetensors").read_bytes())
    with pytest.raises(StoreError, match=r"s2\.safetensors holds study 's1': it was renamed"):
        store["s2"]
    assert store["s1"].id == "s1"


def test_a_store_of_another_recipe_is_never_overwritten(study, tmp_path):
    StoreWriter(tmp_path / "store", {"seed": 0})
    with pytest.raises(StoreError, match="seed differ"):
        StoreWriter(tmp_path / "store", {"seed": 1})


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty and is no store"):
        StoreWriter(tmp_path, {})


def test_a_manifest_cannot_lead_out_of_the_store(study, tmp_path):
    Store.write(tmp_path / "store", [study], {"p1": 0})
    manifest = tmp_path / "store" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("s1,", "../s1,", 1))
    with pytest.raises(StoreError, match="leave the store"):
        Store(tmp_path / "store")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mask": np.zeros((2, 4, 6), bool)}, "mask 2×4×6 does not lie on counts 2×5×6"),
        ({"views": ("posterior", "anterior")}, "in this order"),
        ({"views": ("anterior",)}, "counts of 2 views, but 1 named"),
        ({"counts": np.full((2, 5, 6), -1.0)}, "never negative"),
        ({"counts": np.full((2, 5, 6), np.nan)}, "finite"),
        ({"spacing_mm": (0.0, 2.4)}, "no pixel size"),
        ({"id": "../s1"}, "is no key"),
    ],
)
def test_a_study_whose_parts_do_not_fit_is_refused(study, change, words):
    with pytest.raises(StudyError, match=words):
        replace(study, **change)
