"""Reports of phantom patients nobody draws: for the text side alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mmseg_bone.data.corpus import ReportOf
from mmseg_bone.errors import PhantomError
from mmseg_bone.phantom.dice import chance, one_of
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.wording.report import write_report
from mmseg_bone.phantom.wording.styles import style_names
from mmseg_bone.study import Focus, Report

# Part of every seed here: the patients are others than those of a store of the same seed, or
# an encoder would have read the reports it is tested with.
_STREAM = 5


class PhantomReport(NamedTuple):
    """A report, the truth behind it, and the style it is written in."""

    patient: str
    report: Report
    foci: tuple[Focus, ...]
    style: str


def write_reports(
    n: int,
    seed: int,
    styles: Sequence[str] = (),
    english: float | int = 0.0,
    cohort: Cohort | None = None,
) -> Iterator[PhantomReport]:
    """Write reports, one a patient; the same number and seed give the same report everywhere.

    Args:
        n: How many.
        seed: Of all of them.
        styles: Of the Chinese ones; none for all that are not held out.
        english: Share in English.
        cohort: The patients.

    Raises:
        PhantomError: Fewer than one are asked for, or the share is none.
        ReportError: There is no such style.
    """
    if n < 1 or not 0 <= english <= 1:
        raise PhantomError(f"n={n}, english={english}: give 1 or more, and a share from 0 to 1.")
    chinese = tuple(styles) or style_names()
    for number in range(n):
        streams = np.random.SeedSequence([seed, _STREAM], spawn_key=(number,)).spawn(2)
        planning, wording = map(np.random.default_rng, streams)
        names = style_names(language="english") if chance(wording, english) else chinese
        style = one_of(wording, names)
        report, foci = write_report(sample_plan(planning, cohort), wording, style)
        yield PhantomReport(f"p{number:06d}", report, foci, style)


def phantom_corpus(
    n: int, seed: int, styles: Sequence[str] = (), english: float | int = 0.0
) -> Iterator[ReportOf]:
    """Reports to pre-train on, see ``write_reports``."""
    for written in write_reports(n, seed, styles, english):
        yield ReportOf(written.patient, written.report)
