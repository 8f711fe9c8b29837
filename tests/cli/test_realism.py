import csv
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from mmseg_bone.io.store import Store
from mmseg_bone.study import Study

SCAN = get_testdata_file("JPGExtended.dcm")


@pytest.fixture
def store(tmp_path):
    studies = [
        Study(id=f"s{n}", patient=f"p{n}", counts=np.full((2, 9, 5), 3), spacing_mm=(2.3, 2.3))
        for n in range(3)
    ]
    return Store.write(tmp_path / "store", studies, {"p0": 0, "p1": 0, "p2": 0}).path


def test_a_dicom_file_is_measured_and_passes(command):
    said = command("realism", SCAN)

    assert "1,747" in said  # body length
    assert "skipped: lossy compression" in said
    assert "60 of 60 items, passes" in said
    assert "1 of 1 scans pass." in said


def test_the_first_studies_of_a_store_are_measured(store, command):
    said = command("realism", store, "--first", 2, "--failing")

    assert "s0: " in said
    assert "s1: " in said
    assert "s2: " not in said
    assert "body length mm" in said
    assert "0 of 2 scans pass." in said


def test_all_items_go_to_a_table(store, tmp_path, command):
    command("realism", SCAN, store, "--first", 1, "--table", tmp_path / "items.csv")

    with (tmp_path / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    length = [row for row in rows if row["item"] == "body length mm"]
    assert [row["study"] for row in length] == ["scan-1", "s0"]
    assert [row["passed"] for row in length] == ["1", "0"]
    assert [row["mandatory"] for row in length] == ["1", "1"]
    assert float(length[0]["value"]) == pytest.approx(1747, abs=1)
    noise = next(row for row in rows if row["item"] == "noise, all")
    assert noise["skipped"] == "lossy compression"


def test_no_name_of_a_file_is_shown(tmp_path, command):
    named = tmp_path / "ZHANGSAN.dcm"
    named.write_bytes(Path(SCAN).read_bytes())

    said = command("realism", named, "--failing")

    assert "1 of 1 scans pass" in said
    assert "ZHANGSAN" not in said


def test_an_empty_folder_is_said(tmp_path, command):
    said = command("realism", tmp_path)

    assert "is an empty folder. Name a DICOM file or a store" in said
