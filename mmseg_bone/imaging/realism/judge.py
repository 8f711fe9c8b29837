"""Does a scan look like a scan? Items with their tolerances, and a verdict."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Num

from mmseg_bone.imaging.realism import measure
from mmseg_bone.imaging.realism.body import Body, find_body
from mmseg_bone.imaging.realism.noise import BINS, FEW_PIXELS, MANY_PIXELS, noise_ratios
from mmseg_bone.imaging.realism.targets import TARGETS, Target, noise_target
from mmseg_bone.study import Study

PASSING_SHARE = 0.9  # of the items that were asked
_MANY_TOLERANCE, _FEW_TOLERANCE = 0.05, 0.12


@dataclass(frozen=True)
class Item:
    """One number of one scan, beside what it should be.

    Attributes:
        target: What it should be.
        value: What it is; nan where the scan has nothing to measure it on.
        skipped: Why it was not asked (lossy compression, no such view); empty if it was.
    """

    target: Target
    value: float
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value is within its tolerance; nan never is."""
        return self.target.low <= self.value <= self.target.high

    @property
    def failed(self) -> bool:
        """Whether it was asked, and is not within its tolerance."""
        return not self.skipped and not self.passed


@dataclass(frozen=True)
class Verdict:
    """What a scan came to.

    Attributes:
        study: Its key.
        items: Of the anterior view, then of the posterior.
    """

    study: str
    items: tuple[Item, ...]

    @property
    def asked(self) -> list[Item]:
        """Items that were not skipped."""
        return [item for item in self.items if not item.skipped]

    @property
    def share(self) -> float:
        """Of the items asked, those within tolerance; nan if none was asked."""
        passed = [item.passed for item in self.asked]
        return sum(passed) / len(passed) if passed else float("nan")

    @property
    def passed(self) -> bool | None:
        """At least 90 % of the items and every mandatory one; None without an anterior view.

        There is no real posterior scan to compare with, so a posterior view alone is not judged.
        """
        if not any(item.target.mandatory for item in self.asked):
            return None
        return self.share >= PASSING_SHARE and not self.failed_mandatory

    @property
    def failed_mandatory(self) -> list[Item]:
        """Mandatory items out of tolerance: one is enough to fail."""
        return [item for item in self.items if item.failed and item.target.mandatory]


def judge(study: Study, *, lossy: bool = False) -> Verdict:
    """Measure a scan, of a patient or of a phantom, against the reference scan.

    Places in the body are found by the study's own bone labels where it has them, else by
    fractions of the body's length. A blank view fails every item; a view that is missing is
    not asked.

    Args:
        study: The scan; neither its mask nor its report is looked at.
        lossy: Whether it went through lossy compression. Noise, zeros, air and totals are then
            not the scan's any more, and are skipped.
    """
    bodies = {view: _body(study, at) for at, view in enumerate(study.views)}
    items: list[Item] = []
    for posterior in (False, True):
        view = "posterior" if posterior else "anterior"
        values = _values(view, bodies) if view in bodies else {}
        targets = [target for target in TARGETS if target.posterior == posterior]
        noise = _noise(view, bodies.get(view))
        for target, value in [(t, values.get(t.name, math.nan)) for t in targets] + noise:
            items.append(Item(target, value, _why_skipped(target, view, study, lossy=lossy)))
    return Verdict(study.id, tuple(items))


def _body(study: Study, at: int) -> Body | None:
    bones = None if study.bones is None else study.bones[at]
    return find_body(study.counts[at], study.spacing_mm, bones)


def _why_skipped(target: Target, view: str, study: Study, *, lossy: bool) -> str:
    if view not in study.views:
        return f"no {view} view"
    if target.name == "posterior / anterior bladder" and "anterior" not in study.views:
        return "no anterior view"
    return "lossy compression" if lossy and not target.lossy else ""


def _values(view: str, bodies: dict[str, Body | None]) -> dict[str, float]:
    body = bodies[view]
    if body is None:
        return {}
    # A body of few pixels divides by what is not there; its items are nan, and fail.
    with np.errstate(divide="ignore", invalid="ignore"):
        if view == "posterior":
            return dict(measure.behind(body, bodies.get("anterior")))
        return dict(measure.everything(body))


def _noise(view: str, body: Body | None) -> list[tuple[Target, float]]:
    """All bins together, and each bin that has the pixels for it."""
    posterior = view == "posterior"
    name = "posterior noise" if posterior else "noise"
    counts, mask = _empty() if body is None else (body.counts, body.mask)
    ratios = noise_ratios(counts, mask)
    pixels = sum(n for _, n in ratios)
    whole = sum(ratio * n for ratio, n in ratios if n) / pixels if pixels else math.nan
    overall = noise_target(f"{name}, all", _MANY_TOLERANCE, mandatory=True, posterior=posterior)
    return [(overall, whole), *_bins(name, ratios, posterior=posterior)]


def _bins(
    name: str, ratios: list[tuple[float, int]], *, posterior: bool
) -> Iterator[tuple[Target, float]]:
    for (low, high), (ratio, pixels) in zip(pairwise(BINS), ratios, strict=True):
        if pixels >= FEW_PIXELS:
            tolerance = _MANY_TOLERANCE if pixels >= MANY_PIXELS else _FEW_TOLERANCE
            title = f"{name}, {low:g}-{high:g} counts"
            yield noise_target(title, tolerance, mandatory=False, posterior=posterior), ratio


def _empty() -> tuple[Num[np.ndarray, "y x"], Bool[np.ndarray, "y x"]]:
    return np.zeros((1, 1)), np.zeros((1, 1), bool)
