"""What a network makes of a report it should not have: the controls beside every text result.

A gain from text counts only if it goes when the text is taken away, is another patient's, or
names the other side.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from mmseg_bone.errors import StoreError
from mmseg_bone.imaging.mirror import mirror_report
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report, Study

CONTROLS = ("none", "empty", "shuffled", "side_flipped", "findings_only", "impression_only")
Change = Callable[[Study], Study]


def make_control(name: str, store: Store, ids: Iterable[str], *, seed: int = 0) -> Change:
    """A change of the report, and of nothing else.

    A study without a report stays without one under every control.

    Args:
        name: One of ``CONTROLS``: the report as it is; none; that of another patient; with
            left and right exchanged, in the words only; one of its parts alone.
        store: Where the studies are.
        ids: Which studies are to be read; reports are shuffled among them.
        seed: Of the shuffling.

    Raises:
        StoreError: There is no such control, or no second patient to take a report from.
    """
    if name == "shuffled":
        others = _shuffled(store, list(ids), np.random.default_rng(seed))
        return lambda study: replace(study, report=others.get(study.id))
    if name not in _CHANGES:
        raise StoreError(f"control {name!r} is none; expected one of {', '.join(CONTROLS)}.")
    change = _CHANGES[name]
    return lambda study: replace(
        study, report=None if study.report is None else change(study.report)
    )


_CHANGES: dict[str, Callable[[Report], Report | None]] = {
    "none": lambda report: report,
    "empty": lambda report: None,
    "side_flipped": mirror_report,
    "findings_only": lambda report: Report(findings=report.findings),
    "impression_only": lambda report: Report(impression=report.impression),
}


def _shuffled(store: Store, ids: list[str], rng: np.random.Generator) -> dict[str, Report | None]:
    """For each study with a report, the report of another patient.

    Patients are set in a random circle and each is given the report of the next one.
    """
    told = [id for id in ids if store.rows[id]["has_report"] == "1"]
    by_patient: dict[str, list[str]] = {}
    for id in told:
        by_patient.setdefault(store.rows[id]["patient"], []).append(id)
    circle = [list(by_patient)[place] for place in rng.permutation(len(by_patient))]
    if len(circle) == 1:
        raise StoreError(
            f"{store.path}: only one of these patients has a report, so none can be exchanged."
        )
    following = dict(zip(circle, circle[1:] + circle[:1], strict=True))
    given: dict[str, Report | None] = {}
    for patient, own in by_patient.items():
        theirs = by_patient[following[patient]]
        for place, id in enumerate(own):
            given[id] = store[theirs[place % len(theirs)]].report
    return given
