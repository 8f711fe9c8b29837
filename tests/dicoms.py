"""Synthetic NM DICOM files, with a patient's identity planted in every place it hides."""

from pathlib import Path

import numpy as np
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, NuclearMedicineImageStorage

UID = "1.2.826.0.1.3680043.8.498.77441"  # part of an instance UID is as good as a number
IDENTITY = [
    "ZHANGSAN", "张三丰", "BERRA", "H0098765", "A5512345", "19510213", "20240607", "110101",
    "Renmin", "DrHOUSE", "STATION7", UID,
]  # fmt: skip
SPACING_MM = 9.04  # 256 rows of them are a 2.3 m field


def body(rows=256, columns=64):
    """A view as its camera saw it: warm body, hot head above, one hot spot right of the middle."""
    counts = np.zeros((rows, columns), np.uint16)
    counts[rows // 8 : -rows // 8, columns // 4 : -columns // 4] = 20
    counts[rows // 8 : rows // 6, columns * 3 // 8 : columns * 5 // 8] = 60
    counts[rows // 3, columns * 5 // 8] = 200
    return counts


def view_code(value, meaning, scheme="SRT"):
    """An item of a View Code Sequence."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code


ANTERIOR = view_code("G-5215", "Anterior")
POSTERIOR = view_code("G-5216", "Posterior")


def detectors(*codes, orientations=None, angles=None):
    """A Detector Information Sequence with these view codes (None for an item without)."""
    items = []
    for place, code in enumerate(codes):
        item = Dataset()
        if code is not None:
            item.ViewCodeSequence = [code]
        if orientations:
            item.ImageOrientationPatient = orientations[place]
        if angles:
            item.StartAngle = angles[place]
        items.append(item)
    return items


def nm(*frames, **tags):
    """A planar NM image of these frames; a tag set to None is left out."""
    pixels = np.stack(frames)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = NuclearMedicineImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = f"{UID}.9"
    _plant(dataset)
    dataset.SOPClassUID = NuclearMedicineImageStorage
    dataset.SOPInstanceUID = f"{UID}.9"
    dataset.Modality = "NM"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"]
    dataset.Manufacturer = "SIEMENS NM"
    dataset.PatientSex, dataset.PatientAge = "F", "067Y"
    dataset.NumberOfFrames = len(pixels)
    dataset.Rows, dataset.Columns = pixels.shape[1:]
    dataset.PixelSpacing = [SPACING_MM, SPACING_MM]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(np.issubdtype(pixels.dtype, np.signedinteger))
    vector = list(range(1, len(pixels) + 1))
    dataset.DetectorVector = vector if len(vector) > 1 else vector[0]
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    for keyword, value in tags.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def _plant(dataset):
    """A patient's identity, as real files carry it."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "ZHANGSAN=张三丰"
    dataset.PatientID, dataset.AccessionNumber = "H0098765", "A5512345"
    dataset.PatientBirthDate = "19510213"
    dataset.StudyDate = dataset.AcquisitionDate = dataset.ContentDate = "20240607"
    dataset.OtherPatientIDs = "110101195102130021"
    dataset.InstitutionName, dataset.StationName = "Renmin Hospital", "STATION7"
    dataset.ReferringPhysicianName = "DrHOUSE"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{UID}.1", f"{UID}.2"
    dataset.StudyDescription = "WB Bone ZHANGSAN"
    dataset.SeriesDescription = "MDP 张三丰 H0098765"
    dataset.ImageComments = "for DrHOUSE"
    block = dataset.private_block(0x0009, "GEMS_GENIE_1", create=True)
    block.add_new(0x40, "LO", "BERRA,JAMES")


def save(dataset, path, syntax=None):
    """Write a dataset, compressed by a transfer syntax if one is given."""
    if syntax is not None:
        dataset.compress(syntax)
    dataset.save_as(path, enforce_file_format=True)
    return Path(path)


def identities_in(content: bytes):
    """Which planted identities a file or a screen shows."""
    return [
        identity
        for identity in IDENTITY
        if any(identity.encode(code) in content for code in ("utf-8", "gb18030", "utf-16-le"))
        or identity.encode("unicode_escape") in content
    ]
