"""What a benchmark has to show, line by line: ``text_fused > text_free``, ``best >= a + 0.15``.

A line sets one pooled Dice against another, both means over the seeds. It says nothing of how
sure the difference is: for that there is ``compare``.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmseg_bone.errors import PlanError

BEST = "best"  # of the rows that read reports, the one with the highest pooled Dice
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_NAME = r"([\w.-]+)(?:, (\w+))?"
_LINE = re.compile(rf"{_NAME} (>=|<=|>|<) {_NAME}(?: ([+-]) (\d+(?:\.\d+)?))?")
Scored = tuple[str, str]  # a row, and the control of its reports; "" for its own


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing to be shown.

    Attributes:
        text: As it was written.
        left: What is judged.
        sign: ``>=``, ``<=``, ``>`` or ``<``.
        right: What it is set against.
        margin: Added to the right.
    """

    text: str
    left: Scored
    sign: str
    right: Scored
    margin: float

    @classmethod
    def read(cls, text: str) -> "Line":
        """A line as a plan has it: ``ROW[, CONTROL] SIGN ROW[, CONTROL] [+ MARGIN]``.

        Raises:
            PlanError: It is none.
        """
        found = _LINE.fullmatch(text.strip())
        if found is None:
            raise PlanError(
                f"{text!r} is no line to be judged; expected such as 'text_fused > text_free' or "
                f"'best, shuffled <= text_free + 0.02', with one of {' '.join(_HOLDS)}."
            )
        row, control, sign, other, of_other, plus, size = found.groups()
        margin = float(size or 0) * (-1 if plus == "-" else 1)
        left, right = (row, control or ""), (other, of_other or "")
        return cls(text=text.strip(), left=left, sign=sign, right=right, margin=margin)


@dataclass(frozen=True)
class Verdict:
    """How a line came out.

    Attributes:
        line: Which one.
        found: Pooled Dice of its left side; None where it is not known.
        limit: That of its right side with the margin; None where it is not known.
    """

    line: Line
    found: float | None
    limit: float | None

    @property
    def holds(self) -> bool:
        """Whether it was shown; what is not known is not."""
        if self.found is None or self.limit is None:
            return False
        return _HOLDS[self.line.sign](round(self.found, 9), round(self.limit, 9))

    def __str__(self) -> str:
        how = "pass" if self.holds else "FAIL"
        if self.found is None or self.limit is None:
            return f"{how}  {self.line.text}  (not known: a seed is missing, or nothing was found)"
        return f"{how}  {self.line.text}  ({self.found:.3f} {self.line.sign} {self.limit:.3f}?)"


def judge(
    lines: Iterable[Line], dice: Mapping[Scored, Sequence[float | None]], readers: Iterable[str]
) -> tuple[str | None, list[Verdict]]:
    """Hold scores against what was to be shown.

    Args:
        lines: What was to be shown.
        dice: Pooled Dice of each seed, by row and control; None where it is missing.
        readers: The rows of which the best is taken.

    Returns:
        The best of the readers, None if one of them is not known; and the verdicts.
    """
    mean = {scored: _mean(each) for scored, each in dice.items()}
    known = {row: mean.get((row, "")) for row in readers}
    scores = {row: score for row, score in known.items() if score is not None}
    whole = len(scores) == len(known)
    best = max(scores, key=scores.__getitem__) if scores and whole else None

    def of(scored: Scored) -> float | None:
        row, control = scored
        row = best or "" if row == BEST else row
        return mean.get((row, control))

    verdicts = []
    for line in lines:
        limit = of(line.right)
        limit = None if limit is None else limit + line.margin
        verdicts.append(Verdict(line, of(line.left), limit))
    return best, verdicts


def _mean(each: Sequence[float | None]) -> float | None:
    known = [one for one in each if one is not None]
    return sum(known) / len(known) if known and len(known) == len(each) else None
