"""The same report in other words, so that a reader learns what it says and not how.

Every report has words of its own: of a set of synonyms it keeps to one, as a hospital does.
What is said stays: sides, bones, numbers, negation, certainty and class are never touched.

Source: the sets are those that masking draws similar words from (``synonyms.txt``); that whole
reports are reworded by them is our choice.
"""

import re
from collections.abc import Mapping

import numpy as np

from mmseg_bone.study import Report
from mmseg_bone.text.masking import read_synonyms

# Of these, some stand before what they doubt and some behind it: 倾向于骨转移, 骨转移可能性大.
_BEFORE, _BEHIND = ("倾向于", "可疑", "疑似"), ("可能性大", "不能除外", "不除外")
_DOUBTED = re.compile(
    f"(?P<before>{'|'.join(_BEFORE)})(?P<first>(?:溶骨性|骨)*转移(?:瘤|灶)?)"
    f"|(?P<second>(?:溶骨性|骨)*转移(?:瘤|灶)?)(?P<behind>{'|'.join(_BEHIND)})"
)
_SETS = read_synonyms()
# A single character may be part of another word (见 of 未见): it may come, but not go.
_SET_OF = {word: i for i, words in enumerate(_SETS) for word in words if len(word) > 1}
_WORD = re.compile("|".join(sorted(map(re.escape, _SET_OF), key=len, reverse=True)))
# 第5腰椎浓聚,考虑骨转移: the uptake, said once before, can be left out.
_UPTAKE = re.compile("(?:浓聚|浓集|聚集|摄取增高|放射性增高|骨(?:盐)?代谢(?:增高|活跃))(?=[,，])")
_LEFT_OUT = 0.3  # of reports, of those that are reworded in all they can be


def reword(report: Report, rng: np.random.Generator, share: float) -> Report:
    """The report in other words of the same meaning.

    How much of a report is reworded differs from one to the next, from nothing to ``share``.

    Args:
        report: In Chinese; one in another language comes back as it was.
        rng: Where the draws come from.
        share: Of the sets of synonyms, at most: for these, one word stands for all.
    """
    own = share * rng.random()
    liked = {
        i: words[int(rng.integers(len(words)))]
        for i, words in enumerate(_SETS)
        if rng.random() < own
    }
    instead = {word: liked[i] for word, i in _SET_OF.items() if i in liked}
    findings, impression = report.findings, report.impression
    if rng.random() < own * _LEFT_OUT:
        impression = _UPTAKE.sub("", impression)
    return Report(findings=_said(findings, instead), impression=_said(impression, instead))


def _said(text: str, instead: Mapping[str, str]) -> str:
    def doubted(found: re.Match[str]) -> str:
        what = found["first"] or found["second"]
        word = found["before"] or found["behind"]
        word = instead.get(word, word)
        return what + word if word in _BEHIND else word + what

    text = _DOUBTED.sub(doubted, text)
    text = _WORD.sub(lambda found: instead.get(found[0], found[0]), text)
    return text.replace("放射性放射性", "放射性")
