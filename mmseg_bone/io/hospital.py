"""Studies → what a hospital would export of them, to try the whole way from there.

```
FOLDER/manifest.csv             one row per study, as ``prepare`` reads it
FOLDER/reports.csv              findings and impression, by study
FOLDER/scans/KEY.dcm            both views, see ``dicom_write``
FOLDER/drawings/KEY_VIEW.json   LabelMe polygons around the metastases of a view
```
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from mmseg_bone.errors import StoreError
from mmseg_bone.io.dicom_fake import FakeIdentity
from mmseg_bone.io.dicom_write import write_dicom
from mmseg_bone.io.manifest import NONE
from mmseg_bone.io.outlines import outlines
from mmseg_bone.io.store import write_atomically
from mmseg_bone.io.writing import holds_something
from mmseg_bone.study import VIEWS, Study

_MANIFEST = ("study", "patient", "scan", *(f"drawing_{view}" for view in VIEWS))
_REPORTS = ("study", "findings", "impression")
_LABEL = "metastasis"
_LABELME = "5.5.0"  # version whose format this is


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """A hospital's export on disk.

    Attributes:
        manifest: What ``mmseg-bone prepare`` is given.
        reports: Its table of reports.
        studies: How many were written.
        planted: Made-up names, numbers and dates in the files, if any were asked for; none of
            them may be found in what is made from these files.
    """

    manifest: Path
    reports: Path
    studies: int
    planted: tuple[str, ...] = ()


def write_hospital(
    folder: str | PathLike[str], studies: Iterable[Study], *, identities: bool = False
) -> Hospital:
    """Write studies as a hospital would export them.

    A study nobody drew on has empty cells for drawings; one read as normal has ``none``. Studies
    are taken one at a time, so that a cohort need not fit in memory. What phantoms know besides
    (foci, bones) has no place in a hospital and is left out.

    Args:
        folder: Made if missing; has to be empty.
        studies: Of any number.
        identities: Whether to plant made-up identities in headers, reports and keys, to test
            that they are left behind.

    Raises:
        StoreError: The folder holds something already.
        DicomError: Counts that are no counts.
    """
    root = Path(folder)
    if holds_something(root):
        raise StoreError(f"{root} is not empty. Name a new folder, so that nothing is lost.")
    rows, reports = [], []
    planted: dict[str, None] = {}  # each once, in order
    for study in studies:
        fake = FakeIdentity.of(study.patient, study.id) if identities else None
        key = study.id if fake is None else fake.accession
        planted |= dict.fromkeys(write_dicom(root / "scans" / f"{key}.dcm", study, identity=fake))
        rows.append(
            {
                "study": key,
                "patient": study.patient if fake is None else fake.patient,
                "scan": f"scans/{key}.dcm",
                **_write_drawings(root, key, study),
            }
        )
        if study.report is not None:
            text = study.report if fake is None else fake.plant_in_report(study.report)
            reports.append({"study": key, "findings": text.findings, "impression": text.impression})
    hospital = Hospital(
        manifest=root / "manifest.csv",
        reports=root / "reports.csv",
        studies=len(rows),
        planted=tuple(planted),
    )
    _write_table(hospital.reports, _REPORTS, reports)
    _write_table(hospital.manifest, _MANIFEST, rows)  # last: with it, the export is whole
    return hospital


def _write_drawings(root: Path, key: str, study: Study) -> dict[str, str]:
    """Draw what was read; the cells of the manifest that say so."""
    if study.mask is None:
        return {}
    cells = {}
    for view, mask in zip(study.views, study.mask, strict=True):
        name = f"drawings/{key}_{view}.json"
        if mask.any():
            write_atomically(root / name, labelme(mask, picture=f"{key}_{view}.png"))
        cells[f"drawing_{view}"] = name if mask.any() else NONE
    return cells


def labelme(mask: Bool[np.ndarray, "y x"], *, picture: str) -> bytes:
    """A mask as LabelMe JSON: one polygon for each part.

    Args:
        mask: Of one view.
        picture: File name of the picture it was drawn on; no picture is written.
    """
    rows, columns = mask.shape
    drawing = {
        "version": _LABELME,
        "flags": {},
        "shapes": [
            {
                "label": _LABEL,
                "points": outline.astype(float).tolist(),
                "group_id": None,
                "description": "",
                "shape_type": "polygon",
                "flags": {},
            }
            for outline in outlines(mask)
        ],
        "imagePath": picture,
        "imageData": None,
        "imageHeight": rows,
        "imageWidth": columns,
    }
    return json.dumps(drawing, ensure_ascii=False).encode()


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8"))
