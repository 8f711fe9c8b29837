"""Which frame is the anterior view, and which the posterior: what a file says, and what is habit.

Source: DICOM PS3.3 C.8.4.11 (NM Detector Module), C.8.4.15 (Start Angle); PS3.16 CID 26
(Nuclear Medicine Projections).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom_check import image_kind
from mmseg_bone.io.dicom_tags import text_of
from mmseg_bone.study import VIEWS

# SNOMED CT, SNOMED RT, and the radiographic projections some cameras write instead.
_CODES = {
    "anterior": {"399321004", "G-5215", "399348003", "R-10206"},
    "posterior": {"399001007", "G-5216", "272479007", "R-10214"},
}
_WORDS = {
    "anterior": r"(?<![a-z])ant(erior)?(?![a-z])|前位|前面|正面",
    "posterior": r"(?<![a-z])post(erior)?(?![a-z])|后位|後位|后面|背面",
}
_AP = {
    **dict.fromkeys(("ap", "antero-posterior", "anteroposterior"), "anterior"),
    **dict.fromkeys(("pa", "postero-anterior", "posteroanterior"), "posterior"),
}
_SPOT = r"lateral|oblique|\b[lr][ap]o\b|\b(l|r|lt|rt) ?lat\b|vertex|\btop\b|斜位|侧位"
_ASSUMED = "assumed"
_ENERGY_KEV = 140.5  # of technetium-99m
_HOW = "Say which is which (views=, or the columns anterior and posterior of the manifest)."


@dataclass(frozen=True)
class Frame:
    """One image in a file.

    Attributes:
        index: Its place in the file, from 0.
        detector: Item of Detector Information Sequence it was made by; empty if there is none.
        said: View the file names, or empty.
        source: By what it names it: ``view code``, ``description``, ``start angle``.
        habit: View that makers' habit gives a frame of this detector, or empty.
        whole_body: Whether Image Type says ``WHOLE BODY``.
    """

    index: int
    detector: Dataset
    said: str
    source: str
    habit: str
    whole_body: bool


def frames_of(dataset: Dataset) -> list[Frame]:
    """The frames of one file that may be views, with what the file says of each.

    Raises:
        DicomError: More than two, or spot views among them.
    """
    count = int(dataset.get("NumberOfFrames") or 1)
    numbers = _vector(dataset, "DetectorVector", count)
    chosen = _in_the_window_of_technetium(dataset, count)
    if len(chosen) > len(VIEWS):
        raise DicomError(
            f"has {len(chosen)} frames; a whole-body scan has one or two, anterior and posterior. "
            f"Leave spot views, dynamic frames and slices out."
        )
    items = list(dataset.get("DetectorInformationSequence") or [])
    prone = text_of(dataset, "PatientPosition").strip().upper() in ("HFP", "FFP")
    frames = []
    for place, index in enumerate(chosen):
        number = numbers[index] if numbers else None
        at = (number or place + 1) - 1
        detector = items[at] if 0 <= at < len(items) else Dataset()
        said, source = _said(dataset, detector, alone=len(chosen) == 1)
        habit = "" if prone else _habit(number, place, len(chosen))
        frames.append(
            Frame(index, detector, said, source, habit, image_kind(dataset) == "WHOLE BODY")
        )
    return _with_angles(frames)


def name_views(
    frames: Sequence[Frame], given: Sequence[str] | None = None
) -> list[tuple[str, str]]:
    """View of each frame, and what it is known from.

    Args:
        frames: Of one file, or of two.
        given: What the user says they are, in this order; None if nothing.

    Raises:
        DicomError: Not known, or contradictory, or the same view twice.
    """
    if given is not None:
        return _as_given(frames, given)
    named = [
        (frame.said, frame.source) if frame.said else (frame.habit, f"{_ASSUMED} by detector")
        for frame in frames
    ]
    if len(named) == len(VIEWS):
        known = [frame.said for frame in frames]
        for i, j in ((0, 1), (1, 0)):  # one is named: the other frame is the other view
            if known[i] and not known[j]:
                named[j] = (_other(known[i]), "the other one's name")
    for view, _ in named:
        if not view:
            raise DicomError(
                f"does not say which view it is: no View Code, description, or detector. {_HOW}"
            )
    if len({view for view, _ in named}) != len(named):
        raise DicomError(f"both images seem to be {named[0][0]} ({named[0][1]}). {_HOW}")
    return named


def _as_given(frames: Sequence[Frame], given: Sequence[str]) -> list[tuple[str, str]]:
    if len(given) != len(frames) or not set(given) <= set(VIEWS) or len(set(given)) != len(given):
        raise DicomError(
            f"{len(frames)} images, but views given: {', '.join(given) or 'none'}. Name each image "
            f"once, of {', '.join(VIEWS)}."
        )
    for frame, view in zip(frames, given, strict=True):
        if frame.said and frame.said != view:
            raise DicomError(
                f"is said to be the {view} view, but its {frame.source} says {frame.said}. "
                f"Exchange the two, or correct the file."
            )
    return [(view, "given") for view in given]


def _said(dataset: Dataset, detector: Dataset, *, alone: bool) -> tuple[str, str]:
    codes = [*(detector.get("ViewCodeSequence") or [])]
    codes += [*(dataset.get("ViewCodeSequence") or [])] if alone else []
    for code in codes:
        meaning = text_of(code, "CodeMeaning").strip().lower()
        value = text_of(code, "CodeValue").strip().upper()
        for view in VIEWS:
            if value in _CODES[view]:
                return view, "view code"
        if re.search(_SPOT, meaning):
            raise DicomError(
                "its View Code names a lateral or oblique view: a spot view, no whole-body scan."
            )
        if view := _AP.get(meaning) or _one_word(meaning):
            return view, "view code"
    if alone:  # a description is of the whole file
        for keyword in ("ImageID", "SeriesDescription", "ViewPosition", "ImageComments"):
            if view := _one_word(text_of(dataset, keyword).lower().replace("_", " ")):
                return view, "description"
    return "", ""


def _one_word(text: str) -> str:
    """The view a text names, if it names just one (``ant/post`` and 前后位 name both)."""
    found = [view for view in VIEWS if re.search(_WORDS[view], text)]
    return found[0] if len(found) == 1 and "前后" not in text else ""


def _habit(number: int | None, place: int, count: int) -> str:
    """GE's and Siemens's habit with a supine patient: detector 1 above her, frame 1 its image."""
    if number in (1, 2):
        return VIEWS[number - 1]
    return VIEWS[place] if number is None and count == len(VIEWS) else ""


def _with_angles(frames: list[Frame]) -> list[Frame]:
    """Use Start Angle where nothing better is said: 0 is at the patient's back, 180 in front.

    Makers do not all keep to the standard's zero, so an angle that contradicts their habit
    settles nothing, and neither does the habit then.
    """
    named: list[Frame] = []
    for frame in frames:
        text = text_of(frame.detector, "StartAngle")
        angle = round(float(text)) % 360 if re.fullmatch(r"\s*-?[\d.]+\s*", text) else -1
        view = {180: "anterior", 0: "posterior"}.get(angle, "")
        if frame.said or not view or len(frames) < len(VIEWS):
            named.append(frame)
        elif view == frame.habit:
            named.append(_replace(frame, said=view, source="start angle"))
        else:
            named.append(_replace(frame, habit=""))
    return named


def _replace(frame: Frame, *, said: str = "", source: str = "", habit: str | None = None) -> Frame:
    habit = frame.habit if habit is None else habit
    return Frame(frame.index, frame.detector, said, source, habit, frame.whole_body)


def _other(view: str) -> str:
    return VIEWS[1 - VIEWS.index(view)]


def _vector(dataset: Dataset, keyword: str, count: int) -> list[int]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    numbers = [int(value)] if isinstance(value, int) else [int(part) for part in value]
    return numbers if len(numbers) == count else []


def _in_the_window_of_technetium(dataset: Dataset, count: int) -> list[int]:
    """Frames of the energy window around 140 keV, where a scatter window came along."""
    windows = _vector(dataset, "EnergyWindowVector", count)
    if len(set(windows)) < 2:
        return list(range(count))
    right = []
    for number, item in enumerate(dataset.get("EnergyWindowInformationSequence") or [], start=1):
        for limits in item.get("EnergyWindowRangeSequence") or []:
            low, high = limits.get("EnergyWindowLowerLimit"), limits.get("EnergyWindowUpperLimit")
            if low is not None and high is not None and float(low) <= _ENERGY_KEV <= float(high):
                right.append(number)
    if len(set(right)) != 1:
        raise DicomError(
            f"has {len(set(windows))} energy windows, and not exactly one of them lies around 140 "
            f"keV. Export the technetium window alone."
        )
    return [index for index, window in enumerate(windows) if window == right[0]]
