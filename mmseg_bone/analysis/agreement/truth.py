"""Whether the flags of ``agreement`` are right: phantoms know what their report leaves out."""

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

import numpy as np

from mmseg_bone.analysis.agreement.agree import Discrepancy, is_near
from mmseg_bone.study import Focus, Study

Flag = tuple[str, str]  # kind of discrepancy, and bone
_SURE = ("high", "middle")


class Flags(NamedTuple):
    """Flags of many studies, counted.

    Attributes:
        expected: Discrepancies there are.
        told: How many of them a flag tells.
        raised: Flags.
        right: How many of them tell one. Two lesions may tell of the same.
    """

    expected: int = 0
    told: int = 0
    raised: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        """Share of the flags that are right; nan if none was raised."""
        return self.right / self.raised if self.raised else float("nan")

    @property
    def recall(self) -> float:
        """Share of the discrepancies that are told; nan if there are none."""
        return self.told / self.expected if self.expected else float("nan")


def total(flags: Iterable[Flags]) -> Flags:
    """Of all together."""
    return Flags(*(sum(column) for column in zip(Flags(), *flags, strict=True)))


def count_flags(raised: Sequence[Discrepancy], expected: Set[Flag]) -> Flags:
    """How far the flags raised are those expected.

    A flag tells a discrepancy if the kind is the same and one of its bones is the bone: where
    bones lie over each other, a flag names each of them. Outside the skeleton it is "".
    """
    tells = [{(flag.kind, bone) for bone in flag.bones or ("",)} & expected for flag in raised]
    return Flags(
        expected=len(expected),
        told=len(set().union(*tells)),
        raised=len(raised),
        right=sum(map(bool, tells)),
    )


def true_flags(study: Study, *, everywhere: bool = False, levels: int = 1) -> set[Flag]:
    """The discrepancies of a phantom's report from its own mask.

    A metastasis that is drawn and that no words tell of is ``not_named``; where the report calls
    what is in that bone benign, ``called_benign``. A bone in which the report is sure of
    a metastasis, while none is drawn there, is ``not_found``.

    Args:
        study: A phantom.
        everywhere: Its report speaks of the whole skeleton, so that it leaves nothing out.
        levels: See ``agree.agree``.
    """
    if study.instances is None or study.mask is None:
        return set()
    seen = set(np.unique(study.instances[study.mask]).tolist())
    drawn = [f for f in study.foci if f.metastatic and f.bone and f.number in seen]
    found: set[Flag] = set()
    for focus in drawn:
        tellers = [f for f in study.foci if _tells(f, focus.bone, levels)]
        if any(f.certainty != "benign" for f in tellers) or (everywhere and not tellers):
            continue
        found.add(("called_benign" if tellers else "not_named", focus.bone))
    for focus in study.foci:
        sure = focus.named and focus.certainty in _SURE
        if sure and not any(_tells_bone(focus.named, f.bone, levels) for f in drawn):
            found.add(("not_found", focus.named))
    return found


def _tells(focus: Focus, bone: str, levels: int) -> bool:
    """Whether the words for a focus can be taken for a bone."""
    if not focus.mentioned:
        return False
    return _tells_bone(focus.named, bone, levels) if focus.named else focus.bone == bone


def _tells_bone(named: str, bone: str, levels: int) -> bool:
    return named == bone or is_near(named, bone, levels)
