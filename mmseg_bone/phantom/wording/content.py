"""What a report says, before it is said in any language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.plan import PlannedFocus
from mmseg_bone.phantom.wording.reading import Reading

_REGIONS = (
    *("head", "cervical", "thoracic", "lumbar", "sacrum", "ribs", "sternum", "shoulder"),
    *("pelvis", "limbs"),
)
RANK = {region: rank for rank, region in enumerate(_REGIONS)}  # the order of a report
_FRONT = ("manubrium", "sternum", "pubis_left", "pubis_right")


class Statement(NamedTuple):
    """One sentence to be.

    Attributes:
        role: Which patterns can say it.
        mentions: Foci it names one by one.
        most: Those among its foci that stand out, named too.
        crowd: Foci it names together (多根肋骨).
        facts: What holds, so that patterns which need it may be used.
        words: Other things it says, as codes: ``side``, ``joint``, ``course``.
        joined: It continues the sentence before it.
        spare: It can be left out if the report gets too long.
    """

    role: str
    mentions: tuple[Reading, ...] = ()
    most: tuple[Reading, ...] = ()
    crowd: tuple[PlannedFocus, ...] = ()
    facts: frozenset[str] = frozenset()
    words: Mapping[str, str] = MappingProxyType({})
    joined: bool = False
    spare: bool = False


@dataclass(frozen=True, kw_only=True)
class Content:
    """All statements of a report."""

    findings: tuple[Statement, ...]
    impression: tuple[Statement, ...]


def in_order(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """From head to foot; a mirrored patient is listed in the same order."""

    def place(reading: Reading) -> tuple[int, int, int]:
        bone = BY_NAME[reading.bone]
        return RANK[bone.region], bone.level or 0, reading.focus.number

    return tuple(sorted(readings, key=place))


def region(reading: Reading) -> str:
    """Region of the bone as named; empty outside bone."""
    return BY_NAME[reading.bone].region if reading.bone else ""


def is_vertebra(reading: Reading) -> bool:
    """Whether it is said to be in a vertebra with a number."""
    return region(reading) in ("cervical", "thoracic", "lumbar")


def facts_of_one(reading: Reading, others: Iterable[Reading]) -> frozenset[str]:
    """What a pattern about a single focus may rely on."""
    focus, bone = reading.focus, BY_NAME[reading.bone]
    facts = {"rib"} if bone.region == "ribs" else set()
    if is_vertebra(reading):
        facts.add("vertebra")
    if bone.side != "midline":
        facts.add("paired")
        opposite = {r.bone for r in others} & {_across(reading.bone)}
        if not opposite and bone.region != "ribs":
            facts.add("lone")
    if 1 < focus.ratio < 2.2 and focus.diameter_mm < 16:
        facts.add("faint")
    if focus.part == "anterior" or reading.bone in _FRONT:
        facts.add("front")
    if focus.part in ("posterior", "posterior_elements") or reading.bone.startswith("scapula"):
        facts.add("back")
    return frozenset(facts)


def facts_of_many(readings: Iterable[Reading]) -> frozenset[str]:
    """What a pattern about a list of foci may rely on."""
    listed = tuple(readings)
    facts = {"many"} if len(listed) > 1 else set()
    if all(region(r) == "ribs" for r in listed):
        facts.add("ribs")
    if all(is_vertebra(r) for r in listed):
        facts.add("vertebrae")
    if all(r.focus.diameter_mm > 28 for r in listed):
        facts.add("large")
    if all(r.bone.startswith(("ischium", "pubis")) for r in listed):
        facts.add("low_pelvis")
    return frozenset(facts)


def _across(bone: str) -> str:
    """The bone's mirror image, by name."""
    for side, other in (("left", "right"), ("right", "left")):
        if side in bone:
            return bone.replace(side, other)
    return bone
