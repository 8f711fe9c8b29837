"""Left ↔ right, in image, mask and words."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Shaped, UInt8

from mmseg_bone.anatomy import BONES, BY_NAME, mirrored
from mmseg_bone.study import Focus, Report, Study

# 左 and 右; R5前 and L5前 (a rib by its side, where L5 alone is a vertebra); left and right.
_SIDES = re.compile(r"[左右]|[LR](?=\d{1,2}[前后侧腋])|\b(?:left|right)\b", re.IGNORECASE)
_PAIRS = (
    ("左", "右"),
    ("L", "R"),
    ("l", "r"),
    ("left", "right"),
    ("Left", "Right"),
    ("LEFT", "RIGHT"),
)
_OTHER = {a: b for one, other in _PAIRS for a, b in ((one, other), (other, one))}
_LABELS = np.array([0] + [mirrored(bone).label for bone in BONES], np.uint8)


def mirror(study: Study) -> Study:
    """Exchange the patient's left and right, in the image, the mask and the words.

    Anterior stays anterior: a mirrored patient has not turned round. Mirroring twice
    gives the study back.
    """
    flip: dict[str, Any] = {
        name: np.ascontiguousarray(part[..., ::-1])
        for name in ("counts", "mask", "instances", "classes", "bones")
        if (part := getattr(study, name)) is not None
    }
    if "bones" in flip:
        flip["bones"] = mirror_bones(flip["bones"])
    return replace(study, **flip, **mirror_words(study))


def mirror_words(study: Study) -> dict[str, Any]:
    """What a study says in words, its report and its foci, as of the mirrored patient."""
    return {
        "report": None if study.report is None else mirror_report(study.report),
        "foci": tuple(_mirror_focus(focus) for focus in study.foci),
    }


def mirror_bones(bones: UInt8[np.ndarray, "v y x"]) -> UInt8[np.ndarray, "v y x"]:
    """The labels of the same bones of the other side, each where it was."""
    return _LABELS.take(bones)


def in_anterior_sense(
    image: Shaped[np.ndarray, "view y x"], views: tuple[str, ...]
) -> Shaped[np.ndarray, "view y x"]:
    """All views with the patient's left at the right, as the anterior one has it.

    A posterior view is turned; turning it twice gives it back.
    """
    return np.stack(
        [v[:, ::-1] if name == "posterior" else v for name, v in zip(views, image, strict=True)]
    )


def mirror_report(report: Report) -> Report:
    """The report of the mirrored patient."""
    return Report(findings=_swap_sides(report.findings), impression=_swap_sides(report.impression))


def _swap_sides(text: str) -> str:
    return _SIDES.sub(lambda side: _OTHER.get(side[0], side[0]), text)


def _mirror_focus(focus: Focus) -> Focus:
    part = {"left_edge": "right_edge", "right_edge": "left_edge"}.get(focus.part, focus.part)
    # What the report names is mirrored with the report, be it right or one level off.
    return replace(focus, bone=_other(focus.bone), named=_other(focus.named), part=part)


def _other(bone: str) -> str:
    """Its name on the other side; none stays none."""
    return mirrored(BY_NAME[bone]).name if bone else ""
