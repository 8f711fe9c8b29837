"""What was measured, as tables, and beside it the goals."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Round = Mapping[str, float]
_CHEAPEST = "cheapest"


@dataclass
class Results:
    """What each row cost, round by round, in the order of measuring.

    Attributes:
        says: What a row is called in the tables.
        rounds: Numbers of each round by their names; only of rows that were measured.
        why_not: What kept the others from being measured.
    """

    says: dict[str, str]
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)

    def add(self, row: str, numbers: Round) -> None:
        """One more round of a row."""
        self.rounds.setdefault(row, []).append(numbers)

    def why(self, row: str) -> str:
        """Why there is nothing of a row."""
        return self.why_not.get(row, "not measured: interrupted")

    def median(self, row: str, name: str) -> float | None:
        """Over the rounds; None if it was not measured."""
        values = [numbers[name] for numbers in self.rounds.get(row, ()) if name in numbers]
        return statistics.median(values) if values else None

    def ratio(self, over: tuple[str, str], under: tuple[str, str]) -> float | None:
        """The median of the rounds' ratios, so that what slows a whole round does not count."""
        pairs = zip(self.rounds.get(over[0], ()), self.rounds.get(under[0], ()), strict=False)
        ratios = [a[over[1]] / b[under[1]] for a, b in pairs if over[1] in a and b.get(under[1])]
        return statistics.median(ratios) if ratios else None


@dataclass(frozen=True)
class Goal:
    """A ratio of two measured numbers, and what it is to be.

    Attributes:
        says: What is compared.
        over: Row and name of the number above.
        under: Row and name of the number below.
        bound: What the ratio is compared with.
        at_least: Whether more is better.
    """

    says: str
    over: tuple[str, str]
    under: tuple[str, str]
    bound: float
    at_least: bool = False

    def is_met(self, ratio: float) -> bool:
        """Whether a measured ratio meets it."""
        return ratio >= self.bound if self.at_least else ratio <= self.bound


_BF16, _F32 = "bfloat16", "float32"
GOALS = (
    Goal(
        "training step, ours in bfloat16 / nnU-Net 2-D as it ships",
        ("fused", f"{_BF16}.train_s"),
        ("nnunet", f"{_F32}.train_s"),
        0.40,
    ),
    Goal(
        "the same, float32 / float32",
        ("fused", f"{_F32}.train_s"),
        ("nnunet", f"{_F32}.train_s"),
        0.75,
    ),
    Goal(
        "training step, ours of base 16 in bfloat16 / MONAI BasicUNet as it ships",
        ("fused_16", f"{_BF16}.train_s"),
        ("basic_unet", f"{_F32}.train_s"),
        0.35,
    ),
    Goal(
        "the same, float32 / float32",
        ("fused_16", f"{_F32}.train_s"),
        ("basic_unet", f"{_F32}.train_s"),
        0.55,
    ),
    Goal(
        "training rate / convolution peak, float32",
        ("fused", f"{_F32}.train_rate"),
        ("convolution", f"{_F32}.rate"),
        0.78,
        at_least=True,
    ),
    Goal(
        "training rate / convolution peak, bfloat16",
        ("fused", f"{_BF16}.train_rate"),
        ("convolution", f"{_BF16}.rate"),
        0.70,
        at_least=True,
    ),
    Goal(
        "one image, ours in bfloat16 / the cheapest peer as it ships",
        ("fused", f"{_BF16}.infer_s"),
        (_CHEAPEST, f"{_F32}.infer_s"),
        0.70,
    ),
    Goal(
        "fused step / image-only step, float32, text cached",
        ("fused", f"{_F32}.train_s"),
        ("free", f"{_F32}.train_s"),
        1.05,
    ),
    Goal(
        "the same, bfloat16",
        ("fused", f"{_BF16}.train_s"),
        ("free", f"{_BF16}.train_s"),
        1.05,
    ),
    Goal(
        "peak memory of a training step, float32 / nnU-Net 2-D",
        ("fused", f"{_F32}.train_mib"),
        ("nnunet", f"{_F32}.train_mib"),
        1.0,
    ),
    Goal(
        "augmented images a second / nnU-Net's transforms",
        ("augment_ours", "images_s"),
        ("augment_nnunet", "images_s"),
        5.0,
        at_least=True,
    ),
    Goal(
        "augmented images a second / plain albumentations",
        ("augment_ours", "images_s"),
        ("augment_plain", "images_s"),
        1.0,
        at_least=True,
    ),
)


def machine_table(results: Results) -> str:
    """What the machine reaches at best, and what a phantom costs."""
    lines = ["| machine | |", "|---|---|"]
    for precision in (_F32, _BF16):
        rate = results.median("convolution", f"{precision}.rate")
        told = "" if rate is None else f"{rate / 1e9:.0f} GFLOP/s"
        lines.append(f"| best 3×3 convolution, {precision} | {told} |")
    seconds = results.median("phantoms", "phantom_s")
    if seconds is not None:
        size = "×".join(f"{results.median('phantoms', s):.0f}" for s in ("height", "width"))
        lines.append(f"| one phantom | {seconds:.2f} CPU s |")
        lines.append(f"| left of it by cropping to the body, median | {size} |")
    return "\n".join(lines)


def network_table(results: Results, rows: Iterable[str]) -> str:
    """Cost of each network in both precisions."""
    lines = [
        "| network | parameters, M | step, CPU s | of peak | one image, CPU s | peak memory, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row not in results.rounds:
            lines.append(f"| {results.says[row]} | {results.why(row)} | | | | |")
            continue
        cells = [
            _pair(results, row, "train_s", ".2f"),
            " / ".join(_number(_share_of_peak(results, row, p), ".2f") for p in (_F32, _BF16)),
            _pair(results, row, "infer_s", ".3f"),
            _pair(results, row, "train_mib", ".0f"),
        ]
        millions = (results.median(row, "parameters") or 0.0) / 1e6
        lines.append(f"| {results.says[row]} | {millions:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def augmentation_table(results: Results, rows: Iterable[str]) -> str:
    """Images a second of each way to augment."""
    lines = ["| augmentation | images a second and core |", "|---|---|"]
    for row in rows:
        rate = results.median(row, "images_s")
        told = results.why(row) if rate is None else f"{rate:.0f}"
        lines.append(f"| {results.says[row]} | {told} |")
    return "\n".join(lines)


def goal_table(results: Results, peers: Sequence[str], goals: Sequence[Goal] = GOALS) -> str:
    """Each goal with what was measured; open where a row is missing."""
    _find_cheapest(results, peers)
    lines = ["| goal | at | measured | |", "|---|---|---|---|"]
    for goal in goals:
        ratio = results.ratio(goal.over, goal.under)
        sign = "≥" if goal.at_least else "≤"
        if ratio is None or ratio != ratio:
            told = ["", "open: not measured"]
        else:
            told = [f"{ratio:.2f}", "pass" if goal.is_met(ratio) else "**fail**"]
        lines.append(f"| {goal.says} | {sign} {goal.bound:.2f} | {told[0]} | {told[1]} |")
    return "\n".join(lines)


def _find_cheapest(results: Results, peers: Sequence[str]) -> None:
    """Make a row of the peer whose prediction costs least, each as it ships."""
    cost = {row: results.median(row, f"{_F32}.infer_s") for row in peers}
    known = {row: seconds for row, seconds in cost.items() if seconds is not None}
    if known:
        results.rounds[_CHEAPEST] = results.rounds[min(known, key=known.__getitem__)]


def _share_of_peak(results: Results, row: str, precision: str) -> float | None:
    return results.ratio((row, f"{precision}.train_rate"), ("convolution", f"{precision}.rate"))


def _pair(results: Results, row: str, name: str, how: str) -> str:
    """A number in float32 and in bfloat16."""
    return " / ".join(_number(results.median(row, f"{p}.{name}"), how) for p in (_F32, _BF16))


def _number(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)
