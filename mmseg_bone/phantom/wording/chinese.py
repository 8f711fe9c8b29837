"""Statements in Chinese."""

import re
from collections.abc import Sequence

import numpy as np

from mmseg_bone.phantom.dice import chance, one_of, weighted
from mmseg_bone.phantom.plan import PlannedFocus
from mmseg_bone.phantom.wording.content import Statement
from mmseg_bone.phantom.wording.names import Naming, joined, levels, site, sites, spine_sections
from mmseg_bone.phantom.wording.styles import Pattern, Style
from mmseg_bone.phantom.wording.surface import (
    numbered,
    punctuated,
    with_slip,
    with_synonyms,
    with_wide_digits,
)
from mmseg_bone.study import Report

# Longest report by what it tells; sentences that can be spared are left out beyond it.
_LONGEST = {"normal": 125, "few": 180, "many": 400, "checked": 450}
_SLOT = re.compile(r"\{(\w+)\}")
_WORDS = {
    "left": "左侧",
    "right": "右侧",
    "dot": "点状",
    "focal": "灶状",
    "nodule": "结节状",
    "patch": "斑片状",
    "sheet": "片状",
    "band": "条状",
    "mass": "团块状",
    "slight": "轻度",
    "moderate": "中度",
    "strong": "明显",
    "paler": "浅淡",
    "denser": "增浓",
    "fainter": "变淡",
    "wider": "增浓、范围扩大",
    "inner": "内",
    "outer": "外",
    "worse": "进展",
    "better": "好转",
    "alike": "相仿",
    "elbow": "肘窝",
    "hand": "手背",
    "wrist": "腕部",
    "ct_lytic": "溶骨性破坏",
    "ct_blastic": "成骨性改变",
    "ct_sclerosis": "骨质增生硬化",
    "ct_fracture": "骨皮质不连续",
    "3": "3个月",
    "6": "半年",
    "8": "8个月",
    "12": "1年",
}
_JOINTS = {
    "shoulder": "肩",
    "elbow": "肘",
    "wrist": "腕",
    "sacroiliac": "骶髂",
    "hip": "髋",
    "knee": "膝",
    "ankle": "踝",
    "foot": "跖趾",
}
_TRACERS = (
    "99mTc-MDP",
    "99mTc-MDP",
    "99Tcm-MDP",
    "锝-99m亚甲基二膦酸盐",
    "99m锝-MDP",
    "Tc-99m MDP",
)
_DOSES = ("740MBq", "925MBq", "555MBq", "20mCi", "25mCi", "15mCi")


class ChineseWriter:
    """Says statements in one hospital's Chinese.

    The naming habits are drawn once per report; a new writer is needed for each. ``ALONE`` are
    the regions whose bones are named one by one even where there are many foci.
    """

    ALONE = ("head", "sacrum", "sternum", "shoulder", "limbs")

    def __init__(self, rng: np.random.Generator, style: Style, *, ct: bool) -> None:
        self.rng = rng
        self.style = style
        self.ct = ct
        self.numerals = weighted(rng, style.numerals)
        self.naming = Naming(
            rib=weighted(rng, style.rib),
            vertebra=weighted(rng, style.vertebra),
            short_side=style.side == "short",
            ends=style.ends,
            chinese_numerals=self.numerals == "chinese",
            fine=chance(rng, 0.6),
            axilla=chance(rng, 0.25),
        )

    def say(self, statement: Statement) -> str:
        """One sentence, with its full stop."""
        pattern = self._pattern(statement)
        text = _SLOT.sub(lambda slot: self._slot(slot[1], statement), pattern.text)
        if statement.most and "{most}" not in pattern.text:
            return f"{text.removesuffix('。')}，以{sites(statement.most, self.naming)}为著。"
        return text

    def limit(self, extent: str) -> int:
        """Longest report in characters, by what it tells."""
        return _LONGEST[extent]

    def finish(
        self, findings: Sequence[tuple[Statement, str]], items: Sequence[tuple[Statement, str]]
    ) -> Report:
        """Put the sentences together as this hospital types them."""
        first = ""
        for statement, text in findings:
            first = first.removesuffix("。") + "，" + text if statement.joined else first + text
        second = numbered([text for _, text in items], self.style.numbering)
        first, second = self._typed(first), self._typed(second)
        if chance(self.rng, self.style.typos):
            first = with_slip(first, self.rng)
        return Report(findings=first, impression=second)

    def _typed(self, text: str) -> str:
        text = with_synonyms(text, self.rng, self.style.synonyms)
        text = with_wide_digits(text) if self.numerals == "wide" else text
        return punctuated(text, self.style.punctuation)

    def _pattern(self, statement: Statement) -> Pattern:
        """One that fits; one that says more of what holds is chosen more often."""
        fitting = {
            pattern: 1.0 + len(pattern.needs)
            for pattern in self.style.patterns[statement.role]
            if pattern.needs <= statement.facts
        }
        return weighted(self.rng, fitting)

    def _slot(self, name: str, statement: Statement) -> str:
        match name:
            case "site":
                return site(statement.mentions[0], self.naming)
            case "sites":
                return self._sites(statement)
            case "most":
                return sites(statement.most, self.naming)
            case "levels":
                if statement.mentions:
                    return levels(statement.mentions, self.naming)
                return spine_sections(statement.crowd)
            case "shape":
                return self._word(_shape(self.rng, statement.mentions[0].focus))
            case "degree" if "degree" not in statement.words:
                return self._word(_degree(statement.mentions[0].focus)) + "增高"
            case "size":
                return _size(self.rng, statement.mentions[0].focus)
            case "joints":
                return self._joints(statement)
            case "joint":
                return f"{_JOINTS[statement.words['joint']]}关节"
            case "paleness":
                paler = statement.words["paleness"] == "paler"
                return "浅淡" if paler else "增浓，肾盂内放射性滞留"
            case "side":
                return self.naming.side(statement.words["side"])
            case "months":
                return statement.words["months"]
        if name in statement.words:
            return self._word(statement.words[name])
        return self._free(name)

    def _free(self, name: str) -> str:
        """Slots that depend on nothing."""
        match name:
            case "tracer":
                return one_of(self.rng, _TRACERS)
            case "dose":
                told = chance(self.rng, self.style.habits.dose)
                dose = one_of(self.rng, _DOSES)
                return f" {dose}" if told else ""
            case "hours":
                return one_of(self.rng, ("2", "3", "3", "4", "2-4"))
            case "further":
                return "MRI" if self.ct else "CT或MRI"
            case "extra":
                return "，加做局部SPECT/CT" if self.ct else ""
        return one_of(self.rng, _FREE[name])

    def _sites(self, statement: Statement) -> str:
        """All sites; a single one with its place in the bone, as in findings."""
        if statement.role.startswith("i_") and statement.mentions:
            some = len({f.number for f in statement.crowd}) > len(statement.mentions)
            return self._named(statement) + ("等处" if some else "")
        return sites(statement.mentions, self.naming, statement.crowd)

    def _named(self, statement: Statement) -> str:
        if len(statement.mentions) == 1:
            return site(statement.mentions[0], self.naming)
        return sites(statement.mentions, self.naming)

    def _joints(self, statement: Statement) -> str:
        listed = statement.words["joints"].split(",")
        spine = ["脊柱"] if "spine" in listed else []
        names = [_JOINTS[joint] for joint in listed if joint != "spine"]
        if not statement.role.startswith("i_"):
            return f"{'、'.join(names)}关节"
        pairs = [f"双{'、'.join(names)}关节"] if names else []
        return joined(spine + pairs)

    def _word(self, code: str) -> str:
        return self.style.words.get(code) or _WORDS.get(code, code)


_FREE = {
    "spot": ("灶", "影", "区"),
    "margin": ("清楚", "欠清"),
    "slight": ("稍", "明显"),
    "motion": ("头部轻度移动", "双手轻度移动"),
    "wiped": ("变淡", "明显变淡"),
    "change": ("变淡",),
}


def _shape(rng: np.random.Generator, focus: PlannedFocus) -> str:
    if focus.diameter_mm < 13:
        return one_of(rng, ("dot", "focal"))
    if focus.elongation > 2.2:
        return "band"
    if focus.diameter_mm < 20:
        return one_of(rng, ("dot", "focal", "nodule"))
    if focus.diameter_mm < 32:
        return one_of(rng, ("nodule", "patch"))
    return one_of(rng, ("patch", "sheet", "mass"))


def _degree(focus: PlannedFocus) -> str:
    return "slight" if focus.ratio < 2 else "moderate" if focus.ratio < 3.5 else "strong"


def _size(rng: np.random.Generator, focus: PlannedFocus) -> str:
    """Length and width as measured on the image: blurred, and read to a millimetre."""
    wide = focus.diameter_mm * focus.elongation ** (-1 / 3)
    long = wide * focus.elongation
    seen = [float(np.hypot(extent, 8)) * rng.uniform(0.9, 1.1) / 10 for extent in (long, wide)]
    return "×".join(f"{extent:.1f}cm" for extent in sorted(seen, reverse=True))
