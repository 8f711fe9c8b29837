"""The whole way from a hospital's export, written from studies, to a store of them."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.errors import StoreError
from mmseg_bone.io.hospital import write_hospital
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report, Study
from tests.dicoms import SPACING_MM, body


def blob(shape, y, x):
    rows, columns = np.indices(shape)
    return (rows - y) ** 2 + (columns - x) ** 2 < 12


@pytest.fixture
def studies():
    """A metastatic patient seen twice, a normal one of one view, one that nobody read."""
    counts = np.stack([body(), body()[:, ::-1]])
    mask = np.stack([blob(counts.shape[1:], 85, 40), blob(counts.shape[1:], 85, 22)])
    mask[0, 60, 30] = True  # a lesion of one pixel
    first = Study(
        id="s1",
        patient="p1",
        counts=counts,
        spacing_mm=(SPACING_MM, SPACING_MM),
        mask=mask,
        report=Report(findings="左侧第5肋骨见异常放射性浓聚。", impression="考虑骨转移。"),
        notes={"sex": "male", "age_decade": "70", "camera": "Siemens e.cam LEHR"},
    )
    half_read = mask * np.array([False, True])[:, None, None]
    return [
        first,
        replace(first, id="s2", counts=counts + 1, mask=half_read, report=None),
        replace(first, id="s3", patient="p2", views=("anterior",), counts=counts[:1] + 2,
                mask=np.zeros_like(mask[:1])),
        replace(first, id="s4", patient="p3", counts=counts + 3, mask=None),
    ]  # fmt: skip


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("identities", [False, True])
def test_from_studies_to_a_hospital_to_a_store(studies, identities, tmp_path, command):
    hospital = write_hospital(tmp_path / "hospital", studies, identities=identities)

    said = command("prepare", hospital.manifest, "--reports", hospital.reports,
                   "--store", tmp_path / "store", "--folds", 2)  # fmt: skip

    assert "4 of 4 studies taken" in said
    store = Store(tmp_path / "store")
    assert len(store) == 4
    prepared = {study.counts.min(): study for study in map(store.__getitem__, store.ids)}
    for original in studies:
        study = prepared[original.counts.min()]
        assert study.views == original.views
        assert (study.counts == original.counts).all()
        assert study.spacing_mm == original.spacing_mm
        if original.mask is None:
            assert study.mask is None
        else:
            union = (study.mask | original.mask).sum()
            assert (study.mask & original.mask).sum() >= 0.95 * union
        assert (study.report is None) == (original.report is None)
        if original.report is not None:
            assert "左侧第5肋骨见异常放射性浓聚" in study.report.findings
            assert "考虑骨转移" in study.report.impression
    assert prepared[0].patient == prepared[1].patient
    assert prepared[0].patient != prepared[2].patient

    content = b"".join(path.read_bytes() for path in files_in(tmp_path / "store"))
    names = " ".join(path.name for path in files_in(tmp_path / "store"))
    assert bool(hospital.planted) == identities
    assert [word for word in hospital.planted if word.encode() in content] == []
    assert [word for word in hospital.planted if word in names or word in said] == []


def test_what_was_not_read_what_was_normal_and_what_was_drawn_differ(studies, tmp_path):
    hospital = write_hospital(tmp_path / "hospital", studies)

    with hospital.manifest.open(encoding="utf-8") as file:
        rows = {row["study"]: row for row in csv.DictReader(file)}
    cells = {key: (row["drawing_anterior"], row["drawing_posterior"]) for key, row in rows.items()}
    assert cells == {
        "s1": ("drawings/s1_anterior.json", "drawings/s1_posterior.json"),
        "s2": ("none", "drawings/s2_posterior.json"),
        "s3": ("none", ""),
        "s4": ("", ""),
    }
    assert len(files_in(tmp_path / "hospital" / "scans")) == 4


def test_planted_identities_are_in_the_export_itself(studies, tmp_path):
    hospital = write_hospital(tmp_path / "hospital", studies, identities=True)

    content = b"".join(path.read_bytes() for path in files_in(tmp_path / "hospital"))
    assert hospital.planted
    assert [word for word in hospital.planted if word.encode() not in content] == []


def test_no_studies_make_an_empty_export(tmp_path):
    hospital = write_hospital(tmp_path / "hospital", [])

    assert hospital.studies == 0
    assert hospital.manifest.read_text("utf-8").startswith("study,patient,scan,drawing_anterior")


def test_a_folder_in_use_is_left_alone(studies, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(StoreError, match="is not empty. Name a new folder"):
        write_hospital(tmp_path, studies)
