"""Is it a whole-body bone scan? What is not is refused in words."""

import re

import numpy as np
from jaxtyping import Num
from pydicom import Dataset

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom_tags import text_of

# A whole-body field is about 2 m long and as wide as a crystal. Our choice: a stretched toddler
# is still imaged in the long field; a spot view of a large crystal is 600 mm long.
_SHORTEST_MM = 1200.0
_WIDEST_MM = 800.0
_PIXEL_MM = (0.5, 12.0)

_OTHER_MODALITY = {
    "CT": "a CT",
    "PT": "a PET",
    "MR": "an MR",
    "CR": "a radiograph",
    "DX": "a radiograph",
    "XA": "an angiography",
    "US": "an ultrasound image",
    "SC": "a screen capture",
    "OT": "a screen capture or other derived picture",
    "SEG": "a segmentation",
    "SR": "a structured report",
    "DOC": "a document",
    "RTDOSE": "a dose map",
    "PR": "a presentation state",
}
# Image Type (0008,0008), value 3. Source: DICOM PS3.3 C.8.4.9.1.1.
_OTHER_TYPE = {
    "TOMO": "a SPECT acquisition",
    "GATED TOMO": "a gated SPECT acquisition",
    "RECON TOMO": "a reconstructed SPECT volume",
    "RECON GATED TOMO": "a reconstructed gated SPECT volume",
    "GATED": "a gated scan",
    "DYNAMIC": "a dynamic scan",
}
_OTHER_ORGAN = {
    "lung": r"\blungs?\b|perfusion|ventilation|\bv/?q\b|\bmaa\b|肺",
    "thyroid": r"thyroid|甲状腺|甲旁|pertechnetate",
    "heart": r"cardiac|myocard|\bheart\b|\bmibi\b|\bmuga\b|心肌|心脏|sestamibi|tetrofosmin",
    "kidney": r"\brenal\b|\bkidneys?\b|renogram|\bdtpa\b|\bdmsa\b|\bmag-?3\b|肾动态|肾静态|肾图",
    "liver": r"hepato|\bliver\b|\bhida\b|biliary|肝胆|肝脏",
    "brain": r"\bbrain\b|cerebral|\becd\b|hmpao|\bdat\b|脑血流|脑灌注",
    "lymph": r"lympho|sentinel|淋巴",
    "iodine": r"\bi-?131\b|\b131-?i\b|\bi-?123\b|\bmibg\b|iodine|碘",
    "neuroendocrine": r"octreo|somatostatin|\bin-?111\b|生长抑素",
    "blood or infection": r"leu[ck]ocyte|\bwbc\b|gallium|\bga-?67\b|red cell|blood pool",
    "gut": r"gastric|esophag|oesophag|meckel|胃排空",
}
_BONE = r"bone|骨|skelet|osseous|\bmdp\b|\bhm?dp\b|\bwbs\b|oxidronate|medronate"
_DESCRIPTIONS = ("StudyDescription", "SeriesDescription", "ProtocolName", "BodyPartExamined")


def check_header(dataset: Dataset) -> None:
    """Refuse what its header says is no planar bone scan.

    Raises:
        DicomError: Another modality, a volume, another organ, or a picture of a screen.
    """
    _check_is_a_picture_of_counts(dataset)
    modality = text_of(dataset, "Modality").strip().upper()
    if modality != "NM":
        what = _OTHER_MODALITY.get(modality, "of another modality")
        raise DicomError(
            f"is {what} (Modality {_code(modality)}), no bone scan. Needed: the planar whole-body "
            f"NM image as the camera sent it."
        )
    kind = image_kind(dataset)
    if kind in _OTHER_TYPE:
        raise DicomError(
            f"is {_OTHER_TYPE[kind]} (Image Type {kind}), no planar scan. Needed: the whole-body "
            f"anterior and posterior images of the same visit."
        )
    if organ := _other_organ(dataset):
        raise DicomError(
            f"its description or tracer says {organ}, and nothing says bone: no bone scan. If it "
            f"is one all the same, correct its Study Description (0008,1030)."
        )


def _check_is_a_picture_of_counts(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        raise DicomError(
            f"holds no image (Modality {_code(text_of(dataset, 'Modality'))}, no Pixel Data). "
            f"Name the NM image itself, not a report or a presentation state."
        )
    if int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise DicomError(
            f"is a colour picture ({_code(text_of(dataset, 'PhotometricInterpretation'))}), a "
            f"screen capture rather than counts. Export the original NM image."
        )
    if text_of(dataset, "BurnedInAnnotation").strip().upper() == "YES":
        raise DicomError(
            "has writing burned into the picture (Burned In Annotation is YES), perhaps the "
            "patient's name. Export the original NM image."
        )


def image_kind(dataset: Dataset) -> str:
    """Value 3 of Image Type: ``WHOLE BODY``, ``STATIC``, ``TOMO``; empty if there is none."""
    values = [part.strip().upper() for part in dataset.get("ImageType") or []]
    return values[2] if len(values) > 2 else ""


def _other_organ(dataset: Dataset) -> str:
    """The organ another scan is of, where the header names one and does not name bone."""
    words = [text_of(dataset, keyword) for keyword in _DESCRIPTIONS]
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        words.append(text_of(item, "Radiopharmaceutical"))
        for keyword in ("RadiopharmaceuticalCodeSequence", "RadionuclideCodeSequence"):
            words += [text_of(code, "CodeMeaning") for code in item.get(keyword) or []]
    text = " ".join(words).lower().replace("_", " ")
    if re.search(_BONE, text):
        return ""
    return next((organ for organ, p in _OTHER_ORGAN.items() if re.search(p, text)), "")


def check_body_length(
    counts: Num[np.ndarray, "y x"], spacing_mm: tuple[float, float], *, whole_body: bool
) -> None:
    """Refuse an image too short or too wide to be one view of a whole body.

    Args:
        counts: One view, upright.
        spacing_mm: Its pixel size along y and x.
        whole_body: Whether Image Type says ``WHOLE BODY``; the length is then taken on trust.

    Raises:
        DicomError: A spot view, or two views side by side, or an impossible pixel size.
    """
    rows, columns = counts.shape
    if not _PIXEL_MM[0] <= min(spacing_mm) <= max(spacing_mm) <= _PIXEL_MM[1]:
        raise DicomError(
            f"pixels of {spacing_mm[0]:g} × {spacing_mm[1]:g} mm are no gamma camera's; expected "
            f"1 to 10 mm. Check Pixel Spacing (0028,0030)."
        )
    length, width = rows * spacing_mm[0], columns * spacing_mm[1]
    if not whole_body and length < _SHORTEST_MM:
        raise DicomError(
            f"is {rows} × {columns} pixels, {length:.0f} mm long, and its Image Type is not WHOLE "
            f"BODY: a spot view, no whole-body scan (those are about 2000 mm long)."
        )
    used = np.flatnonzero(counts.any(axis=0))
    if used.size and (used[-1] - used[0] + 1) * spacing_mm[1] > _WIDEST_MM:
        raise DicomError(
            f"is {width:.0f} mm wide, more than a camera sees ({_WIDEST_MM:.0f} mm): two views "
            f"side by side in one picture, or a wrong pixel size. Export the views as frames."
        )


def _code(value: str) -> str:
    """A coded value for a message; free text, which may hold anything, is not quoted."""
    value = value.strip()
    return value if re.fullmatch(r"[A-Z][A-Z0-9_ ]{0,15}", value) else "unknown"
