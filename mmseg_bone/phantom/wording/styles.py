"""Hospital styles: what a department writes about, and how it puts things."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from mmseg_bone.errors import ReportError
from mmseg_bone.phantom.wording.reading import Habits

_DATA = "mmseg_bone.phantom.wording"


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A sentence frame: the role it plays, the facts it needs, the text with its slots."""

    id: str
    role: str
    needs: frozenset[str]
    text: str


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one hospital writes.

    Attributes:
        name: Of the style.
        language: ``chinese`` or ``english``.
        held_out: Kept from training, to test whether wording generalises.
        habits: What its reports contain.
        patterns: Its sentence frames by role.
        rib, vertebra: Naming habits and their weights, see ``wording.names``.
        side: ``long`` (左侧) or ``short`` (左).
        ends: Whether long bones have 近端 and 远端, rather than 上段 and 下段.
        numerals: ``arabic``, ``chinese`` or ``wide``, with their weights.
        punctuation: ``full`` or ``half``.
        numbering: How an impression of several items counts them; ``none`` runs on.
        synonyms: Share of words replaced by a synonym.
        typos: Share of reports with a harmless slip.
        words: Its own words for some codes.
    """

    name: str
    language: str = "chinese"
    held_out: bool = False
    habits: Habits = field(default_factory=Habits)
    patterns: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    rib: Mapping[str, float] = field(default_factory=lambda: {"formal": 1.0})
    vertebra: Mapping[str, float] = field(default_factory=lambda: {"ordinal": 1.0})
    side: str = "long"
    ends: bool = False
    numerals: Mapping[str, float] = field(default_factory=lambda: {"arabic": 1.0})
    punctuation: str = "full"
    numbering: str = "1."
    synonyms: float = 0.0
    typos: float = 0.0075
    words: Mapping[str, str] = field(default_factory=dict)


def style(name: str) -> Style:
    """A style by its name.

    Raises:
        ReportError: There is none of this name.
    """
    known = styles()
    if name not in known:
        raise ReportError(f"no report style {name!r}; there are {', '.join(known)}.")
    return known[name]


def style_names(*, held_out: bool = False, language: str = "chinese") -> tuple[str, ...]:
    """The styles to train on, or those held out."""
    return tuple(
        s.name for s in styles().values() if s.held_out == held_out and s.language == language
    )


@cache
def styles() -> Mapping[str, Style]:
    """All styles, from ``styles.toml`` and the pattern tables."""
    content = files(_DATA).joinpath("styles.toml").read_text("utf-8")
    return {name: _style(name, about) for name, about in tomllib.loads(content).items()}


@cache
def shared_patterns(language: str) -> tuple[Pattern, ...]:
    """The sentence frames common to all styles of a language."""
    table = "patterns.csv" if language == "chinese" else f"patterns_{language}.csv"
    text = files(_DATA).joinpath(table).read_text("utf-8")
    return tuple(
        Pattern(
            id=row["id"],
            role=row["role"],
            needs=frozenset(row["needs"].split()),
            text=row["pattern"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def _style(name: str, about: dict[str, Any]) -> Style:
    avoid = set(about.pop("avoid", ()))
    frames = about.pop("frames", ())
    language = about.get("language", "chinese")
    own: dict[str, list[Pattern]] = {}
    for number, frame in enumerate(frames, start=1):
        pattern = Pattern(
            id=f"{name}-{number}",
            role=frame["role"],
            needs=frozenset(frame.get("needs", "").split()),
            text=frame["text"],
        )
        own.setdefault(pattern.role, []).append(pattern)
    by_role: dict[str, tuple[Pattern, ...]] = {}
    for pattern in shared_patterns(language):
        if pattern.role not in own and pattern.id not in avoid:
            by_role[pattern.role] = (*by_role.get(pattern.role, ()), pattern)
    by_role |= {role: tuple(patterns) for role, patterns in own.items()}
    habits = Habits(**about.pop("habits", {}))
    return Style(name=name, habits=habits, patterns=by_role, **about)
