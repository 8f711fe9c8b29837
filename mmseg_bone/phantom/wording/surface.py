"""The surface of a report: punctuation, digits, synonyms, and slips that do no harm.

Sides, bones, numbers, negation and certainty are never touched.
"""

import re

import numpy as np

from mmseg_bone.phantom.dice import chance, one_of

# Words of one meaning and one certainty, each with what may stand for it.
_SYNONYMS = {
    "放射性浓聚": ("放射性浓集", "放射性聚集"),
    "骨代谢增高": ("骨盐代谢增高", "骨代谢活跃"),
    "浓聚灶": ("浓聚影", "浓集灶", "浓聚区"),
    "斑片状": ("片状",),
    "条状": ("条带状",),
    "团块状": ("团状",),
    "可见": ("见",),
    "其余骨骼": ("余骨", "其他骨骼"),
    "未见明显异常": ("未见异常",),
    "退行性变": ("退行性改变",),
    "骨转移瘤": ("骨转移",),
    "可疑骨转移": ("疑似骨转移", "骨转移不除外"),
    "建议行CT": ("建议CT", "请行CT"),
    "建议行MRI": ("建议MRI",),
    "全身骨显像": ("全身骨扫描", "WBS"),
    "显像剂": ("示踪剂",),
    "双侧": ("两侧",),
    "骶髂关节": ("骶髂关节区",),
    "大致相仿": ("未见明显变化",),
    "显影清晰": ("显像清晰",),
    "待排": ("待除外",),
    "膀胱": ("膀胱区",),
    "明显增高": ("显著增高",),
}
_SYNONYM = re.compile("|".join(sorted(_SYNONYMS, key=len, reverse=True)))
_SLIPS = (
    ("显像", "显象"),
    ("浓聚", "浓具"),
    ("髂", "骼"),
    ("骶髂", "骶骼"),
    ("肋", "勒"),
    ("膀胱", "旁胱"),
    ("放射性", "放放射性"),
    ("代谢", "代谢谢"),
    ("骨骼", "骨骨骼"),
    ("状", ""),
)
_HALF = str.maketrans({"，": ",", "。": ".", "：": ":", "；": ";", "（": "(", "）": ")"})
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_UNIT = re.compile(r"[0-9A-Za-z./×~-]*[A-Za-z][0-9A-Za-z./×~-]*")  # 99mTc-MDP, 3h, L3


def with_synonyms(text: str, rng: np.random.Generator, share: float) -> str:
    """Replace this share of replaceable words."""

    def swap(found: re.Match[str]) -> str:
        other = one_of(rng, _SYNONYMS[found[0]])
        return other if chance(rng, share) else found[0]

    return _SYNONYM.sub(swap, text)


def with_slip(text: str, rng: np.random.Generator) -> str:
    """One slip of the keyboard or ear; the meaning can still be read."""
    possible = [pair for pair in _SLIPS if pair[0] in text]
    if not possible:
        return text
    right, wrong = one_of(rng, possible)
    places = [found.start() for found in re.finditer(right, text)]
    at = one_of(rng, places)
    return text[:at] + wrong + text[at + len(right) :]


def punctuated(text: str, punctuation: str) -> str:
    """Full- or half-width marks; a half-width full stop stays apart from a number."""
    if punctuation == "full":
        return text
    return re.sub(r"(?<=\d)\.(?=\d)(?!\d(cm|h))", "。", text.translate(_HALF))


def with_wide_digits(text: str) -> str:
    """Full-width digits, as some input methods leave them; units and Latin names stay."""
    kept = {found.span() for found in _UNIT.finditer(text)}
    inside = {i for start, end in kept for i in range(start, end)}
    return "".join(char if i in inside else char.translate(_WIDE) for i, char in enumerate(text))


def numbered(items: list[str], numbering: str) -> str:
    """An impression; one item is never numbered."""
    if len(items) == 1 or numbering == "none":
        return "".join(items)
    return "".join(f"{numbering.replace('1', str(n))}{item}" for n, item in enumerate(items, 1))
