"""Statements in English, for departments that report in it. Simpler than the Chinese."""

import re
from collections.abc import Sequence

import numpy as np

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.dice import one_of, weighted
from mmseg_bone.phantom.plan import PlannedFocus
from mmseg_bone.phantom.wording.content import Statement, in_order
from mmseg_bone.phantom.wording.reading import Reading
from mmseg_bone.phantom.wording.styles import Pattern, Style
from mmseg_bone.phantom.wording.surface import numbered
from mmseg_bone.study import Report

_SLOT = re.compile(r"\{(\w+)\}")
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_NOUNS = {
    "hand": "hand",
    "foot": "foot",
    "sternum": "sternal body",
    "ilium": "iliac bone",
    "pubis": "pubic bone",
}
_THIRDS = {"proximal": "proximal ", "middle": "mid ", "distal": "distal "}
_EDGES = {"left_edge": " (left margin)", "right_edge": " (right margin)"}
_EDGES |= {"posterior_elements": " (posterior elements)"}
_REGIONS = {
    "head": "the skull",
    "cervical": "the cervical spine",
    "thoracic": "the thoracic spine",
    "lumbar": "the lumbar spine",
    "sacrum": "the sacrum",
    "ribs": "the ribs",
    "sternum": "the sternum",
    "shoulder": "the shoulder girdle",
    "pelvis": "the pelvis",
    "limbs": "the limbs",
}
_JOINTS = {
    "spine": "spine",
    "shoulder": "shoulders",
    "elbow": "elbows",
    "wrist": "wrists",
    "sacroiliac": "sacroiliac joints",
    "hip": "hips",
    "knee": "knees",
    "ankle": "ankles",
    "foot": "feet",
}
_WORDS = {
    "slight": "mild",
    "paler": "fainter",
    "denser": "more intense",
    "fainter": "less intense",
    "wider": "more intense and larger",
    "inner": "medial",
    "outer": "lateral",
    "worse": "progressed",
    "better": "regressed",
    "alike": "not changed",
    "elbow": "antecubital fossa",
    "ct_lytic": "lytic destruction",
    "ct_blastic": "a blastic lesion",
    "ct_sclerosis": "benign osteophytic sclerosis",
    "ct_fracture": "a cortical break",
}
_LONGEST = 3000


class EnglishWriter:
    """Says statements in one department's English."""

    ALONE = ("sacrum",)

    def __init__(self, rng: np.random.Generator, style: Style, *, ct: bool) -> None:
        self.rng = rng
        self.style = style
        self.ct = ct
        self.rib = weighted(rng, style.rib)

    def limit(self, extent: str) -> int:
        """Longest report in characters; English is not cut."""
        return _LONGEST

    def say(self, statement: Statement) -> str:
        """One sentence, with its full stop."""
        pattern = self._pattern(statement)
        text = _SLOT.sub(lambda slot: self._slot(slot[1], statement), pattern.text)
        if statement.most and "{most}" not in pattern.text:
            text = f"{text.removesuffix('.')}, most marked in {self._listed(statement.most)}."
        return text[0].upper() + text[1:]

    def finish(
        self, findings: Sequence[tuple[Statement, str]], items: Sequence[tuple[Statement, str]]
    ) -> Report:
        """Put the sentences together."""
        told = [text for _, text in items]
        listed = numbered([f"{text} " for text in told], self.style.numbering).strip()
        return Report(findings=" ".join(text for _, text in findings), impression=listed)

    def _pattern(self, statement: Statement) -> Pattern:
        fitting = {
            pattern: 1.0 + len(pattern.needs)
            for pattern in self.style.patterns[statement.role]
            if pattern.needs <= statement.facts
        }
        return weighted(self.rng, fitting)

    def _slot(self, name: str, statement: Statement) -> str:
        words = statement.words
        match name:
            case "site":
                return self._name(statement.mentions[0])
            case "sites":
                return self._sites(statement)
            case "most":
                return self._listed(statement.most)
            case "side":
                return words["side"]
            case "joints":
                return _and([_JOINTS[joint] for joint in words["joints"].split(",")])
            case "intensity":
                return _intensity(statement.mentions[0].focus)
            case "extra":
                return " with additional SPECT/CT" if self.ct else ""
            case "hours":
                return one_of(self.rng, ("2", "3", "4"))
            case "when":
                return f"{words['when']} months"
        return _WORDS.get(words[name], words[name])

    def _sites(self, statement: Statement) -> str:
        crowd = [BY_NAME[f.bone].region for f in statement.crowd]
        if statement.mentions and statement.role.startswith("i_"):
            return self._listed(statement.mentions)
        regions = [word for region, word in _REGIONS.items() if region in crowd]
        return _and([self._name(r) for r in in_order(statement.mentions)] + regions)

    def _listed(self, readings: Sequence[Reading]) -> str:
        return _and([self._name(reading) for reading in readings])

    def _name(self, reading: Reading) -> str:
        bone, focus = BY_NAME[reading.bone], reading.focus
        if bone.region == "ribs":
            place = f"{focus.part} " if focus.part else ""
            if self.rib == "ordinal":
                return f"the {bone.side} {_ORDINALS.split()[(bone.level or 1) - 1]} {place}rib"
            return f"the {bone.side} {place}rib {bone.level}"
        if bone.level is not None:
            return f"{bone.name}{_EDGES.get(focus.part, '')}"
        if bone.side == "midline":
            return f"the {_NOUNS.get(bone.name, bone.name)}"
        stem = bone.name.removesuffix(f"_{bone.side}")
        return f"the {bone.side} {_THIRDS.get(focus.part, '')}{_NOUNS.get(stem, stem)}"


def _and(items: list[str]) -> str:
    items = list(dict.fromkeys(items))
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def _intensity(focus: PlannedFocus) -> str:
    return "mildly" if focus.ratio < 2 else "moderately" if focus.ratio < 3.5 else "markedly"
