"""What a physician makes of each focus: whether it is seen, how counted, and how sure.

Everything here is language-neutral and the same for a mirrored patient: no draw depends on a
side.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmseg_bone.anatomy import BY_NAME, RIBS
from mmseg_bone.phantom.dice import chance, one_of, weighted
from mmseg_bone.phantom.pathology.sites import column_index, vertebra_at
from mmseg_bone.phantom.plan import Plan, PlannedFocus


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What a hospital's reports contain, as shares of reports; our choice.

    Attributes:
        technique, dose, position, quality, physiology: Sentences on these.
        ct: Suspicious foci are looked up on CT. followup: They are compared with an earlier
            scan. Where neither holds, the patient was asked about injuries.
        subset: The impression lists fewer sites than the findings.
        advice: The impression ends by asking to correlate.
        joints: Warm joints are mentioned.
        faint: Faint further metastases go unnamed; others in a tenth of that share.
        rib_miscount, vertebra_miscount: Levels counted one off. Where that would name a bone
            in which something else was seen it is taken back: 6 and 4 % of mentions remain.
    """

    technique: float = 0.9
    dose: float = 0.5
    position: float = 0.12
    quality: float = 0.1
    physiology: float = 0.3
    ct: float = 0.4
    followup: float = 0.3
    subset: float = 0.2
    advice: float = 0.3
    joints: float = 0.6
    faint: float = 0.15
    rib_miscount: float = 0.105
    vertebra_miscount: float = 0.06


class Reading(NamedTuple):
    """One focus as the physician read it.

    Attributes:
        focus: The truth.
        bone: Name of the bone as counted.
        certainty: ``high``, ``middle``, ``low`` that it is a metastasis, or ``benign``.
        exclude: Benign favoured, metastasis still to be excluded.
        evidence: What else settles it: ``ct_lytic``, ``ct_blastic``, ``ct_sclerosis``,
            ``ct_fracture``, ``ct_clear``, ``trauma``, ``no_trauma``, ``silent`` (no complaint),
            ``grown``, ``new``, ``faded``; empty for nothing.
    """

    focus: PlannedFocus
    bone: str
    certainty: str
    exclude: bool = False
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """All that was read in one study.

    Attributes:
        readings: Those foci that were noticed, in the order of their numbers.
        means: ``ct``, ``followup`` or ``history``, what suspicious foci were checked by.
        course: How known metastases changed: progress, stable, better, flare; empty if there
            was nothing to compare.
    """

    plan: Plan
    readings: tuple[Reading, ...]
    means: str
    course: str = ""

    @property
    def clear(self) -> tuple[Reading, ...]:
        """The metastases that are no matter of doubt."""
        return tuple(r for r in self.readings if r.focus.metastatic and not r.focus.ambiguous)

    @property
    def doubtful(self) -> tuple[Reading, ...]:
        """The ambiguous foci."""
        return tuple(r for r in self.readings if r.focus.ambiguous)

    def benign(self, *kinds: str) -> tuple[Reading, ...]:
        """The benign foci of these kinds, ambiguous ones excepted."""
        return tuple(
            r
            for r in self.readings
            if r.focus.kind in kinds and not r.focus.ambiguous and not r.focus.metastatic
        )


# How sure, by what it is. Within a stratum, metastases make up the share that its words
# promise: all of "high", 88 % of "middle", half of "low", 3 % of "benign". Our choice, within
# the usual reading of the words.
_AMBIGUOUS_METASTASIS = {"high": 0.50, "middle": 0.36, "low": 0.11, "benign": 0.03}
_AMBIGUOUS_BENIGN = {"middle": 0.05, "low": 0.10, "benign": 0.85}
_FEW_CLEAR = {"high": 0.72, "middle": 0.21, "low": 0.07}
_MANY_CLEAR = {"high": 0.95, "middle": 0.05}
_COURSES = {"progress": 0.35, "stable": 0.25, "better": 0.3, "flare": 0.1}

# Share of benign findings that make it into a report; others are always noticed.
_NOTICED = {
    "degeneration": 0.75,
    "dental": 0.5,
    "sinusitis": 0.5,
    "arthritis": 0.7,
    "ornament": 0.7,
    "lymph_node": 0.8,
    "soft_tissue": 0.8,
}
_CT_OF_BENIGN = {"fracture": "ct_fracture"}


def read(plan: Plan, rng: np.random.Generator, habits: Habits) -> Opinion:
    """Read a plan as a careful but human reader would."""
    means = "ct" if chance(rng, habits.ct) else "history"
    means = "followup" if chance(rng, habits.followup) else means
    clear = [f for f in plan.foci if f.metastatic and not f.ambiguous]
    certainty = weighted(rng, _MANY_CLEAR if len(clear) > 5 or plan.superscan else _FEW_CLEAR)
    hottest = max(clear, key=_weight, default=None)
    kinds = {kind: chance(rng, share) for kind, share in _NOTICED.items()}
    readings: list[Reading] = []
    for focus in plan.foci:
        missed = chance(rng, habits.faint if _is_faint(focus) else habits.faint / 10)
        missed = missed and not plan.superscan
        counted = _counted(rng, focus, habits)
        doubt = _doubt(rng, focus, means)  # drawn for all, so that draws stay in step
        if focus.ambiguous:
            readings.append(doubt)
        elif focus.metastatic and (not missed or focus is hottest):
            cold = focus.ratio < 1 and certainty == "middle"
            sure = "low" if cold else certainty  # nobody calls a defect a likely metastasis
            readings.append(Reading(focus=focus, bone=counted, certainty=sure))
        elif not focus.metastatic and kinds.get(focus.kind, True):
            evidence = _CT_OF_BENIGN.get(focus.kind, "ct_sclerosis") if means == "ct" else ""
            readings.append(
                Reading(focus=focus, bone=counted, certainty="benign", evidence=evidence)
            )
    course = weighted(rng, _COURSES)
    checked = any(r.focus.ambiguous and r.evidence for r in readings)
    if means != "followup" or not clear or (course == "stable" and checked):
        course = ""  # "no change" would deny what is said of a doubtful one
    return Opinion(plan=plan, readings=_without_clashes(readings), means=means, course=course)


def _weight(focus: PlannedFocus) -> float:
    """How much it strikes the eye."""
    return focus.diameter_mm * abs(focus.ratio - 1)


def _is_faint(focus: PlannedFocus) -> bool:
    return 1 < focus.ratio < 2 or focus.diameter_mm < 12


def _counted(rng: np.random.Generator, focus: PlannedFocus, habits: Habits) -> str:
    """The bone's name, one level off now and then."""
    step = one_of(rng, (-1, 1))
    slip = float(rng.random())
    if not focus.bone:
        return focus.bone
    bone = BY_NAME[focus.bone]
    if bone.level is None:
        return focus.bone
    if bone.region == "ribs":
        level = bone.level + step
        wrong = slip < habits.rib_miscount and 1 <= level <= RIBS
        return f"rib_{bone.side}_{level}" if wrong else focus.bone
    index = column_index(focus.bone) + step
    wrong = slip < habits.vertebra_miscount and 0 <= index < 24
    wrong = wrong and vertebra_at(index)[0] == focus.bone[0]
    return vertebra_at(index) if wrong else focus.bone


def _without_clashes(readings: list[Reading]) -> tuple[Reading, ...]:
    """Take back a miscount that would land in a bone where something else was seen."""
    true = {r.focus.bone for r in readings}
    kept: list[Reading] = []
    named: set[str] = set()
    for reading in readings:
        off = reading.bone != reading.focus.bone
        clash = off and (reading.bone in true or reading.bone in named)
        kept.append(reading._replace(bone=reading.focus.bone) if clash else reading)
        named.add(kept[-1].bone)
    return tuple(kept)


def _doubt(rng: np.random.Generator, focus: PlannedFocus, means: str) -> Reading:
    """An ambiguous focus, and the evidence by which its label gets into the text.

    Its level is never miscounted: the report is the only thing that settles it, and a
    miscount would make the truth of an experiment depend on luck. Our choice.
    """
    stratum = weighted(rng, _AMBIGUOUS_METASTASIS if focus.metastatic else _AMBIGUOUS_BENIGN)
    exclude = chance(rng, 0.3) or focus.metastatic
    firm = chance(rng, 0.8)
    other = one_of(rng, (0, 1))
    evidence = {
        "high": _FOR_METASTASIS[means][other],
        "middle": _FOR_METASTASIS[means][other] if firm else "",
        "low": "ct_clear" if means == "ct" and firm else "",
        "benign": _against_metastasis(focus.kind, means, other) if firm else "",
    }[stratum]
    if stratum == "benign" and exclude:
        evidence = "ct_clear" if means == "ct" else ""
    return Reading(
        focus=focus,
        bone=focus.bone,
        certainty=stratum,
        exclude=exclude and stratum == "benign",
        evidence=evidence,
    )


_FOR_METASTASIS = {
    "ct": ("ct_lytic", "ct_blastic"),
    "followup": ("grown", "new"),
    "history": ("no_trauma", "no_trauma"),
}


def _against_metastasis(kind: str, means: str, other: int) -> str:
    if means == "ct":
        return (_CT_OF_BENIGN.get(kind, "ct_sclerosis"), "ct_sclerosis")[other]
    if means == "followup":
        return "faded"
    return "trauma" if kind == "fracture" else "silent"
