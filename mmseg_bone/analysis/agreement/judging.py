"""Judge the marks on a study, or on all studies of a run, by what the reports say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool

from mmseg_bone.analysis.agreement.agree import DISCREPANCIES, Agreement, Said, agree
from mmseg_bone.analysis.agreement.places import bones_shown, place_lesions
from mmseg_bone.analysis.agreement.truth import Flags, count_flags, total
from mmseg_bone.analysis.bones import BoneMap, find_bones
from mmseg_bone.analysis.marked import Cut, mark
from mmseg_bone.analysis.scores import undrawn
from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report, Study


@runtime_checkable
class Words(Protocol):
    """What a report says; ``text.hearing.Heard`` is one."""

    @property
    def mentions(self) -> Sequence[Said]:
        """Bone by bone."""

    @property
    def everywhere(self) -> bool:
        """It speaks of the whole skeleton."""


Hear = Callable[[Report | None], Words | None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """What report and marks say of each other, or why nobody can tell.

    Attributes:
        agreement: None where it is not judged.
        why_not: Then, why.
        bones: By which lesions were placed; None where there was nothing to judge.
    """

    agreement: Agreement | None
    why_not: str = ""
    bones: BoneMap | None = None

    def to_json(self) -> dict[str, Any]:
        """Sites, lesions and discrepancies, in bones only: no word of the report."""
        if self.agreement is None or self.bones is None:
            return {"judged": False, "why_not": self.why_not}
        return {
            "judged": True,
            "bones_from": self.bones.source,
            "discrepancies": [
                _bones(one.bones)
                | {"kind": one.kind, "certainty": one.certainty, "lesions": _lesions(one.lesions)}
                for one in self.agreement.discrepancies
            ],
            "sites": [
                _bones(site.bones)
                | {"label": site.label, "certainty": site.certainty, "negated": site.negated}
                | {"status": site.status, "lesions": _lesions(site.lesions)}
                for site in self.agreement.sites
            ],
            "lesions": [
                {"view": lesion.view, "number": lesion.number}
                | _bones(lesion.bones)
                | {"status": lesion.status}
                for lesion in self.agreement.lesions
            ],
        }


def judge(
    study: Study, mask: Bool[np.ndarray, "view y x"], words: Words | None, *, levels: int = 1
) -> Judgement:
    """Set the marks on a study beside its report.

    Args:
        study: What was marked.
        mask: The marks.
        words: Of its report; None where there is none that the parser reads.
        levels: See ``agree.agree``.
    """
    if study.report is None:
        return Judgement(agreement=None, why_not="there is no report")
    if words is None:
        return Judgement(agreement=None, why_not="the report is empty, or not in Chinese")
    bones = find_bones(study)
    if not bones.labels.any():
        why_not = "no whole body was found, by which to tell which bone is where"
        return Judgement(agreement=None, why_not=why_not)
    places = place_lesions(mask, bones.labels, views=study.views, spacing_mm=study.spacing_mm)
    agreement = agree(
        words.mentions,
        places,
        shown=bones_shown(bones.labels),
        everywhere=words.everywhere,
        levels=levels,
    )
    return Judgement(agreement=agreement, bones=bones)


def judge_run(
    run: Run, store: Store, cut: Cut, *, hear: Hear, levels: int = 1
) -> tuple[dict[str, Any], Flags]:
    """Judge every prediction of a run that has a reference, as JSON by study.

    The flags are counted against those that the drawing itself would raise: a network that
    marks whatever the report says raises none, and misses them all.

    Args:
        run: Whose predictions.
        store: The store they are of.
        cut: How to make lesions of a probability.
        hear: Report → what it says.
        levels: See ``agree.agree``.
    """
    studies: dict[str, Any] = {}
    flags = []
    skipped = set(undrawn(store, run.predicted))
    for id in run.predicted:
        if id in skipped:
            continue
        study = store[id]
        marked = mark(study, run.read_prediction(id), cut)
        words = hear(study.report)
        judged = judge(study, marked.prediction, words, levels=levels)
        drawn = judge(study, marked.reference, words, levels=levels)
        studies[id] = judged.to_json()
        if judged.agreement is not None and drawn.agreement is not None:
            expected = {(d.kind, (*d.bones, "")[0]) for d in drawn.agreement.discrepancies}
            flags.append(count_flags(judged.agreement.discrepancies, expected))
    counted = total(flags)
    about = {
        "threshold": cut.threshold,
        "smallest_mm2": cut.smallest_mm2,
        "levels": levels,
        "judged": len(flags),
        "not_judged": len(studies) - len(flags),
        "discrepancies": {kind: _count(studies, kind) for kind in DISCREPANCIES},
        "flags": counted._asdict() | {"precision": counted.precision, "recall": counted.recall},
    }
    return {"about": about, "studies": studies}, counted


def _count(studies: dict[str, Any], kind: str) -> int:
    found = (one for study in studies.values() for one in study.get("discrepancies", ()))
    return sum(one["kind"] == kind for one in found)


def _bones(names: Sequence[str]) -> dict[str, list[str]]:
    return {"bones": [*names], "chinese": [BY_NAME[name].chinese_name for name in names]}


def _lesions(keys: Sequence[tuple[str, int]]) -> list[dict[str, object]]:
    return [{"view": view, "number": number} for view, number in keys]
