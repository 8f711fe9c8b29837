"""Errors planted in a phantom's report, to see whether they are found."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmseg_bone.anatomy import BY_NAME, mirrored
from mmseg_bone.errors import StudyError
from mmseg_bone.study import Focus, Study
from mmseg_bone.text.hearing import is_chinese, speaks_of_all
from mmseg_bone.text.rewriting import rename_site

PLANTS = ("none", "omission", "wrong_side")


def plant(study: Study, kind: str, rng: np.random.Generator) -> Study | None:
    """A phantom whose report omits one metastasis, or names it on the other side.

    The words of the report and what ``foci`` says of them change together. Only a metastasis
    that can be seen and is named for itself is chosen.

    Args:
        study: A phantom.
        kind: One of ``PLANTS``; ``none`` changes nothing.
        rng: Draws the bone.

    Returns:
        None where nothing can be planted: no report in Chinese, no such focus, one that
        speaks of the whole skeleton, or, for ``wrong_side``, none of a paired bone.

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
    bones = _choice(study, paired=kind == "wrong_side")
    if not bones:
        return None
    bone = bones[int(rng.integers(len(bones)))]
    to = None if kind == "omission" else mirrored(BY_NAME[bone]).name
    return replace(
        study,
        report=rename_site(report, bone, to),
        foci=tuple(_retold(focus, bone, to) for focus in study.foci),
    )


def _choice(study: Study, *, paired: bool) -> Sequence[str]:
    """Bones in which a metastasis is seen, and which the report names."""
    if study.instances is None:
        return ()
    seen = set(np.unique(study.instances).tolist())
    bones = {f.named for f in study.foci if f.metastatic and f.number in seen and f.named}
    bones -= {f.named for f in study.foci if not f.metastatic}
    named = {f.named for f in study.foci}
    return sorted(
        bone
        for bone in bones
        if not paired or (BY_NAME[bone].side != "midline" and _other(bone) not in named)
    )


def _other(bone: str) -> str:
    return mirrored(BY_NAME[bone]).name


def _retold(focus: Focus, bone: str, to: str | None) -> Focus:
    if focus.named != bone:
        return focus
    if to is None:
        return replace(focus, named="", mentioned=False, certainty="")
    return replace(focus, named=to)
