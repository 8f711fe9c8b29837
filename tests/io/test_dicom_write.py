from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom import read_scan
from mmseg_bone.io.dicom_fake import FakeIdentity
from mmseg_bone.io.dicom_write import to_dicom, write_dicom
from mmseg_bone.study import Report, Study
from tests.dicoms import SPACING_MM, body

FAKE = FakeIdentity.of("p1", "s1")


@pytest.fixture
def scan():
    """Two views that differ, each with a hot spot at one side."""
    return Study(
        id="s1",
        patient="p1",
        counts=np.stack([body(), body()[:, ::-1] * 2]),
        spacing_mm=(SPACING_MM, 9.25),
        notes={"camera": "GE Discovery 670 LEHR", "sex": "female", "age_decade": "60"},
    )


def test_a_file_comes_back_pixel_for_pixel(scan, tmp_path):
    write_dicom(tmp_path / "a.dcm", scan)
    read = read_scan(tmp_path / "a.dcm")

    assert read.views == ("anterior", "posterior")
    assert (read.counts == scan.counts).all()
    assert read.counts.dtype == np.uint16
    assert read.spacing_mm == scan.spacing_mm


def test_the_file_itself_says_which_view_is_which_and_which_way_round(scan, tmp_path):
    write_dicom(tmp_path / "a.dcm", scan)
    notes = read_scan(tmp_path / "a.dcm").notes

    assert notes["anterior_from"] == notes["posterior_from"] == "view code"
    assert notes["posterior_stored"] == "as_seen"
    assert notes["posterior_stored_from"] == "Image Orientation (Patient)"
    assert (notes["camera"], notes["sex"], notes["decade_of_age"]) == ("ge", "F", "60")


@pytest.mark.parametrize("view", ["anterior", "posterior"])
def test_a_single_view_comes_back_as_that_view(scan, view, tmp_path):
    write_dicom(tmp_path / "a.dcm", replace(scan, views=(view,), counts=scan.counts[1:]))
    read = read_scan(tmp_path / "a.dcm")

    assert read.views == (view,)
    assert (read.counts == scan.counts[1:]).all()


def test_the_tags_of_a_whole_body_scan_are_there(scan):
    dataset = to_dicom(scan)

    assert list(dataset.ImageType) == ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    assert dataset.CountsAccumulated == scan.counts.sum()
    assert dataset.WholeBodyTechnique == "1PS"
    assert dataset.ScanLength == round(256 * SPACING_MM)
    assert dataset.ActualFrameDuration == pytest.approx(256 * SPACING_MM / 2.5 * 1000, abs=1)
    assert [list(item.ImageOrientationPatient) for item in dataset.DetectorInformationSequence] == [
        [1, 0, 0, 0, 0, -1],
        [-1, 0, 0, 0, 0, -1],
    ]
    assert str(dataset.PatientName) == "PHANTOM^p1"


def test_the_same_study_gives_the_same_bytes_and_another_one_other_uids(scan, tmp_path):
    for name in ("a", "b"):
        write_dicom(tmp_path / name, scan)
    write_dicom(tmp_path / "c", replace(scan, counts=scan.counts + 1))
    a, c = dcmread(tmp_path / "a"), dcmread(tmp_path / "c")

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert a.StudyInstanceUID != c.StudyInstanceUID
    assert a.StudyInstanceUID.startswith("2.25.")
    assert len({a.StudyInstanceUID, a.SeriesInstanceUID, a.SOPInstanceUID}) == 3
    assert all(uid.is_valid for uid in (a.StudyInstanceUID, a.SeriesInstanceUID, a.SOPInstanceUID))


def test_nothing_is_left_of_a_file_half_written(scan, tmp_path):
    write_dicom(tmp_path / "a.dcm", scan)

    assert [path.name for path in tmp_path.iterdir()] == ["a.dcm"]


@pytest.mark.parametrize("wrong", [0.5, 70_000])
def test_what_16_bits_cannot_hold_is_refused(scan, wrong):
    counts = scan.counts.astype(float)
    counts[0, 0, 0] = wrong

    with pytest.raises(DicomError, match="study 's1'.*whole numbers up to 65535.*not an image"):
        to_dicom(replace(scan, counts=counts))


def test_an_identity_is_planted_only_if_asked_for(scan, tmp_path):
    assert write_dicom(tmp_path / "plain", scan) == ()
    planted = write_dicom(tmp_path / "planted", scan, identity=FAKE)

    plain, content = (tmp_path / "plain").read_bytes(), (tmp_path / "planted").read_bytes()
    assert set(planted) == set(FAKE.strings)
    assert [text for text in planted if text.encode() not in content] == []
    assert [text for text in planted if text.encode() in plain] == []
    assert dcmread(tmp_path / "planted")[0x0009, 0x1040].value == FAKE.name


def test_a_planted_file_is_read_as_the_plain_one(scan, tmp_path):
    write_dicom(tmp_path / "a.dcm", scan, identity=FAKE)
    read = read_scan(tmp_path / "a.dcm")

    assert (read.counts == scan.counts).all()
    assert [text for text in FAKE.strings if text in str(read)] == []


def test_a_patient_is_the_same_person_at_each_visit():
    first, second = FakeIdentity.of("p1", "s1"), FakeIdentity.of("p1", "s2")

    assert (first.name, first.patient, first.citizen) == (
        second.name,
        second.patient,
        second.citizen,
    )
    assert first.accession != second.accession
    assert first.patient != FakeIdentity.of("p2", "s1").patient


def test_a_report_carries_the_identity_around_its_words():
    report = FAKE.plant_in_report(Report(findings="左侧第5肋骨见浓聚。", impression="考虑转移。"))

    assert "左侧第5肋骨见浓聚。" in report.findings
    assert "考虑转移。" in report.impression
    for text in (FAKE.chinese_name, FAKE.patient, FAKE.accession, FAKE.citizen, FAKE.phone,
                 FAKE.hospital, FAKE.physician):  # fmt: skip
        assert text in report.text
