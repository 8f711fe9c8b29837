"""A phantom's scan → an NM DICOM file such as a gamma camera sends.

So that hospital software and ``prepare`` can be tried without a patient.

Source: DICOM PS3.3 A.5 (NM Image IOD), C.8.4 (its modules); PS3.16 CID 26 (projections), CID 19-21
(patient orientation), CID 18 (isotopes). Scan speed and window as in a public GE whole-body scan.
"""

import hashlib
import io
from os import PathLike
from pathlib import Path

import numpy as np
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, NuclearMedicineImageStorage

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom_fake import FakeIdentity
from mmseg_bone.io.store import write_atomically
from mmseg_bone.study import Study

_SOFTWARE = "mmseg-bone phantom"
_MAKERS = {  # as their cameras write it
    "siemens": "SIEMENS NM",
    "ge": "GE MEDICAL SYSTEMS",
    "philips": "Philips Medical Systems",
    "mediso": "Mediso",
}
_SPEED_MM_PER_S = 2.5  # 15 cm/min
_FIELD_MM = 400.0  # of the crystal, along the body: how long each row is seen
_WINDOW_KEV = (126.0, 154.0)  # 140 keV, 20 %
_SCT = "SCT"
_VIEW_CODES = {
    "anterior": ("399321004", "Anterior projection"),
    "posterior": ("399001007", "Posterior projection"),
}
# Columns, then rows, in the patient's axes (left, back, head). The camera behind her sees her
# left at the image's left, so columns lead to her right.
_ORIENTATION = {"anterior": [1, 0, 0, 0, 0, -1], "posterior": [-1, 0, 0, 0, 0, -1]}
_START_ANGLE = {"anterior": 180, "posterior": 0}
_SEX = {"female": "F", "male": "M", "F": "F", "M": "M"}


def write_dicom(
    path: str | PathLike[str], study: Study, *, identity: FakeIdentity | None = None
) -> tuple[str, ...]:
    """Write the scan of a study as one whole-body NM file, a frame per view.

    Views are stored as the camera saw them, in the convention of ``Study.counts``, and say so in
    Image Orientation. Sex, decade of age and camera are taken from the notes of a phantom. UIDs
    are of the study's key and counts, so that the same study gives the same bytes.

    Args:
        path: File to write, whole or not at all.
        study: Whose views to write; mask and report are not in the file.
        identity: Made-up identity to plant where real files carry one, to test that it is left
            behind; None writes ``PHANTOM`` and the study's keys.

    Returns:
        What was planted, none of which may be found in anything made from the file.

    Raises:
        DicomError: Counts that 16 bits cannot hold.
    """
    dataset = to_dicom(study, identity=identity)
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    write_atomically(Path(path), content.getvalue())
    return () if identity is None else identity.strings


def to_dicom(study: Study, *, identity: FakeIdentity | None = None) -> Dataset:
    """The dataset of ``write_dicom``."""
    highest = np.iinfo(np.uint16).max
    if (study.counts != np.round(study.counts)).any() or study.counts.max() > highest:
        raise DicomError(
            f"study {study.id!r}: counts up to {study.counts.max():g}, or not whole; a file holds "
            f"whole numbers up to {highest}. Write counts as acquired, not an image made of them."
        )
    dataset = Dataset()
    _sop_common(dataset, study)
    _patient_and_study(dataset, study)
    _series_and_equipment(dataset, study)
    _frames(dataset, study)
    _whole_body(dataset, study)
    _isotope(dataset)
    dataset.NumberOfDetectors = len(study.views)
    dataset.DetectorInformationSequence = [_detector(study, view) for view in study.views]
    if identity is not None:
        identity.plant(dataset)
    return dataset


def _uid(study: Study, role: str) -> UID:
    """A UID under 2.25, which is for numbers of 128 bits that nobody else will draw."""
    counts = np.ascontiguousarray(study.counts).tobytes()
    digest = hashlib.sha256(f"{study.id}/{role}/".encode() + counts).digest()
    return UID(f"2.25.{int.from_bytes(digest[:16], 'big')}")


def _code(value: str, meaning: str, scheme: str = _SCT) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


def _sop_common(dataset: Dataset, study: Study) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = NuclearMedicineImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = _uid(study, "image")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = NuclearMedicineImageStorage
    dataset.SOPInstanceUID = _uid(study, "image")


def _patient_and_study(dataset: Dataset, study: Study) -> None:
    dataset.PatientName = f"PHANTOM^{study.patient}"
    dataset.PatientID = study.patient
    dataset.PatientBirthDate = ""
    dataset.PatientSex = _SEX.get(study.notes.get("sex", ""), "")
    decade = study.notes.get("age_decade") or study.notes.get("decade_of_age")
    if decade is not None and decade.isdigit():
        dataset.PatientAge = f"{int(decade) + 5:03d}Y"
    dataset.StudyInstanceUID = _uid(study, "study")
    dataset.StudyDate = dataset.StudyTime = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = ""
    dataset.AccessionNumber = ""
    dataset.StudyDescription = "Whole Body Bone"


def _series_and_equipment(dataset: Dataset, study: Study) -> None:
    dataset.Modality = "NM"
    dataset.SeriesInstanceUID = _uid(study, "series")
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "Whole Body Bone"
    dataset.BodyPartExamined = "WHOLEBODY"
    dataset.PatientOrientationCodeSequence = [_code("102538003", "Recumbent")]
    supine = _code("40199007", "Supine")
    dataset.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [supine]
    dataset.PatientGantryRelationshipCodeSequence = [_code("102540008", "Headfirst")]
    dataset.FrameOfReferenceUID = _uid(study, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    name, _, model = study.notes.get("camera", "").partition(" ")
    dataset.Manufacturer = _MAKERS.get(name.lower(), _SOFTWARE)
    dataset.ManufacturerModelName = model or "phantom"
    dataset.SoftwareVersions = _SOFTWARE


def _frames(dataset: Dataset, study: Study) -> None:
    pixels = np.ascontiguousarray(study.counts.astype("<u2"))
    frames, rows, columns = pixels.shape
    dataset.InstanceNumber = 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    dataset.AcquisitionDate = dataset.AcquisitionTime = ""
    dataset.LossyImageCompression = "00"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames, rows, columns
    # Number windows and detectors as the standard asks of WHOLE BODY (C.8.4.8.1.1).
    dataset.FrameIncrementPointer = [0x00540010, 0x00540020]
    dataset.EnergyWindowVector = [1] * frames
    dataset.DetectorVector = list(range(1, frames + 1))
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelSpacing = [float(mm) for mm in study.spacing_mm]
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"


def _whole_body(dataset: Dataset, study: Study) -> None:
    length_mm = study.counts.shape[1] * study.spacing_mm[0]
    dataset.CountsAccumulated = int(study.counts.sum())
    dataset.ActualFrameDuration = round(length_mm / _SPEED_MM_PER_S * 1000)
    dataset.ScanVelocity = _SPEED_MM_PER_S
    dataset.WholeBodyTechnique = "1PS"
    dataset.ScanLength = round(length_mm)
    dataset.TableTraverse = round(max(length_mm - _FIELD_MM, 0.0), 1)
    dataset.AcquisitionTerminationCondition = "TIME"


def _isotope(dataset: Dataset) -> None:
    limits = Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = _WINDOW_KEV
    window = Dataset()
    window.EnergyWindowName = "Tc99m"
    window.EnergyWindowRangeSequence = [limits]
    dataset.NumberOfEnergyWindows = 1
    dataset.EnergyWindowInformationSequence = [window]
    tracer = Dataset()
    tracer.RadionuclideCodeSequence = [_code("72454003", "Technetium-99m")]
    tracer.Radiopharmaceutical = "Tc-99m MDP"
    tracer.RadiopharmaceuticalRoute = "Intravenous route"
    dataset.RadiopharmaceuticalInformationSequence = [tracer]


def _detector(study: Study, view: str) -> Dataset:
    detector = Dataset()
    name = study.notes.get("camera", "")
    detector.CollimatorGridName = name.split(" ")[-1] if name else "LEHR"
    detector.CollimatorType = "PARA"
    detector.FieldOfViewShape = "RECTANGLE"
    detector.FieldOfViewDimensions = [round(_FIELD_MM), round(_field_width(study))]
    detector.StartAngle = _START_ANGLE[view]
    detector.ViewCodeSequence = [_code(*_VIEW_CODES[view])]
    detector.ImageOrientationPatient = _ORIENTATION[view]
    detector.ImagePositionPatient = [0.0, 0.0, 0.0]
    return detector


def _field_width(study: Study) -> float:
    return float(study.counts.shape[2] * study.spacing_mm[1])
