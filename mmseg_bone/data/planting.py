"""Errors planted in a phantom's report, to see whether they are found."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmseg_bone.anatomy import BONES, BY_NAME, mirrored
from mmseg_bone.errors import StudyError
from mmseg_bone.study import Focus, Study
from mmseg_bone.text.hearing import is_chinese, speaks_of_all
from mmseg_bone.text.rewriting import rename_site

PLANTS = ("none", "omission", "wrong_side", "wrong_level")
# Vertebrae, and ribs of a side, from the top.
_ROWS = (
    [bone.name for bone in BONES if bone.level is not None and bone.side == "midline"],
    *([b.name for b in BONES if b.level is not None and b.side == s] for s in ("left", "right")),
)
_FAR = 3  # levels; readers miscount by one, and a lesion may reach into the next


def plant(study: Study, kind: str, rng: np.random.Generator) -> Study | None:
    """A phantom whose report omits one metastasis, or names it in another place.

    The words of the report and what ``foci`` says of them change together. Only a metastasis
    that can be seen and is named for itself is chosen.

    Args:
        study: A phantom.
        kind: One of ``PLANTS``; ``none`` changes nothing, ``wrong_side`` names the same bone of the
            other side, ``wrong_level`` a vertebra or a rib at least three levels from it and from
            every other focus.
        rng: Draws the bone.

    Returns:
        None where nothing can be planted: no report in Chinese, no such focus, one that
        speaks of the whole skeleton, or no such place to name it in.

    Raises:
        StudyError: There is no such plant.
    """
    if kind not in PLANTS:
        raise StudyError(f"plant {kind!r} is none; expected one of {', '.join(PLANTS)}.")
    report = study.report
    if report is None or not is_chinese(report):
        return None
    if kind == "none":
        return study
    if speaks_of_all(report):
        return None
    places = [(bone, _elsewhere(study, bone, kind)) for bone in _named_metastases(study)]
    places = [(bone, names) for bone, names in places if names]
    if not places:
        return None
    bone, names = places[int(rng.integers(len(places)))]
    to = names[0] if len(names) == 1 else names[int(rng.integers(len(names)))]
    return replace(
        study,
        report=rename_site(report, bone, to),
        foci=tuple(_retold(focus, bone, to) for focus in study.foci),
    )


def _named_metastases(study: Study) -> Sequence[str]:
    """Bones in which a metastasis is seen, and which the report names."""
    if study.instances is None:
        return ()
    seen = set(np.unique(study.instances).tolist())
    bones = {f.named for f in study.foci if f.metastatic and f.number in seen and f.named}
    return sorted(bones - {f.named for f in study.foci if not f.metastatic})


def _elsewhere(study: Study, bone: str, kind: str) -> Sequence[str | None]:
    """Where the report may name it instead; None is nowhere."""
    if kind == "omission":
        return (None,)
    named = {f.named for f in study.foci}
    if kind == "wrong_side":
        other = mirrored(BY_NAME[bone]).name
        return () if other == bone or other in named else (other,)
    row = next((row for row in _ROWS if bone in row), [])
    taken = [row.index(b) for f in study.foci for b in {f.bone, f.named} if b in row]
    return [name for at, name in enumerate(row) if all(abs(at - t) >= _FAR for t in taken)]


def _retold(focus: Focus, bone: str, to: str | None) -> Focus:
    if focus.named != bone:
        return focus
    if to is None:
        return replace(focus, named="", mentioned=False, certainty="")
    return replace(focus, named=to)
