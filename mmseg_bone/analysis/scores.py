"""The tables of a run: what becomes of each view, lesion and scan, in rows.

- ``scores``: one row per study and view. Pixels, outlines and lesions counted.
- ``lesions``: one row per drawn and per predicted lesion of each view.
- ``froc``: one row per study and threshold, both views together.
- ``scans``: one row per study. Burden, and the probability of any metastasis.

They hold all that a comparison asks for later, which therefore needs neither store nor model:
where a lesion sits, what it is, and what kind of scan it is on. They hold no identity.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmseg_bone.analysis.lesions import LESION_COLUMNS, lesion_rows
from mmseg_bone.analysis.marked import Cut, Marked, mark
from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.metrics.burden import bone_scan_index
from mmseg_bone.metrics.froc import THRESHOLDS, sweep
from mmseg_bone.metrics.overlap import METRICS, Confusion, confusion
from mmseg_bone.metrics.surface import hausdorff95, surface_dice, surface_distances
from mmseg_bone.study import Study

# What kind of scan it is: from notes, and from what the phantom knows. Empty where unknown.
STUDY_STRATA = ("primary", "camera", "style", "ambiguous", "has_report")
_KEYS = ("id", "patient", "fold", "view", *STUDY_STRATA)
_SETTINGS = ("threshold", "hit_rule", "smallest_mm2", "tolerance_mm")
_COUNTS = ("tp", "fp", "fn", "tn")
_OUTLINES = ("hausdorff95_mm", "surface_dice")
_LESIONS = ("lesions", "lesions_hit", "false_positives")
_FROC = ("id", "patient", "lesions", "threshold", "lesions_hit", "false_positives")
_SCANS = (
    "id",
    "patient",
    "metastatic",
    "max_probability",
    "bsi_reference",
    "bsi_predicted",
    "bsi_visible",
    "bsi_true",
)
_COLUMNS = {
    "scores": (*_KEYS, *_SETTINGS, *_COUNTS, *METRICS, *_OUTLINES, *_LESIONS),
    "lesions": LESION_COLUMNS,
    "froc": _FROC,
    "scans": _SCANS,
}


class Tables(NamedTuple):
    """The tables of one run; see the head of this file."""

    scores: pd.DataFrame
    lesions: pd.DataFrame
    froc: pd.DataFrame
    scans: pd.DataFrame


def score_run(run: Run, store: Store, cut: Cut | None = None) -> Tables:
    """Score every prediction of a run.

    Studies nobody drew on have no rows; ``undrawn`` names them.

    Args:
        run: Whose predictions.
        store: The store it was trained on.
        cut: How to make lesions of a probability.

    Raises:
        RunError: The store is not the one it was trained on, or a prediction does not lie on
            its study.
    """
    if run.store_digest != store.digest:
        raise RunError(
            f"{run.path} was trained on a store of digest {run.store_digest[:12]}, but "
            f"{store.path} has {store.digest[:12]}. Name the store it was trained on, or train "
            f"again on this one: elsewhere its predictions have no reference."
        )
    return score(store, run.predicted, run.read_prediction, cut or Cut())


def score(
    store: Store,
    ids: Iterable[str],
    probability_of: Callable[[str], Float[np.ndarray, "view y x"]],
    cut: Cut,
) -> Tables:
    """Score predictions from anywhere.

    Args:
        store: Where the references are.
        ids: Studies predicted.
        probability_of: The prediction of a study, views in the study's order.
        cut: How to make lesions of a probability.
    """
    ids = list(ids)
    skipped = set(undrawn(store, ids))
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in _COLUMNS}
    for id in ids:
        if id in skipped:
            continue
        marked = mark(store[id], probability_of(id), cut)
        rows["scores"] += score_rows(marked, fold=store.fold[id])
        rows["lesions"] += lesion_rows(marked)
        rows["froc"] += froc_rows(marked)
        rows["scans"].append(scan_row(marked))
    return Tables(
        **{name: pd.DataFrame(rows[name], columns=[*columns]) for name, columns in _COLUMNS.items()}
    )


def undrawn(store: Store, ids: Iterable[str]) -> list[str]:
    """Those studies that nobody drew on: predicted perhaps, but without a reference."""
    return [id for id in ids if id in store.rows and store.rows[id]["drawn"] == "0"]


def score_rows(marked: Marked, *, fold: int) -> list[dict[str, object]]:
    """One row per view."""
    study, cut = marked.study, marked.cut
    pixels = confusion(marked.prediction, marked.reference)
    scores = {name: metric(pixels) for name, metric in METRICS.items()}
    strata = study_strata(study)
    rows = []
    for at, view in enumerate(study.views):
        distances = surface_distances(marked.prediction[at], marked.reference[at], study.spacing_mm)
        found = marked.found[at]
        parts: tuple[tuple[tuple[str, ...], tuple[object, ...]], ...] = (
            (_KEYS, (study.id, study.patient, fold, view, *strata.values())),
            (_SETTINGS, (cut.threshold, cut.rule, cut.smallest_mm2, cut.tolerance_mm)),
            (_COUNTS, tuple(int(getattr(pixels, name)[at]) for name in _COUNTS)),
            (tuple(scores), tuple(float(score[at]) for score in scores.values())),
            (_OUTLINES, (hausdorff95(distances), surface_dice(distances, cut.tolerance_mm))),
            (_LESIONS, (found.lesions, len(found.hits), found.false_positives)),
        )
        rows.append({k: v for names, values in parts for k, v in zip(names, values, strict=True)})
    return rows


def study_strata(study: Study) -> dict[str, object]:
    """What kind of scan a study is; empty where nobody knows.

    ``ambiguous`` says that a focus was drawn so that the image cannot tell what it is, be it
    a metastasis or not.
    """
    known = study.instances is not None
    return {
        "primary": study.notes.get("primary", ""),
        "camera": study.notes.get("camera", ""),
        "style": study.notes.get("style", ""),
        "ambiguous": int(any(focus.ambiguous for focus in study.foci)) if known else "",
        "has_report": int(study.report is not None),
    }


def froc_rows(marked: Marked) -> list[dict[str, object]]:
    """One row per threshold."""
    study, cut = marked.study, marked.cut
    found = sum(
        sweep(
            probability,
            reference,
            rule=cut.hit_rule,
            smallest_iou=cut.smallest_iou,
            spacing_mm=study.spacing_mm,
            smallest_mm2=cut.smallest_mm2,
        )
        for probability, reference in zip(marked.probability, marked.reference, strict=True)
    )
    lesions = sum(of_view.lesions for of_view in marked.found)
    return [
        dict(zip(_FROC, (study.id, study.patient, lesions, threshold, *pair), strict=True))
        for threshold, pair in zip(THRESHOLDS, np.asarray(found).tolist(), strict=True)
    ]


def scan_row(marked: Marked) -> dict[str, object]:
    """Burden and suspicion of one study.

    The bone scan index is of the bones map, where there is one. ``bsi_true`` is what the
    phantom notes of its volumes, where it does.
    """
    study = marked.study
    reference = predicted = visible = float("nan")
    if study.bones is not None:
        reference, visible = bone_scan_index(marked.reference, study.bones)
        predicted, _ = bone_scan_index(marked.prediction, study.bones)
    true = float(study.notes.get("bsi_percent", "nan"))
    values = (
        study.id,
        study.patient,
        int(marked.reference.any()),
        float(marked.probability.max()),
        reference,
        predicted,
        visible,
        true,
    )
    return dict(zip(_SCANS, values, strict=True))


def counts_of(scores: pd.DataFrame) -> Confusion:
    """The pixel counts of a table of scores, one unit per row."""
    return Confusion(*(scores[name].to_numpy() for name in _COUNTS))
