"""Which tags of a DICOM file are read at all, and what of them may be remembered."""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset, Sequence, dcmread
from pydicom.errors import InvalidDicomError

from mmseg_bone.errors import DicomError

# An allow-list: what is not here is skipped by the parser. No name, number, date or private tag.
READ = [
    # what it is
    "SOPClassUID", "Modality", "ImageType", "ImageID", "BodyPartExamined", "BurnedInAnnotation",
    "StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments", "ViewPosition",
    "RadiopharmaceuticalInformationSequence", "EnergyWindowInformationSequence",
    "StudyInstanceUID",  # only to see that two files are of one study
    # its frames
    "NumberOfFrames", "DetectorVector", "DetectorInformationSequence", "EnergyWindowVector",
    "ViewCodeSequence", "PatientOrientation", "ImageOrientationPatient", "PatientPosition",
    # its pixels
    "Rows", "Columns", "PixelSpacing", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "PixelPaddingValue", "RescaleSlope", "RescaleIntercept", "LossyImageCompression",
    "PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    # what the notes keep, made coarse
    "Manufacturer", "PatientSex", "PatientAge",
]  # fmt: skip
_MAKERS = {
    "ge": r"^ge\b|general electric|elscint|smv|sopha",
    "siemens": r"siemens|adac-siemens",
    "philips": r"philips|adac|picker|marconi",
    "mediso": r"mediso",
    "toshiba": r"toshiba|canon",
    "shimadzu": r"shimadzu",
    "spectrum dynamics": r"spectrum",
    "hamamatsu": r"hamamatsu",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings off screen and log: they quote values, and so perhaps names."""
    logger = logging.getLogger("pydicom")
    was = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = was


def open_dicom(path: Path) -> Dataset:
    """The allowed tags of a DICOM file.

    Args:
        path: The file; one without the customary preamble is read too.

    Raises:
        DicomError: There is no such file, or it is no DICOM.
    """
    if not path.is_file():
        raise DicomError("there is no such file.", path)
    try:
        with quiet():
            try:
                dataset = dcmread(path, specific_tags=list(READ))
            except InvalidDicomError:
                dataset = dcmread(path, specific_tags=list(READ), force=True)
            _drop_damaged(dataset)
    # A damaged file makes the parser fail in any way at all; its words may quote the file.
    except Exception as error:
        raise DicomError(
            f"cannot be read as DICOM ({type(error).__name__}). Export it again from the archive.",
            path,
        ) from None
    if "Rows" not in dataset or "Modality" not in dataset:
        raise DicomError(
            "is no DICOM image: no DICOM preamble, no rows of pixels. Name the files that "
            "the archive exported, not its index or a picture made of them.",
            path,
        )
    return dataset


def _drop_damaged(dataset: Dataset) -> None:
    """Convert all values now, as pydicom otherwise does on access; one that fails is missing."""
    for tag in list(dataset.keys()):
        try:
            value = dataset[tag].value
        except (ValueError, TypeError, AttributeError, NotImplementedError, OverflowError):
            del dataset[tag]
            continue
        for item in value if isinstance(value, Sequence) else ():
            _drop_damaged(item)


def text_of(dataset: Dataset, keyword: str) -> str:
    """A value as text; empty where it is missing."""
    value = dataset.get(keyword)
    return "" if value is None else str(value)


def notes_of(dataset: Dataset) -> dict[str, str]:
    """Maker, sex and decade of age: what research needs of a header, and no more."""
    notes = {"camera": _maker(text_of(dataset, "Manufacturer"))}
    if (sex := text_of(dataset, "PatientSex").strip().upper()) in ("M", "F"):
        notes["sex"] = sex
    if age := re.fullmatch(r"(\d{1,3})Y", text_of(dataset, "PatientAge").strip().upper()):
        # The very old are few enough to be known by their age: one class from 90 on.
        notes["decade_of_age"] = str(min(int(age[1]) // 10 * 10, 90))
    return notes


def _maker(manufacturer: str) -> str:
    for maker, pattern in _MAKERS.items():
        if re.search(pattern, manufacturer.strip().lower()):
            return maker
    return "other"
