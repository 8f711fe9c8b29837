"""A row of a hospital's manifest, and what it names, into a study."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool

from mmseg_bone.data.written import as_report
from mmseg_bone.errors import DrawingError
from mmseg_bone.io.dicom import Scan, read_scan
from mmseg_bone.io.dicom_identity import identities
from mmseg_bone.io.drawings import LABELS, read_drawing
from mmseg_bone.io.manifest import Entry
from mmseg_bone.io.reports import WrittenReport
from mmseg_bone.study import Report, Study
from mmseg_bone.text.clinical import is_clinical
from mmseg_bone.text.deidentify import deidentify_report, tells_someone

_WAY = 2  # raised when the same files make another study, so that old studies are made again


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the command line says of every study.

    Attributes:
        spacing_mm: Pixel size for files that give none.
        posterior: How posterior views are stored; None reads it from the files.
        labels: For each LabelMe label whether it is a metastasis.
        keep_raw_text: Whether reports keep names, numbers and dates.
    """

    spacing_mm: tuple[float, float] | None = None
    posterior: Literal["as_seen", "mirrored"] | None = None
    labels: Mapping[str, bool] = field(default_factory=lambda: dict(LABELS))
    keep_raw_text: bool = False


def make_study(
    entry: Entry,
    written: WrittenReport | None,
    choices: Choices,
    *,
    id: str,
    patient: str,
) -> Study:
    """Read what a row names, and join it.

    Raises:
        MmsegBoneError: A scan or a drawing cannot be taken.
    """
    scan = read_scan(
        entry.scan,
        spacing_mm=entry.spacing_mm or choices.spacing_mm,
        posterior=entry.posterior or choices.posterior,
        views=entry.views,
    )
    return Study(
        id=id,
        patient=patient,
        views=scan.views,
        counts=scan.counts,
        spacing_mm=scan.spacing_mm,
        mask=_mask(entry, scan, choices.labels),
        report=None if written is None else _report(written, entry, choices),
        notes=scan.notes,
    )


def recipe_of(entry: Entry, written: WrittenReport | None, choices: Choices) -> str:
    """Digest of all that goes into a study, so that a change of any of it makes the study again."""
    files = [(f"scan {place}", file) for place, file in enumerate(entry.scan)]
    files += [(view, file) for view, file in sorted(entry.drawings.items()) if file is not None]
    said = {
        "way": _WAY,
        "choices": asdict(choices),
        "views": entry.views,
        "read": sorted(entry.drawings),
        "spacing_mm": entry.spacing_mm,
        "posterior": entry.posterior,
        "keys": [entry.study, entry.patient, entry.report],
        "report": None if written is None else [written.text, written.findings, written.impression],
        "aside": [sorted(entry.aside), sorted(written.aside) if written else []],
        "files": {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _mask(
    entry: Entry, scan: Scan, labels: Mapping[str, bool]
) -> Bool[np.ndarray, "view y x"] | None:
    drawings = entry.drawings
    if not drawings:
        return None
    if missing := [view for view in scan.views if view not in drawings]:
        raise DrawingError(
            f"the {missing[0]} view has no drawing, the other one has. Write none in "
            f"drawing_{missing[0]} if it was read and nothing found."
        )
    if extra := [v for v, path in drawings.items() if path is not None and v not in scan.views]:
        raise DrawingError(
            f"there is a drawing on the {extra[0]} view, but the scan has none.", drawings[extra[0]]
        )
    masks = []
    for view in scan.views:
        path, turn = drawings[view], scan.turns[view]
        drawn = (
            np.zeros(turn.stored_shape, bool)
            if path is None
            else read_drawing(path, shape=turn.stored_shape, labels=labels)
        )
        masks.append(turn.apply(drawn))
    return np.stack(masks)


def _report(written: WrittenReport, entry: Entry, choices: Choices) -> Report | None:
    report = as_report(written)
    if not choices.keep_raw_text:
        known = {entry.study, entry.patient, entry.report}.union(*map(identities, entry.scan))
        known |= {word for word in entry.aside | written.aside if not is_clinical(word)}
        report = deidentify_report(report, filter(tells_someone, known))
    return report if report.text else None
