import random

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    RLELossless,
)
from pydicom.valuerep import PersonName

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom import read_scan
from mmseg_bone.io.dicom_identity import identities
from mmseg_bone.io.dicom_tags import open_dicom
from tests.dicoms import ANTERIOR, POSTERIOR, body, detectors, identities_in, nm, save, view_code

FRONT = body()
BACK = body()[:, ::-1] // 2  # the same spot, seen from behind: left of the middle
REAL = get_testdata_file("JPGExtended.dcm", download=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.dcm"


def both(**tags):
    tags.setdefault("DetectorInformationSequence", detectors(ANTERIOR, POSTERIOR))
    return nm(FRONT, BACK, **tags)


# The real scan


def test_a_real_scan_goes_through():
    scan = read_scan(REAL)

    assert scan.views == ("anterior",)
    assert scan.counts.shape == (1, 1024, 256)
    assert scan.counts.dtype == np.uint16
    assert scan.counts.sum() == 3_770_427
    assert scan.counts.max() == 264
    assert scan.spacing_mm == (2.26, 2.26)
    assert scan.notes["camera"] == "ge"
    assert scan.notes["lossy"] == "yes"
    assert scan.notes["anterior_from"] == "assumed by detector"


def test_the_real_scan_is_right_way_up():
    counts = read_scan(REAL).counts[0].astype(float)
    head, thighs = counts[85:200], counts[500:650]
    across = np.arange(256)

    def width(part):
        profile = part.sum(0)
        centre = (profile * across).sum() / profile.sum()
        return np.sqrt((profile * (across - centre) ** 2).sum() / profile.sum())

    assert width(head) < width(thighs)  # one head above, two legs below


def test_no_identity_of_the_real_scan_survives():
    scan = read_scan(REAL)
    kept = repr((scan.views, scan.spacing_mm, dict(scan.notes)))

    for planted in ("BERRA", "JAMES", "8NM1", "CompressedSamples", "Memorial", "1997", "genieacq"):
        assert planted not in kept


def test_private_tags_and_names_are_never_read(path):
    scan = read_scan(save(both(), path))

    assert identities_in(repr(scan).encode() + scan.counts.tobytes()) == []
    assert scan.notes["sex"] == "F"
    assert scan.notes["decade_of_age"] == "60"


def test_the_parser_never_meets_what_is_not_on_the_list(path):
    dataset = open_dicom(save(both(), path))
    for keyword in ("PatientName", "PatientID", "StudyDate", "PatientBirthDate", "StationName"):
        assert keyword not in dataset
    assert not any(tag.is_private for tag in dataset)


def test_a_damaged_value_is_left_out_and_not_quoted(path, capfd, caplog):
    save(both(), path)
    content = (
        path.read_bytes()
        .replace(b"067Y", b"\xff\xfeZ\x00")
        .replace(b"IS\x02\x002 ", b"IS\x02\x00Z!")
    )
    path.write_bytes(content)
    with pytest.raises(DicomError):
        read_scan(path)
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")


def test_a_damaged_header_is_read_or_refused_and_nothing_else(path):
    content = save(both(), path).read_bytes()
    rng = random.Random(0)
    refused = 0
    for _ in range(100):
        damaged = bytearray(content)
        for _ in range(4):
            damaged[rng.randrange(132, len(content) - 2 * FRONT.nbytes)] = rng.choice((0, 48, 255))
        path.write_bytes(damaged)
        try:
            read_scan(path)
        except DicomError:
            refused += 1
    assert 0 < refused < 100


def test_the_very_old_are_not_known_by_their_age(path):
    scan = read_scan(save(both(PatientAge="103Y"), path))
    assert scan.notes["decade_of_age"] == "90"


# Views


def test_two_frames_are_told_apart_by_their_view_codes(path):
    scan = read_scan(save(both(), path))

    assert scan.views == ("anterior", "posterior")
    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])
    assert scan.notes["posterior_from"] == "view code"


@pytest.mark.parametrize(
    ("front", "back"),
    [
        (view_code("399321004", "Anterior projection", "SCT"), view_code("399001007", "x", "SCT")),
        (view_code("R-10206", "antero-posterior"), view_code("R-10214", "postero-anterior")),
        (view_code("ANT", "ANT", "99SIEMENS"), view_code("POST", "POST", "99SIEMENS")),
        (view_code("1", "Anterior view", "99GE"), view_code("2", "POSTERIOR", "99GE")),
        (ANTERIOR, None),
    ],
)
def test_posterior_first_is_put_in_order(path, front, back):
    dataset = nm(BACK, FRONT, DetectorInformationSequence=detectors(back, front))
    scan = read_scan(save(dataset, path))

    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])


def test_the_detector_vector_says_which_detector_made_a_frame(path):
    dataset = nm(
        BACK,
        FRONT,
        DetectorVector=[2, 1],
        DetectorInformationSequence=detectors(ANTERIOR, POSTERIOR),
    )
    np.testing.assert_array_equal(read_scan(save(dataset, path)).counts, [FRONT, BACK])


def test_without_codes_detector_one_is_assumed_anterior_and_that_is_noted(path):
    scan = read_scan(save(nm(FRONT, BACK, DetectorVector=[1, 2]), path))

    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])
    assert scan.notes["anterior_from"] == scan.notes["posterior_from"] == "assumed by detector"


def test_habit_says_nothing_of_a_prone_patient(path):
    save(nm(FRONT, BACK, PatientPosition="HFP"), path)
    with pytest.raises(DicomError, match=r"which view it is.*views="):
        read_scan(path)

    scan = read_scan(path, views=("posterior", "anterior"))
    np.testing.assert_array_equal(scan.counts, [BACK, FRONT])


def test_start_angle_confirms_the_habit_or_unsettles_it(path):
    angles = detectors(None, None, angles=(180, 0))
    scan = read_scan(save(nm(FRONT, BACK, DetectorInformationSequence=angles), path))
    assert scan.notes["anterior_from"] == "start angle"

    angles = detectors(None, None, angles=(0, 180))
    save(nm(FRONT, BACK, DetectorInformationSequence=angles), path)
    with pytest.raises(DicomError, match="does not say which view"):
        read_scan(path)


@pytest.mark.parametrize("names", [("WB_ANT", "WB_POST"), ("全身骨显像 前位", "全身骨显像 后位")])
def test_two_single_frame_files_are_one_scan(tmp_path, names):
    front = save(nm(FRONT, SeriesDescription=names[0], DetectorVector=None), tmp_path / "a.dcm")
    back = save(nm(BACK, SeriesDescription=names[1], DetectorVector=None), tmp_path / "b.dcm")

    scan = read_scan([back, front])

    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])
    assert scan.notes["posterior_from"] == "description"


def test_two_files_of_two_studies_are_no_scan(tmp_path):
    front = save(nm(FRONT, SeriesDescription="ANT"), tmp_path / "a.dcm")
    back = save(nm(BACK, SeriesDescription="POST", StudyInstanceUID="1.2.3"), tmp_path / "b.dcm")
    with pytest.raises(DicomError, match="two different studies"):
        read_scan([front, back])


def test_the_same_view_twice_is_no_scan(tmp_path):
    one = save(nm(FRONT, SeriesDescription="ANT"), tmp_path / "a.dcm")
    with pytest.raises(DicomError, match="both images seem to be anterior"):
        read_scan([one, one])


def test_one_view_is_a_scan_with_the_other_missing(path):
    scan = read_scan(save(nm(BACK, ImageID="POSTERIOR"), path))

    assert scan.views == ("posterior",)
    assert scan.counts.shape == (1, 256, 64)


def test_a_view_that_nobody_names_is_asked_for(path):
    save(nm(FRONT, DetectorVector=None, SeriesDescription="WB ANT/POST"), path)
    with pytest.raises(DicomError, match="does not say which view"):
        read_scan(path)
    assert read_scan(path, views=["posterior"]).views == ("posterior",)


def test_a_view_that_the_file_contradicts_is_refused(path):
    save(both(), path)
    with pytest.raises(DicomError, match="said to be the posterior view.*view code says anterior"):
        read_scan(path, views=("posterior", "anterior"))


def test_a_scatter_window_is_left_out(path):
    windows = []
    for low, high in ((108, 126), (126, 154)):
        limits, item = Dataset(), Dataset()
        limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = low, high
        item.EnergyWindowRangeSequence = [limits]
        windows.append(item)
    scatter = FRONT // 10
    dataset = nm(scatter, scatter, FRONT, BACK, DetectorVector=[1, 2, 1, 2])
    dataset.EnergyWindowVector = [1, 1, 2, 2]
    dataset.DetectorInformationSequence = detectors(ANTERIOR, POSTERIOR)
    dataset.EnergyWindowInformationSequence = windows
    np.testing.assert_array_equal(read_scan(save(dataset, path)).counts, [FRONT, BACK])

    dataset.EnergyWindowInformationSequence = windows[:1]
    with pytest.raises(DicomError, match="2 energy windows"):
        read_scan(save(dataset, path))


# Which way round


def test_a_silent_file_is_assumed_as_seen_and_says_so(path):
    scan = read_scan(save(both(), path))
    assert scan.notes["posterior_stored"] == "as_seen"
    assert scan.notes["posterior_stored_from"] == "assumed"


def test_a_mirrored_posterior_view_is_turned_back_when_told(path):
    save(nm(FRONT, BACK[:, ::-1]), path)
    scan = read_scan(path, posterior="mirrored")

    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])
    assert scan.notes["posterior_stored"] == "mirrored"
    assert scan.notes["posterior_stored_from"] == "given"


@pytest.mark.parametrize(("right", "stored"), [(-1, "as_seen"), (1, "mirrored")])
def test_image_orientation_says_which_way_round_the_posterior_view_is(path, right, stored):
    orientations = [[1, 0, 0, 0, 0, -1], [right, 0, 0, 0, 0, -1]]
    items = detectors(ANTERIOR, POSTERIOR, orientations=orientations)
    frame = BACK if stored == "as_seen" else BACK[:, ::-1]
    scan = read_scan(save(nm(FRONT, frame, DetectorInformationSequence=items), path))

    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])
    assert scan.notes["posterior_stored"] == stored
    assert scan.notes["posterior_stored_from"] == "Image Orientation (Patient)"


@pytest.mark.parametrize(("letters", "stored"), [(["R", "F"], "as_seen"), (["L", "F"], "mirrored")])
def test_patient_orientation_says_it_too(path, letters, stored):
    frame = BACK if stored == "as_seen" else BACK[:, ::-1]
    scan = read_scan(save(nm(frame, ImageID="POST", PatientOrientation=letters), path))

    np.testing.assert_array_equal(scan.counts, [BACK])
    assert scan.notes["posterior_stored"] == stored


def test_a_drawing_on_the_stored_picture_takes_the_same_turn(path):
    lying = BACK[:, ::-1].T  # mirrored, and on its side
    drawn = lying == lying.max()
    scan = read_scan(save(nm(lying, ImageID="POST", PatientOrientation=["F", "L"]), path))

    turn = scan.turns["posterior"]
    assert turn.stored_shape == drawn.shape
    np.testing.assert_array_equal(turn.apply(drawn), BACK.max() == BACK)


def test_what_the_user_says_rules_over_the_file(path):
    save(nm(BACK, ImageID="POST", PatientOrientation=["L", "F"]), path)
    scan = read_scan(path, posterior="as_seen")
    np.testing.assert_array_equal(scan.counts, [BACK])


def test_an_orientation_of_another_plane_is_not_believed(path):
    orientations = [[1, 0, 0, 0, 1, 0]] * 2  # axial, as some cameras write for everything
    items = detectors(ANTERIOR, POSTERIOR, orientations=orientations)
    scan = read_scan(save(nm(FRONT, BACK, DetectorInformationSequence=items), path))

    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])
    assert scan.notes["posterior_stored_from"] == "assumed"


def test_feet_first_is_turned_upright(path):
    scan = read_scan(save(nm(FRONT[::-1], PatientOrientation=["L", "H"]), path))
    np.testing.assert_array_equal(scan.counts, [FRONT])
    assert scan.notes["anterior_turned"] == "upside down"


def test_a_scan_on_its_side_is_turned_if_it_says_where_the_head_is(path):
    lying = nm(FRONT.T, PatientOrientation=["F", "L"], PixelSpacing=[9.0, 9.1])
    scan = read_scan(save(lying, path))
    np.testing.assert_array_equal(scan.counts, [FRONT])
    assert scan.spacing_mm == (9.1, 9.0)

    save(nm(FRONT.T), path)
    with pytest.raises(DicomError, match="64 rows × 256 columns: it lies on its side"):
        read_scan(path)


# Pixels


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_counts_come_back_as_they_were(path, syntax):
    scan = read_scan(save(both(), path, syntax))
    np.testing.assert_array_equal(scan.counts, [FRONT, BACK])


def test_jpeg_lossless_is_read(path):
    gdcm = pytest.importorskip("gdcm")
    save(nm(FRONT), path)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(path))
    assert writer.Write()
    assert JPEGLosslessSV1.encode() in path.read_bytes()

    np.testing.assert_array_equal(read_scan(path).counts, [FRONT])


def test_without_the_gpl_decoder_the_extra_is_named():
    decoder = get_decoder(JPEGExtended12Bit)
    plugin = decoder._available["pylibjpeg"]
    decoder.remove_plugin("pylibjpeg")
    try:
        with pytest.raises(DicomError, match=r'pip install "mmseg-bone\[gpl-decoders\]"'):
            read_scan(REAL)
    finally:
        decoder._available["pylibjpeg"] = plugin


def test_damaged_pixels_are_refused():
    lossy = get_testdata_file("JPEG-lossy.dcm", download=False)
    with pytest.raises(DicomError, match="cannot be decoded"):
        read_scan(lossy)


def test_a_picture_compressed_below_zero_is_refused():
    with pytest.raises(DicomError, match="go down to -30"):
        read_scan(get_testdata_file("JPEG2000.dcm", download=False))


def test_signed_pixels_are_read(path):
    scan = read_scan(save(nm(FRONT.astype(np.int16)), path))
    np.testing.assert_array_equal(scan.counts, [FRONT])
    assert scan.counts.dtype == np.uint16


def test_counts_beyond_16_bits_are_kept(path):
    scan = read_scan(save(nm(FRONT, RescaleSlope=1000, RescaleIntercept=0), path))
    np.testing.assert_array_equal(scan.counts, [FRONT.astype(np.uint32) * 1000])
    assert scan.counts.dtype == np.uint32


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"), [(2, 0, np.uint16), (0.25, 0, np.float32), (1, 5, np.uint16)]
)
def test_the_rescale_slope_is_applied(path, slope, intercept, dtype):
    tags = {"RescaleSlope": slope, "RescaleIntercept": intercept}
    frame = FRONT + np.uint16(FRONT.max() % 2 == 0)  # odd numbers, so that a quarter shows
    scan = read_scan(save(nm(frame, **tags), path))
    np.testing.assert_allclose(scan.counts[0], frame * float(slope) + intercept)
    assert scan.counts.dtype == dtype


def test_padding_is_no_count(path):
    frame = FRONT.astype(np.int16)
    frame[:, 0] = -1
    dataset = nm(frame)
    dataset.add_new("PixelPaddingValue", "SS", -1)
    np.testing.assert_array_equal(read_scan(save(dataset, path)).counts, [FRONT])


def test_monochrome1_shows_low_counts_white_and_leaves_them_counts(path):
    scan = read_scan(save(nm(FRONT, PhotometricInterpretation="MONOCHROME1"), path))
    np.testing.assert_array_equal(scan.counts, [FRONT])


def test_a_monochrome1_negative_is_turned_over(path):
    negative = (4095 - FRONT).astype(np.uint16)
    scan = read_scan(save(nm(negative, PhotometricInterpretation="MONOCHROME1"), path))
    np.testing.assert_array_equal(scan.counts, [FRONT])
    assert scan.notes["stored_as"] == "negative"


def test_a_negative_that_says_it_is_none_is_refused(path):
    save(nm((4095 - FRONT).astype(np.uint16)), path)
    with pytest.raises(DicomError, match="air around the patient is brighter"):
        read_scan(path)


def test_a_blank_view_is_read_as_blank(path):
    scan = read_scan(save(nm(np.zeros_like(FRONT)), path))
    assert scan.counts.sum() == 0


@pytest.mark.parametrize(
    ("rows", "columns", "mm"), [(512, 128, 4.5), (1024, 512, 1.1), (200, 60, 9)]
)
def test_other_matrices_are_read(path, rows, columns, mm):
    frame = body(rows, columns)
    scan = read_scan(save(nm(frame, PixelSpacing=[mm, mm]), path))
    np.testing.assert_array_equal(scan.counts, [frame])


# Spacing


def test_a_missing_pixel_size_is_asked_for(path):
    save(nm(FRONT, PixelSpacing=None), path)
    with pytest.raises(DicomError, match=r"Pixel Spacing \(0028,0030\) is missing.*--spacing"):
        read_scan(path)

    scan = read_scan(path, spacing_mm=(9.0, 8.5))
    assert scan.spacing_mm == (9.0, 8.5)
    assert scan.notes["spacing_from"] == "given"


def test_a_pixel_size_against_the_file_is_refused(path):
    save(nm(FRONT), path)
    with pytest.raises(DicomError, match=r"9.04 × 9.04 mm, but 2.4 × 2.4"):
        read_scan(path, spacing_mm=(2.4, 2.4))
    assert read_scan(path, spacing_mm=(9.04, 9.04)).notes["spacing_from"] == "Pixel Spacing"


# What is no whole-body bone scan


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"Modality": "CT"}, r"is a CT \(Modality CT\)"),
        ({"Modality": "OT"}, "screen capture"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "RECON TOMO"]}, "SPECT volume"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "DYNAMIC"]}, "dynamic scan"),
        (
            {"StudyDescription": "LUNG PERFUSION", "SeriesDescription": "ZHANGSAN"},
            "says lung, and nothing says bone",
        ),
        ({"StudyDescription": "131I 全身显像", "SeriesDescription": "WB"}, "says iodine"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "STATIC"], "PixelSpacing": [2.4, 2.4]},
            "614 mm long.*spot view",
        ),
        ({"PixelSpacing": [0.1, 0.1]}, "no gamma camera's"),
        ({"PixelSpacing": [9.0, 40.0]}, "no gamma camera's"),
        ({"BurnedInAnnotation": "YES"}, "burned into the picture"),
        ({"PixelData": None}, "holds no image"),
        (
            {"DetectorInformationSequence": detectors(view_code("G-5223", "Left lateral"))},
            "spot view",
        ),
    ],
)
def test_what_is_no_bone_scan_is_refused_in_words(path, tags, words):
    save(nm(FRONT, **tags), path)
    with pytest.raises(DicomError, match=words) as error:
        read_scan(path)
    assert str(error.value).startswith(f"{path}: ")
    assert str(path) not in error.value.reason
    assert identities_in(str(error.value).encode()) == []


def test_a_colour_picture_is_refused(path):
    dataset = nm(FRONT.astype(np.uint8), SamplesPerPixel=3, PhotometricInterpretation="RGB")
    with pytest.raises(DicomError, match=r"colour picture \(RGB\)"):
        read_scan(save(dataset, path))


def test_two_views_side_by_side_are_refused(path):
    save(nm(np.concatenate([FRONT, BACK], axis=1)[:, 10:-10]), path)
    with pytest.raises(DicomError, match="two views side by side"):
        read_scan(path)


def test_empty_columns_beside_the_field_do_no_harm(path):
    padded = np.pad(FRONT, ((0, 0), (96, 96)))
    np.testing.assert_array_equal(read_scan(save(nm(padded), path)).counts, [padded])


def test_three_frames_are_refused(path):
    save(nm(FRONT, BACK, FRONT, DetectorVector=None), path)
    with pytest.raises(DicomError, match="3 frames.*one or two"):
        read_scan(path)


def test_views_of_two_matrices_are_refused(tmp_path):
    front = save(nm(FRONT, ImageID="ANT"), tmp_path / "a.dcm")
    back = save(nm(body(512, 64), ImageID="POST"), tmp_path / "b.dcm")
    with pytest.raises(DicomError, match="the views do not fit: 256×64 pixels.*512×64 pixels"):
        read_scan([front, back])


def test_what_is_no_dicom_is_refused(tmp_path):
    thesis = tmp_path / "thesis.dcm"
    thesis.write_text("我的论文 " * 100)
    with pytest.raises(DicomError, match="DICOM"):
        read_scan(thesis)
    with pytest.raises(DicomError, match="no such file"):
        read_scan(tmp_path / "missing.dcm")
    (tmp_path / "empty.dcm").write_bytes(b"")
    with pytest.raises(DicomError, match="DICOM"):
        read_scan(tmp_path / "empty.dcm")


@pytest.mark.parametrize("keep", [200, 2000, 20_000])
def test_a_torn_file_is_refused(path, keep):
    save(both(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DicomError):
        read_scan(path)


@pytest.mark.parametrize("declared", [None, "ISO_IR 100", "ISO 2022 IR 58", "ISO_IR 192"])
@pytest.mark.parametrize("code", ["gb18030", "utf-8"])
def test_a_chinese_name_is_known_whatever_code_the_header_declares(path, declared, code):
    """Reports are cleaned of it, so it must read 欧阳建国 and not Å·Ñô½¨¹ú."""
    dataset = nm(FRONT, SpecificCharacterSet=declared, SeriesDescription="MDP")
    dataset.PatientName = PersonName("OUYANG^JIANGUO=欧阳^建国".encode(code))
    save(dataset, path)

    assert {"欧阳建国", "OUYANG JIANGUO", "JIANGUOOUYANG", "H0098765"} <= identities(path)


def test_a_latin_name_stays_what_it_was(path):
    save(nm(FRONT, SpecificCharacterSet="ISO_IR 100", SeriesDescription="MDP",
            PatientName="Berra^James", OtherPatientNames=["A B", "C"]), path)  # fmt: skip

    found = identities(path)
    assert {"Berra James", "JamesBerra", "B A"} <= found
    assert all(word.isascii() for word in found)


def test_a_damaged_header_knows_nobody(path):
    path.write_bytes(b"H0098765" * 100)
    assert identities(path) == frozenset()
