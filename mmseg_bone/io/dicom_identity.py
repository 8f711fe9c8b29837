"""Who a DICOM file is of, for one purpose: to take these words out of the report.

``read_scan`` never reads these tags. What this returns is not to be kept, shown or logged.
"""

import re
from pathlib import Path

from pydicom import DataElement, Dataset, dcmread
from pydicom.tag import Tag

from mmseg_bone.io.dicom_tags import quiet

_TAGS = [
    Tag(keyword)
    for keyword in (
        "PatientName",
        "OtherPatientNames",
        "PatientID",
        "OtherPatientIDs",
        "AccessionNumber",
        "StudyID",
        "ReferringPhysicianName",
        "OperatorsName",
        "PerformingPhysicianName",
        "NameOfPhysiciansReadingStudy",
        "InstitutionName",
    )
] + [Tag(0x0009, 0x1040)]  # GE's Patient Object Name, left behind by many anonymisers


def identities(path: Path) -> frozenset[str]:
    """Names and numbers in the header of a file, in the spellings a report may use.

    Args:
        path: A DICOM file; one that cannot be read gives nothing.
    """
    try:
        with quiet():
            dataset = dcmread(path, specific_tags=_TAGS, force=True)
            found = {word for element in _elements(dataset) for word in _spellings(element)}
    # A damaged file fails in any way at all; ``read_scan`` is the one to say so.
    except Exception:
        return frozenset()
    return frozenset(word for word in found if len(word) > 1)


def _elements(dataset: Dataset) -> list[DataElement]:
    return [dataset[tag] for tag in _TAGS if tag in dataset]


def _spellings(element: DataElement) -> set[str]:
    words: set[str] = set()
    values = element.value if element.VM > 1 else [element.value]
    for value in values:
        for form in str(value or "").split("="):  # Latin = ideographic = phonetic
            parts = [part for part in re.split(r"[\^,\s]+", form) if part]
            if parts:
                words |= {
                    joint.join(order) for joint in ("", " ") for order in (parts, parts[::-1])
                }
    return words
