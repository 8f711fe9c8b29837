"""The raw text of a report → findings and impression, by its headings; and cleaning.

Headings vary between hospitals (检查所见, 影像表现; 检查意见, 印象, 结论) and are mistyped;
``headings.csv`` lists them. What stands under another heading (name, clinical diagnosis,
signature) is in neither part, so that it is not read and does not leak.

Source: the structure of Chinese nuclear medicine reports, and the misspelt headings met in a
public Thai report project; the list of headings is our choice.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mmseg_bone.study import Report

with Path(__file__).with_name("headings.csv").open(encoding="utf-8", newline="") as _file:
    _KINDS = {row["heading"]: row["kind"] for row in csv.DictReader(_file)}
_HEADING = re.compile(
    r"[【\[〔<《](?P<boxed>[^】\]〕>》\n]{1,20})[】\]〕>》][:：]?"
    r"|(?:^|(?<=\n))[ \t]*(?:[一二三四五六七八九\d]{1,2}[、.．)）][ \t]*)?"
    r"(?P<line>[^\W\d][^\n:：。，；]{0,19}?)"
    r"[ \t]*(?:[:：]|(?=\n|$))"
    r"|(?<=[。；;.!！？\s）)】])(?P<inline>[^\W\d_][\w/ ]{0,19}?)[ \t]*[:：]",
)
_CJK = "\u2e80-\u9fff\uf900-\ufaff"
_WIDE = str.maketrans(",:;?!()", "，：；？！（）")


class _Part(NamedTuple):
    kind: str
    text: str


def split_report(text: str) -> Report:
    """Findings and impression of a report in one piece.

    Without any heading, all of it is findings: to take the end of a text for the impression
    would be a guess. Where only the impression has a heading, what stands before it is findings.

    Args:
        text: As exported, with headings in brackets, before colons or on lines of their own.
    """
    parts = list(_parts(normalise(text)))
    has_findings = any(part.kind == "findings" for part in parts)
    kept: dict[str, list[str]] = {"findings": [], "impression": []}
    for part in parts:
        kind = "findings" if part.kind == "" and not has_findings else part.kind
        if kind in kept and part.text.strip():
            kept[kind].append(part.text.strip())
    return Report(
        findings=clean("\n".join(kept["findings"])), impression=clean("\n".join(kept["impression"]))
    )


def _parts(text: str) -> Iterator[_Part]:
    kind, start = "", 0
    for match in _HEADING.finditer(text):
        name = match["boxed"] or match["line"] or match["inline"]
        found = _kind_of(name)
        if found:
            yield _Part(kind, text[start : match.start()])
            kind, start = found, match.end()
    yield _Part(kind, text[start:])


def _kind_of(name: str) -> str:
    """``findings``, ``impression``, ``other``, or nothing if it is no heading."""
    plain = re.sub(r"\s+", " ", name).strip().lower()
    for spelling in (plain, plain.replace(" ", "")):
        if spelling in _KINDS:
            return _KINDS[spelling]
    near = {kind for known, kind in _KINDS.items() if _is_misspelt(plain.replace(" ", ""), known)}
    return near.pop() if len(near) == 1 else ""


def _is_misspelt(name: str, known: str) -> bool:
    """One letter off in a Chinese heading of four or more; two in a long English one."""
    if _KINDS[known] == "other" or len(known) < 4:
        return False
    allowed = 2 if known.isascii() and len(known) >= 8 else 1
    return abs(len(name) - len(known)) <= allowed and _distance(name, known) <= allowed


def _distance(a: str, b: str) -> int:
    """Letters to change, insert or drop to make one of the other (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row, previous = [i], row
        for j, y in enumerate(b, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
    return row[-1]


def normalise(text: str) -> str:
    """Digits, letters and spaces to half width, one kind of line end; nothing else changes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u3000", " ")
    halves = [unicodedata.normalize("NFKC", c) if _is_wide_alnum(c) else c for c in text]
    return "".join(c for c in "".join(halves) if c == "\n" or unicodedata.category(c) != "Cc")


def _is_wide_alnum(character: str) -> bool:
    return "\uff01" <= character <= "\uff5e" and unicodedata.category(character)[0] in "LN"


def clean(text: str) -> str:
    """One way of writing: half-width letters and digits, full-width stops beside Chinese.

    Cleaning twice changes nothing more. Words are left as they are, typing errors too.
    """
    text = normalise(text)
    text = re.sub(rf"(?<=[{_CJK}，。；：？！）])[,:;?!()]|[,:;?!()](?=[{_CJK}])", _widen, text)
    text = re.sub(r"[ \t]+", " ", text)
    text = re.sub(rf"(?<=[{_CJK}，。；：？！]) (?=[{_CJK}])", "", text)
    return re.sub(r" ?\n\s*", "\n", text).strip()


def _widen(match: re.Match[str]) -> str:
    return match[0].translate(_WIDE)
