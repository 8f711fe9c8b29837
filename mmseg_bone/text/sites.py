"""Places of the skeleton in Chinese text: which bones are named, and where in the text.

Ribs and vertebrae are read with their numbers, lists and ranges (左侧第3至第6前肋, L3-L5,
腰2、3椎体); other bones with their side, which carries over a list (左侧髂骨及坐骨). A paired
bone without any side is left out: there is no telling which.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from mmseg_bone.anatomy import BONES, BY_NAME, RIBS

_NOUNS = {
    "颅骨": "skull",
    "颅顶": "skull",
    "颅底": "skull",
    "额骨": "skull",
    "顶骨": "skull",
    "枕骨": "skull",
    "颞骨": "skull",
    "下颌骨": "mandible",
    "骶骨": "sacrum",
    "骶椎": "sacrum",
    "胸骨柄": "manubrium",
    "胸骨体": "sternum",
    "胸骨(?![柄体角])": "sternum",
    "锁骨": "clavicle",
    "肩胛(?:骨|冈|下角)": "scapula",
    "肱骨": "humerus",
    "(?:尺桡骨|尺骨|桡骨|前臂骨)": "forearm",
    "(?:髂骨|髂嵴|髋臼)": "ilium",
    "坐骨": "ischium",
    "耻骨(?!联合)": "pubis",
    "股骨": "femur",
    "髌骨": "patella",
    "胫骨": "tibia",
    "腓骨": "fibula",
    "(?:足部|足骨|跟骨|距骨)": "foot",
    "手部": "hand",
}
_SIDES = {"左": ("left",), "右": ("right",), "双": ("left", "right"), "两": ("left", "right")}
_LETTER = {"颈": "C", "胸": "T", "腰": "L"}
_NUMERALS = {c: n for n, c in enumerate("一二三四五六七八九十", start=1)} | {"十一": 11, "十二": 12}

_N = r"(?:\d{1,2}|十[一二]?|[一二三四五六七八九])"
_LIST = rf"{_N}(?:(?:[、和及]|至|到|-|~)第?{_N}(?![\d个年月]))*"
_SIDE = r"(?P<{}>[左右双两])侧?"
_RIB = re.compile(
    rf"{_SIDE.format('side')}第?(?P<levels>{_LIST})(?:前|后|侧|腋)?肋"
    rf"|{_SIDE.format('side2')}(?:胸)?肋骨?第?(?P<levels2>{_LIST})"
)
_SPINE = re.compile(
    rf"第?(?P<before>{_LIST})(?P<name>[颈胸腰])椎"
    rf"|(?P<name2>[颈胸腰])椎?第?(?P<after>{_LIST})"
    rf"|(?<![A-Za-z])(?P<latin>[CTL]\d{{1,2}}(?:[-~、][CTL]\d{{1,2}})*"
    rf"(?:[-~、]\d{{1,2}})*)(?![\dA-Za-z.])"
)
_OTHER = re.compile(
    rf"(?:{_SIDE.format('side')})?(?:"
    + "|".join(f"(?P<n{i}>{n})" for i, n in enumerate(_NOUNS))
    + ")"
)
_CROWDS = (
    (re.compile(rf"{_SIDE.format('side')}多根肋骨"), "ribs"),
    (re.compile(r"(?P<spine>[颈胸腰](?:、[颈胸腰])*)椎多个椎体"), "spine"),
    (re.compile("骨盆(?:多处|诸骨)"), "pelvis"),
)
_COLUMN = [bone.name for bone in BONES if bone.level and bone.region != "ribs"]
_JOINING = re.compile(r"[、和及]|以及")


class Site(NamedTuple):
    """Bones named at one place of a text.

    Attributes:
        bones: Names from ``anatomy.BONES``.
        start, end: Where in the text.
        collective: Named together (双侧多根肋骨): some of these bones, not each of them.
    """

    bones: tuple[str, ...]
    start: int
    end: int
    collective: bool = False


def plain(text: str) -> str:
    """The text in half width, with the slips that hide a bone's name put right."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"(?<!骨)骼(?=[骨嵴])|(?<=[侧左右双、及])骼(?=[骨嵴])", "髂", text)
    return text.replace("勒", "肋")


def find_sites(text: str) -> list[Site]:
    """All sites in a text that has gone through ``plain``, in order."""
    found = [*_crowds(text), *_ribs(text), *_spine(text)]
    taken = [(site.start, site.end) for site in found]
    for site in _others(text):
        if not any(start < site.end and site.start < end for start, end in taken):
            found.append(site)
    return sorted(found, key=lambda site: site.start)


def _ribs(text: str) -> Iterator[Site]:
    for match in _RIB.finditer(text):
        sides = _SIDES[match["side"] or match["side2"]]
        levels = [n for n in _levels(match["levels"] or match["levels2"]) if n <= RIBS]
        bones = tuple(f"rib_{side}_{level}" for side in sides for level in levels)
        if bones:
            yield Site(bones, match.start(), match.end())


def _spine(text: str) -> Iterator[Site]:
    for match in _SPINE.finditer(text):
        if match["latin"]:
            bones = _latin(match["latin"])
        else:
            letter = _LETTER[match["name"] or match["name2"]]
            bones = [f"{letter}{n}" for n in _levels(match["before"] or match["after"])]
        known = tuple(bone for bone in bones if bone in BY_NAME)
        if known:
            yield Site(known, match.start(), match.end())


def _latin(text: str) -> list[str]:
    """L3-L5, T8、T10, L2、3."""
    bones: list[str] = []
    for part in text.split("、"):
        ends = re.split("[-~]", part)
        letter = ends[0][0] if ends[0][0].isalpha() else bones[-1][0]
        low, high = (int(end.lstrip("CTL")) for end in (ends[0], ends[-1]))
        last = ends[-1][0]
        if last.isalpha() and last != letter:  # T11-L1
            names = [
                bone.name for bone in BONES if bone.region in ("cervical", "thoracic", "lumbar")
            ]
            first, final = f"{letter}{low}", f"{last}{high}"
            if first in names and final in names:
                bones += names[names.index(first) : names.index(final) + 1]
            continue
        bones += [f"{letter}{level}" for level in range(low, high + 1)]
    return bones


def _others(text: str) -> Iterator[Site]:
    stems = list(_NOUNS.values())
    side, end = "", -1
    for match in _OTHER.finditer(text):
        stem = next(stems[i] for i in range(len(stems)) if match[f"n{i}"])
        carried = side if _JOINING.fullmatch(text[end : match.start()]) else ""
        side, end = match["side"] or carried, match.end()
        if stem in BY_NAME:
            yield Site((stem,), match.start(), match.end())
        elif side:
            bones = tuple(f"{stem}_{name}" for name in _SIDES[side])
            yield Site(bones, match.start(), match.end())
        end += len(_tail(text[end:]))


def _tail(text: str) -> str:
    """上段, 翼, 头: what may follow the name before the list goes on."""
    match = re.match("[上中下]段|[近远]端|干|翼|头|颈|粗隆间|大转子|[上下]?支|结节|平台", text)
    return match[0] if match else ""


def _crowds(text: str) -> Iterator[Site]:
    for pattern, kind in _CROWDS:
        for match in pattern.finditer(text):
            bones: tuple[str, ...]
            if kind == "ribs":
                sides = _SIDES[match["side"]]
                bones = tuple(b.name for b in BONES if b.region == "ribs" and b.side in sides)
            elif kind == "spine":
                letters = tuple(_LETTER[name] for name in match["spine"].split("、"))
                bones = tuple(name for name in _COLUMN if name[0] in letters)
            else:
                bones = tuple(b.name for b in BONES if b.region == "pelvis")
            yield Site(bones, match.start(), match.end(), collective=True)


def _levels(text: str) -> list[int]:
    """3、5至第7 → 3, 5, 6, 7."""
    found: list[int] = []
    for part in re.split("[、和及]", text):
        ends = [_number(n) for n in re.findall(_N, part)]
        found += range(ends[0], ends[-1] + 1)
    return found


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMERALS[text]
