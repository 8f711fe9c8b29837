"""What a Chinese report calls the places of the skeleton.

Bones are named from head to foot, ribs of one side and stretch together, both sides of a bone
as one (双侧髂骨). Nothing here is drawn at random: the habits come from ``Naming``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmseg_bone.anatomy import BY_NAME, Bone
from mmseg_bone.phantom.pathology.sites import LONG_BONES, kind_of
from mmseg_bone.phantom.plan import PlannedFocus
from mmseg_bone.phantom.wording.content import RANK
from mmseg_bone.phantom.wording.reading import Reading

_NUMERALS = ("", *"一二三四五六七八九十", "十一", "十二")
_SPINE = {"C": "颈", "T": "胸", "L": "腰"}
_PART = {"anterior": "前", "posterior": "后"}
_SIDES = {"left": "左", "right": "右"}
_THIRDS = {"proximal": "上段", "middle": "中段", "distal": "下段"}
_ENDS = {"proximal": "近端", "middle": "中段", "distal": "远端"}
_LONG = {"humerus": "肱骨", "forearm": "尺桡骨", "femur": "股骨", "tibia": "胫骨", "fibula": "腓骨"}
_ENDS_OF_LIMBS = {"hand": "手部", "foot": "足部"}
# Finer names: up to this place along the bone it is called so; None is the bone's own name.
_FINE: dict[str, tuple[tuple[float, str | None], ...]] = {
    "humerus": ((0.10, "肱骨头"),),
    "femur": ((0.07, "股骨头"), (0.12, "股骨颈"), (0.20, "股骨粗隆间")),
    "tibia": ((0.06, "胫骨平台"),),
    "ilium": ((0.15, "髂嵴"), (0.50, "髂骨翼"), (0.85, None), (1.0, "髋臼")),
    "ischium": ((0.70, None), (1.0, "坐骨结节")),
    "pubis": ((0.40, "耻骨上支"), (0.60, None), (1.0, "耻骨下支")),
    "scapula": ((0.15, "肩胛冈"), (0.85, None), (1.0, "肩胛下角")),
}


@dataclass(frozen=True, kw_only=True)
class Naming:
    """The naming habits of one report.

    Attributes:
        rib: ``formal`` (右侧第5前肋), ``short`` (右第5前肋), ``terse`` (右5前肋), ``segment``
            (右侧第5肋前段) or ``bracket`` (右侧肋5(前)).
        vertebra: ``ordinal`` (第3腰椎), ``body`` (腰3椎体), ``latin`` (L3), ``latin_body``
            (L3椎体), ``bare`` (腰3椎) or ``rank`` (腰椎第3节).
        short_side: 左 rather than 左侧.
        ends: 股骨近端 rather than 股骨上段.
        chinese_numerals: 第五 rather than 第5, where the form has 第.
        fine: 股骨颈, 髂嵴 and 左侧缘, where they apply.
        axilla: The side of a rib is its 腋段 rather than 侧肋.
    """

    rib: str = "formal"
    vertebra: str = "ordinal"
    short_side: bool = False
    ends: bool = False
    chinese_numerals: bool = False
    fine: bool = True
    axilla: bool = False

    def side(self, side: str) -> str:
        """左侧 or 左; nothing for the midline."""
        short = _SIDES.get(side, "")
        return short if self.short_side or not short else f"{short}侧"


def site(reading: Reading, naming: Naming) -> str:
    """Name of a single focus, with its place in the bone."""
    bone = BY_NAME[reading.bone]
    if bone.region == "ribs":
        return _ribs(bone.side, reading.focus.part, [bone.level or 0], naming)
    if bone.level is not None:
        suffix = _vertebra_part(reading.focus.part) if naming.fine else ""
        return _vertebrae(bone.name[0], [bone.level], naming, suffix)
    return naming.side(_side(bone, reading.focus, naming)) + _noun(reading.focus, bone, naming)


def sites(readings: Sequence[Reading], naming: Naming, crowd: Sequence[PlannedFocus] = ()) -> str:
    """A list of sites; what is named together comes at its place in the body."""
    items = _grouped(readings, naming) + _crowds(crowd, naming)
    ordered = [text for _, text in sorted(items, key=lambda item: item[0])]
    return joined(list(dict.fromkeys(ordered)))


def joined(items: Sequence[str]) -> str:
    """甲、乙及丙."""
    return "及".join(filter(None, ("、".join(items[:-1]), items[-1]))) if items else ""


def levels(readings: Sequence[Reading], naming: Naming) -> str:
    """Vertebrae without the word 椎体, which the sentence adds: 第4、5腰椎, 腰4、5, L4、L5."""
    bare = {"body": "stem", "bare": "stem", "latin_body": "latin", "rank": "stem"}
    form = bare.get(naming.vertebra, naming.vertebra)
    plain = Naming(vertebra=form, chinese_numerals=naming.chinese_numerals)
    return joined([text for _, text in _grouped(readings, plain)])


def spine_sections(foci: Iterable[PlannedFocus]) -> str:
    """颈、腰 for foci in the neck and the loins."""
    letters = {focus.bone[0] for focus in foci}
    return "、".join(name for letter, name in _SPINE.items() if letter in letters)


def _grouped(readings: Sequence[Reading], naming: Naming) -> list[tuple[int, str]]:
    ribs: dict[tuple[str, str], list[int]] = {}
    spine: dict[str, list[int]] = {}
    others: dict[tuple[int, str], list[str]] = {}
    for reading in readings:
        bone, focus = BY_NAME[reading.bone], reading.focus
        if bone.region == "ribs":
            ribs.setdefault((bone.side, focus.part), []).append(bone.level or 0)
        elif bone.level is not None:
            spine.setdefault(bone.name[0], []).append(bone.level)
        else:
            key = (RANK[bone.region], _noun(focus, bone, naming))
            others.setdefault(key, []).append(_side(bone, focus, naming))
    items = [
        (RANK["ribs"], _ribs(side, part, sorted(set(numbers)), naming))
        for (side, part), numbers in ribs.items()
    ]
    for letter, numbers in spine.items():
        rank = RANK[{"C": "cervical", "T": "thoracic", "L": "lumbar"}[letter]]
        items.append((rank, _vertebrae(letter, sorted(set(numbers)), naming)))
    for (rank, noun), where in others.items():
        both = {"left", "right"} <= set(where)
        for side in dict.fromkeys(where):
            text = f"双侧{noun}" if both and side in _SIDES else naming.side(side) + noun
            items.append((rank, text))
    return list(dict.fromkeys(items))


def _crowds(foci: Sequence[PlannedFocus], naming: Naming) -> list[tuple[int, str]]:
    """Many foci by region, in words that stay true of all of them."""
    by_region: dict[str, list[Bone]] = {}
    for focus in foci:
        bone = BY_NAME[focus.bone]
        by_region.setdefault(bone.region, []).append(bone)
    items: list[tuple[int, str]] = []
    column = [b for name in ("cervical", "thoracic", "lumbar") for b in by_region.get(name, ())]
    if column:
        letters = [s for k, s in _SPINE.items() if any(b.name[0] == k for b in column)]
        items.append((RANK["thoracic"], "、".join(letters) + f"椎{_several(column, '个椎体')}"))
    if found := by_region.get("ribs"):
        items.append((RANK["ribs"], _whose(found, naming) + _several(found, "根肋骨")))
    if found := by_region.get("pelvis"):
        items.append((RANK["pelvis"], "骨盆多处" if len(found) > 1 else "骨盆"))
    for name, word in (("head", "颅骨"), ("sacrum", "骶骨")):
        if name in by_region:
            items.append((RANK[name], word))
    for name in ("sternum", "shoulder", "limbs"):
        for noun in dict.fromkeys(_plain(bone) for bone in by_region.get(name, ())):
            found = [bone for bone in by_region[name] if _plain(bone) == noun]
            items.append((RANK[name], _whose(found, naming) + noun))
    return items


def _plain(bone: Bone) -> str:
    return (_LONG | _ENDS_OF_LIMBS).get(kind_of(bone.name), bone.chinese)


def _several(bones: Sequence[Bone], unit: str) -> str:
    return f"多{unit}" if len(bones) > 1 else unit.lstrip("个根")


def _whose(bones: Sequence[Bone], naming: Naming) -> str:
    sides = {bone.side for bone in bones}
    return "双侧" if {"left", "right"} <= sides else naming.side(bones[0].side)


def _ribs(side: str, part: str, numbers: list[int], naming: Naming) -> str:
    place = _PART.get(part, "腋" if naming.axilla else "侧" if part else "")
    who = naming.side(side)
    if naming.rib == "segment":
        stretch = f"{'腋' if place == '侧' else place}段" if place else ""
        return f"{who}第{_numbers(numbers, naming, '至第')}肋{stretch}"
    if naming.rib == "bracket":
        return f"{who}肋{_numbers(numbers, Naming(), '-')}" + (f"({place})" if place else "")
    if naming.rib == "terse":
        return f"{_SIDES[side]}{_numbers(numbers, Naming(), '-')}{place}肋"
    who = _SIDES[side] if naming.rib == "short" else who
    if place == "腋":
        return f"{who}第{_numbers(numbers, naming, '至第')}肋腋段"
    return f"{who}第{_numbers(numbers, naming, '至第')}{place}肋"


def _vertebrae(letter: str, numbers: list[int], naming: Naming, suffix: str = "") -> str:
    name = _SPINE[letter]
    body = "" if suffix.startswith("附") else "椎体"
    match naming.vertebra:
        case "latin" | "latin_body":
            text = _latin(letter, numbers)
            return text + (body if naming.vertebra == "latin_body" else "") + suffix
        case "body":
            return f"{name}{_numbers(numbers, Naming(), '-')}{body}{suffix}"
        case "bare":
            return f"{name}{_numbers(numbers, Naming(), '-')}椎{suffix}"
        case "stem":
            return f"{name}{_numbers(numbers, Naming(), '-')}"
        case "rank":
            return f"{name}椎第{_numbers(numbers, naming, '至第')}节{suffix}"
        case _:
            text = f"第{_numbers(numbers, naming, '至第')}{name}椎"
            return text + (f"{body}{suffix}" if suffix else "")


def _latin(letter: str, numbers: list[int]) -> str:
    if len(numbers) > 2 and _is_run(numbers):
        return f"{letter}{numbers[0]}-{letter}{numbers[-1]}"
    return "、".join(f"{letter}{number}" for number in numbers)


def _numbers(numbers: list[int], naming: Naming, until: str) -> str:
    spelt = [_NUMERALS[n] if naming.chinese_numerals else str(n) for n in numbers]
    if len(numbers) > 2 and _is_run(numbers):
        return f"{spelt[0]}{until}{spelt[-1]}"
    return "、".join(spelt)


def _is_run(numbers: list[int]) -> bool:
    return numbers == list(range(numbers[0], numbers[-1] + 1))


def _vertebra_part(part: str) -> str:
    names = {"left_edge": "左侧缘", "right_edge": "右侧缘", "posterior_elements": "附件区"}
    return names.get(part, "")


def _side(bone: Bone, focus: PlannedFocus, naming: Naming) -> str:
    """Side to be told: a midline bone has one only where a finer name brings it."""
    if bone.side != "midline":
        return bone.side
    if bone.name == "skull" and naming.fine and abs(focus.across) > 0.3:
        return "left" if focus.across > 0 else "right"
    return "midline"


def _noun(focus: PlannedFocus, bone: Bone, naming: Naming) -> str:
    kind = kind_of(bone.name)
    if kind == "skull" and naming.fine and focus.part == "vault":
        return "顶骨" if abs(focus.across) > 0.3 else "颅顶"
    if naming.fine and focus.part not in ("middle", "distal") and focus.kind != "paget":
        for end, name in _FINE.get(kind, ()):
            if focus.along <= end:
                return name or bone.chinese
    if kind in LONG_BONES:
        return _LONG[kind] + (_ENDS if naming.ends else _THIRDS).get(focus.part, "")
    return _ENDS_OF_LIMBS.get(kind, bone.chinese)
