"""Agreement: what a report and the marks on its scan say of each other, site by site."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from mmseg_bone.analysis.agreement.places import Place
from mmseg_bone.anatomy import BONES, BY_NAME, Bone

SiteStatus = Literal["found", "near", "not_found", "open", "quiet", "contradicted", "not_shown"]
LesionStatus = Literal["named", "near", "not_named", "called_benign", "denied"]
DISCREPANCIES = ("not_found", "not_named", "called_benign", "denied")
_COLUMN = [bone.name for bone in BONES if bone.level and bone.region != "ribs"]
_SPINE = ("cervical", "thoracic", "lumbar")


@runtime_checkable
class Said(Protocol):
    """What a report says of one bone; ``text.evidence.Mention`` is one."""

    @property
    def bone(self) -> str:
        """Name from ``anatomy.BONES``."""

    @property
    def label(self) -> str:
        """metastatic, benign or uncertain."""

    @property
    def certainty(self) -> str:
        """high, middle, low or benign."""

    @property
    def collective(self) -> bool:
        """Named among others (多根肋骨)."""

    @property
    def negated(self) -> bool:
        """The report says that nothing is there."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place that the report names, and whether a lesion is marked there.

    Attributes:
        bones: One, or those named together.
        label: What the report takes it for.
        certainty: How sure it is.
        negated: It says that nothing is there.
        status: ``found``; ``near``, one level off; ``not_found``, a discrepancy; ``open``,
            nothing marked where the report is in doubt; ``quiet``, nothing marked where it
            says benign or nothing; ``contradicted``, marked all the same; ``not_shown``,
            the scan does not show the bone.
        lesions: View and number of those found there.
    """

    bones: tuple[str, ...]
    label: str
    certainty: str
    negated: bool
    status: SiteStatus
    lesions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class LesionSaid:
    """A marked lesion, and whether the report names it.

    Attributes:
        view: View it is marked in.
        number: As in ``imaging.lesions``.
        bones: It lies in, the one that holds most of it first; none outside the skeleton.
        status: ``named``, in doubt or not; ``near``, one level off; or a discrepancy:
            ``not_named``, ``called_benign``, ``denied``.
    """

    view: str
    number: int
    bones: tuple[str, ...]
    status: LesionStatus


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """One point at which report and marks disagree.

    Attributes:
        kind: One of ``DISCREPANCIES``.
        bones: Where; none for a lesion outside the skeleton.
        certainty: Of the report; empty where it says nothing.
        lesions: View and number of the lesions concerned; none for ``not_found``.
    """

    kind: str
    bones: tuple[str, ...]
    certainty: str = ""
    lesions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Both sides of it."""

    sites: tuple[Site, ...]
    lesions: tuple[LesionSaid, ...]

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]:
        """Sites without their lesion, then lesions by bone: one from both sides is told once."""
        missing = [
            Discrepancy(kind=site.status, bones=site.bones, certainty=site.certainty)
            for site in self.sites
            if site.status in DISCREPANCIES
        ]
        certainty = {bone: site.certainty for site in self.sites for bone in site.bones}
        grouped: dict[tuple[str, str], list[LesionSaid]] = {}
        for lesion in self.lesions:
            if lesion.status in DISCREPANCIES:
                key = lesion.status, lesion.bones[0] if lesion.bones else ""
                grouped.setdefault(key, []).append(lesion)
        marked = []
        for (kind, _), lesions in grouped.items():
            bones = tuple(dict.fromkeys(bone for lesion in lesions for bone in lesion.bones))
            marked.append(
                Discrepancy(
                    kind=kind,
                    bones=bones,
                    certainty=next((certainty[b] for b in bones if b in certainty), ""),
                    lesions=tuple((lesion.view, lesion.number) for lesion in lesions),
                )
            )
        return (*missing, *marked)


def agree(
    said: Iterable[Said],
    places: Sequence[Place],
    *,
    shown: Iterable[str] | None = None,
    everywhere: bool = False,
    levels: int = 1,
) -> Agreement:
    """Set what a report says beside what is marked.

    A lesion is named if one of the bones it lies in is; what a mention in doubt (可疑) names is
    named, too, but need not be found. Bones named together (多根肋骨) ask for one lesion among
    them. A report that names nothing names no lesion; without lesions, none is found. A study
    without a report is not to be brought here: nobody has said anything.

    Args:
        said: Of the report, a bone at most once.
        places: Of the marked lesions.
        shown: Bones that the scan shows, all if None; of others nothing is asked.
        everywhere: The report speaks of the whole skeleton (全身弥漫性骨转移), so that every
            lesion is named which it does not call benign.
        levels: A rib or vertebra so many levels off, on the same side, is ``near``, unless
            the bone that is named holds a lesion of its own. Readers miscount, and so does an
            atlas. 0 for none.
    """
    said = tuple(said)
    of = {mention.bone: mention for mention in said}
    inside: dict[str, list[Place]] = {}
    for place in places:
        for bone in place.bones:
            inside.setdefault(bone, []).append(place)
    missed = [m.bone for m in said if _claims(m) and not m.collective and m.bone not in inside]
    lesions = tuple(_judge(place, of, missed, everywhere, levels) for place in places)
    visible = {bone.name for bone in BONES} if shown is None else set(shown)
    sites = [_site(m, of, inside, visible, levels) for m in said if not m.collective]
    return Agreement(sites=(*sites, *_crowds(said, inside)), lesions=lesions)


def is_near(one: str, other: str, levels: int = 1) -> bool:
    """Whether two different bones are ribs of a side, or vertebrae, at most so many levels apart.

    T12 and L1 are neighbours.
    """
    a, b = BY_NAME[one], BY_NAME[other]
    return a != b and _row(a) == _row(b) != "" and abs(_rank(a) - _rank(b)) <= levels


def _row(bone: Bone) -> str:
    if bone.level is None:
        return ""
    return bone.side if bone.region == "ribs" else "spine"


def _rank(bone: Bone) -> int:
    return _COLUMN.index(bone.name) if bone.name in _COLUMN else bone.level or 0


def _claims(mention: Said) -> bool:
    """Whether a lesion there is in line with the report, be it in doubt."""
    return mention.label != "benign" and not mention.negated


def _judge(
    place: Place, of: Mapping[str, Said], missed: Sequence[str], everywhere: bool, levels: int
) -> LesionSaid:
    own = [of[bone] for bone in place.bones if bone in of]
    status: LesionStatus = "not_named"
    if any(_claims(mention) for mention in own):
        status = "named"
    elif any(not mention.negated for mention in own):
        status = "called_benign"
    elif own:
        status = "denied"
    elif any(is_near(bone, other, levels) for bone in place.bones for other in missed):
        status = "near"
    elif everywhere:
        status = "named"
    return LesionSaid(view=place.view, number=place.number, bones=place.bones, status=status)


def _site(
    mention: Said,
    of: Mapping[str, Said],
    inside: Mapping[str, Sequence[Place]],
    shown: set[str],
    levels: int,
) -> Site:
    bone, own = mention.bone, _keys(inside, [mention.bone])
    status: SiteStatus
    if not _claims(mention):
        status = "contradicted" if own else "quiet"
    elif own:
        status = "found"
    elif near := _keys(inside, [b for b in inside if b not in of and is_near(bone, b, levels)]):
        status, own = "near", near
    elif bone not in shown:
        status = "not_shown"
    else:
        status = "not_found" if mention.label == "metastatic" else "open"
    return Site(
        bones=(bone,),
        label=mention.label,
        certainty=mention.certainty,
        negated=mention.negated,
        status=status,
        lesions=own,
    )


def _keys(
    inside: Mapping[str, Sequence[Place]], bones: Iterable[str]
) -> tuple[tuple[str, int], ...]:
    """View and number of the lesions in these bones, each once."""
    places = (place for bone in bones for place in inside.get(bone, ()))
    return tuple(dict.fromkeys((place.view, place.number) for place in places))


def _crowds(said: Sequence[Said], inside: Mapping[str, Sequence[Place]]) -> list[Site]:
    """A site for the ribs named together, one for the spine, one for any other region.

    Those that spread and those that are broken are two crowds.
    """
    crowds: dict[tuple[str, str], list[Said]] = {}
    for mention in said:
        if mention.collective and not mention.negated:
            crowds.setdefault((_part(mention.bone), mention.label), []).append(mention)
    sites = []
    for (part, label), crowd in crowds.items():
        sides = {BY_NAME[mention.bone].side for mention in crowd}
        # A bone of the crowd that is named for itself elsewhere is still one of it.
        alike = [m for m in said if m.label == label and not m.negated and not m.collective]
        others = [m.bone for m in alike if _part(m.bone) == part]
        wider = [m.bone for m in crowd] + [b for b in others if BY_NAME[b].side in sides]
        own = _keys(inside, wider)
        first = crowd[0]
        status: SiteStatus = "found" if own else "open"
        if not _claims(first):
            status = "contradicted" if own else "quiet"
        elif not own and label == "metastatic":
            status = "not_found"
        sites.append(
            Site(
                bones=tuple(mention.bone for mention in crowd),
                label=label,
                certainty=first.certainty,
                negated=False,
                status=status,
                lesions=own,
            )
        )
    return sites


def _part(bone: str) -> str:
    region = BY_NAME[bone].region
    return "spine" if region in _SPINE else region
