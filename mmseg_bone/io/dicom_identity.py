"""Who a DICOM file is of, for one purpose: to take these words out of the report.

``read_scan`` never reads these tags. What this returns is not to be kept, shown or logged.
"""

import re
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.tag import BaseTag, Tag

from mmseg_bone.io.dicom_tags import quiet
from mmseg_bone.io.names import spellings

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
# What Chinese systems write, whatever the Specific Character Set says or does not say.
_CODES = ("gb18030", "utf-8")


def identities(path: Path) -> frozenset[str]:
    """Names and numbers in the header of a file, in the spellings a report may use.

    Args:
        path: A DICOM file; one that cannot be read gives nothing.
    """
    try:
        with quiet():
            dataset = dcmread(path, specific_tags=_TAGS, force=True)
            texts = {text for tag in _TAGS if tag in dataset for text in _texts(dataset, tag)}
    # A damaged file fails in any way at all; ``read_scan`` is the one to say so.
    except Exception:
        return frozenset()
    return frozenset(word for text in texts for word in spellings(text) if len(word) > 1)


def _texts(dataset: Dataset, tag: BaseTag) -> set[str]:
    """The values of an element: as declared, and as its bytes read where the declaration lies.

    A name in GB18030 declared as Latin 1, or not declared at all, reads Å·Ñô½¨¹ú.
    """
    stored = dataset.get_item(tag)  # before pydicom decodes it
    raw = stored.value if stored is not None and isinstance(stored.value, bytes) else b""
    element = dataset[tag]
    values = element.value if element.VM > 1 else [element.value]
    declared = {str(value or "") for value in values}
    octets = {raw, *(_latin(text) for text in declared)}
    undeclared = {
        text for code in _CODES for read in octets for text in _decoded(read, code).split("\\")
    }
    return declared | undeclared


def _latin(text: str) -> bytes:
    """The bytes that were read as Latin 1; none if they were not."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b""


def _decoded(octets: bytes, code: str) -> str:
    """Chinese text of these bytes; nothing if they are none in this code."""
    try:
        text = octets.decode(code).strip("\0 ")
    except UnicodeDecodeError:
        return ""
    return text if re.search("[一-龥]", text) else ""
