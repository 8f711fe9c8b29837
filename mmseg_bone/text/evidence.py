"""What a report says of each bone: the parser, report → mentions.

Rules over sentences, for Chinese bone scan reports. A bone is found in the findings, and what
it is is mostly said in the impression, so the two are read together: what names the bone in
the impression decides; then what the findings say of it (degeneration, CT, an injury); then a
general verdict (全身多发骨转移). What stays open is left uncertain.

Source: our rules; the certainty strata follow the usual reading of 符合/考虑, 可能性大/倾向,
可疑/不除外/待定 and 待排 in Chinese nuclear medicine reports.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.study import Report
from mmseg_bone.text.sites import Site, find_sites, plain

Label = Literal["metastatic", "benign", "uncertain"]

_SENTENCE = re.compile(r"[^。;；!！\n]+")
_STOP = re.compile(r"(?<!\d)\.|\.(?!\d)")
_ASIDE = re.compile("生理性|遮盖|观察受限|注射点|外渗|性缺损区?,?与佩戴|污染")
_NEGATED = re.compile("未见|无明显|无异常")
_EARLIER = re.compile("骨转移灶较前")
_NO_SPREAD = re.compile("[^,,]*(?:未见|无)[^,,]*转移[^,,]*")
_SPREAD = re.compile("转移")
_EXCLUDE = re.compile("转移(?:待排|待除外)")
_OPEN = re.compile("性质待定|待查")
_LOW = re.compile("可疑|疑似|不除外|不能除外|待排")
_MIDDLE = re.compile("可能性大|倾向于?(?!良)|提示")
_BENIGN = re.compile(
    "退行性|退变|骨折|良性|畸形性骨炎|坏死|骨质疏松|炎性病变|关节炎|软骨炎|骨岛|血管瘤|术后改变"
)
_BENIGN_LOOK = re.compile(
    "椎体边缘|骨赘|沿直线|横条状|终板|串珠|放疗后|人工关节|金属|膨大|弧形|双轨|退行性"
)
_FOR = re.compile("溶骨|成骨性|(?<!未见)(?<!明确)骨质破坏|增浓|范围扩大|新增|疼痛")
_AGAINST = re.compile(
    "骨质增生|硬化|骨皮质不连续|骨痂|(?<!否认该处)(?<!无)外伤史|变淡|缩小|无局部症状"
)
_POINTING = re.compile("相应|该处|CT|较.*前片|平面")  # goes on about the same site
_NUMBERING = re.compile(r"^\s*(?:\(?\d{1,2}[)、](?!\d)|[①-⑳])\s*")
_OTHERS = re.compile("等")


class Mention(NamedTuple):
    """One bone as the report speaks of it.

    Attributes:
        bone: Name from ``anatomy.BONES``; its side and level are the bone's.
        label: What it is taken for.
        certainty: ``high``, ``middle`` or ``low`` that it is a metastasis; ``benign``.
        collective: Named among others (双侧多根肋骨), so that it may or may not be meant.
        negated: The report says that nothing is there.
    """

    bone: str
    label: Label
    certainty: str
    collective: bool = False
    negated: bool = False

    @property
    def side(self) -> str:
        """left, right or midline."""
        return BY_NAME[self.bone].side

    @property
    def level(self) -> int | None:
        """Number of the rib or vertebra."""
        return BY_NAME[self.bone].level


@dataclass
class _Heard:
    """What has been heard of one bone so far; later sources fill what is still open."""

    collective: bool
    negated: bool = False
    verdict: str = ""  # from the impression, by name: a certainty
    look: str = ""  # from the findings: "benign", or "for" and "against" a metastasis


def mentions(report: Report) -> tuple[Mention, ...]:
    """Every bone the report names, with what is said of it, in the order of naming.

    An empty report mentions nothing. A bone named twice is one mention. Without headings the
    whole text is findings; a verdict that stands there is read all the same.

    Args:
        report: In any of the usual spellings; widths of letters and marks do not matter.
    """
    heard: dict[str, _Heard] = {}
    _hear_findings(plain(report.findings), heard)
    general = _hear_impression(plain(report.impression or report.findings), heard)
    return tuple(_judged(bone, about, general) for bone, about in heard.items())


def _sentences(text: str) -> list[str]:
    found = _SENTENCE.findall(_STOP.sub("。", text))
    return [s for s in (_NUMBERING.sub("", sentence) for sentence in found) if s.strip()]


def _hear_findings(text: str, heard: dict[str, _Heard]) -> None:
    last: list[str] = []
    for sentence in _sentences(text):
        if _ASIDE.search(sentence):
            continue
        sites = find_sites(sentence)
        negated = bool(sites) and _denies(sentence, sites)
        if sites or not _POINTING.search(sentence):
            last = [bone for site in sites for bone in site.bones if not site.collective]
        for site in sites:
            for bone in site.bones:
                about = heard.setdefault(bone, _Heard(site.collective, negated))
                about.collective = about.collective and site.collective
                about.negated = about.negated and negated
        look = _look(sentence)
        for bone in last:
            if look and bone in heard and heard[bone].look != "benign":
                heard[bone].look = look


def _denies(sentence: str, sites: list[Site]) -> bool:
    """Whether the clause that names the sites says nothing is there."""
    clause = re.split("[,,]", sentence[sites[-1].end :])[0]
    return bool(_NEGATED.search(clause)) and "显示" not in clause


def _look(sentence: str) -> str:
    if _BENIGN_LOOK.search(sentence):
        return "benign"
    if _AGAINST.search(sentence):
        return "against"
    return "for" if _FOR.search(sentence) else ""


def _hear_impression(text: str, heard: dict[str, _Heard]) -> str:
    """Verdicts on named bones; returns the one on all others, if there is one."""
    general = ""
    for sentence in _sentences(text):
        claim = _NO_SPREAD.sub("", sentence)
        if _EARLIER.search(sentence) or not (_SPREAD.search(claim) or _is_verdict(claim)):
            continue
        verdict = _verdict(claim)
        sites = [site for site in find_sites(claim) if not site.collective]
        for site in sites:
            for bone in site.bones:
                about = heard.setdefault(bone, _Heard(collective=False))
                about.collective, about.negated = False, False
                about.verdict = about.verdict or verdict
        if verdict != "benign" and (not sites or _OTHERS.search(claim) or "多发" in claim):
            general = general or verdict
    return general


def _is_verdict(sentence: str) -> bool:
    return bool(_BENIGN.search(sentence) or _OPEN.search(sentence))


def _verdict(sentence: str) -> str:
    """The certainty that a sentence of the impression gives its sites."""
    if _EXCLUDE.search(sentence):
        return "benign"
    if not _SPREAD.search(sentence):
        return "low" if _OPEN.search(sentence) else "benign"
    if _LOW.search(sentence):
        return "low"
    return "middle" if _MIDDLE.search(sentence) else "high"


def _judged(bone: str, about: _Heard, general: str) -> Mention:
    certainty = about.verdict
    if not certainty and about.look == "benign":
        certainty = "benign"
    certainty = certainty or general
    if not certainty:
        certainty = {"for": "middle", "against": "benign"}.get(about.look, "")
    label: Label = "uncertain"
    if about.negated or certainty == "benign":
        label = "benign"
    elif certainty in ("high", "middle"):
        label = "metastatic"
    return Mention(bone, label, certainty or "low", about.collective, about.negated)
