"""Predictions against drawings: one row of scores per study and view."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmseg_bone.errors import RunError
from mmseg_bone.imaging.lesions import drop_small
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.metrics.lesion import HitRule, detect
from mmseg_bone.metrics.overlap import METRICS, Confusion, confusion
from mmseg_bone.study import Study


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How a probability becomes lesions, and when a lesion counts as found.

    Attributes:
        threshold: Probability from which a pixel counts as lesion.
        hit_rule: See ``metrics.lesion.detect``.
        smallest_iou: For the hit rule ``iou``.
        smallest_mm2: Smaller predicted lesions are dropped; drawn ones never are.
    """

    threshold: float = 0.5
    hit_rule: HitRule = "iou"
    smallest_iou: float = 0.1
    smallest_mm2: float = 0.0

    @property
    def rule(self) -> str:
        """The hit rule in one word, for a table."""
        return f"iou>={self.smallest_iou:g}" if self.hit_rule == "iou" else self.hit_rule


def score_run(run: Run, store: Store, cut: Cut | None = None) -> pd.DataFrame:
    """Score every prediction of a run, one row per study and view.

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
) -> pd.DataFrame:
    """Score predictions from anywhere, one row per study and view.

    Args:
        store: Where the references are.
        ids: Studies predicted.
        probability_of: The prediction of a study, views in the study's order.
        cut: How to make lesions of a probability.
    """
    ids = list(ids)
    skipped = undrawn(store, ids)
    rows: list[dict[str, object]] = []
    for id in ids:
        if id not in skipped:
            rows += score_study(store[id], probability_of(id), cut, fold=store.fold[id])
    columns = None if rows else [*_KEYS, *_COUNTS, *METRICS, *_LESIONS]
    return pd.DataFrame(rows, columns=columns)


def undrawn(store: Store, ids: Iterable[str]) -> list[str]:
    """Those studies that nobody drew on: predicted perhaps, but without a reference."""
    return [id for id in ids if id in store.rows and store.rows[id]["drawn"] == "0"]


_KEYS = ("id", "patient", "fold", "view", "has_report", "threshold", "hit_rule", "smallest_mm2")
_COUNTS = ("tp", "fp", "fn", "tn")
_LESIONS = ("lesions", "lesions_hit", "false_positives")


def score_study(
    study: Study, probability: Float[np.ndarray, "_view _y _x"], cut: Cut, *, fold: int
) -> list[dict[str, object]]:
    """One row per view of a study that somebody drew on.

    Raises:
        RunError: Nobody drew on it, or the prediction does not lie on it.
    """
    if study.mask is None:
        raise RunError(f"study {study.id!r} has no drawing, so there is nothing to score against.")
    if probability.shape != study.counts.shape:
        raise RunError(
            f"prediction of {study.id!r} has shape {probability.shape}, its counts "
            f"{study.counts.shape}. Predictions lie on the scan as acquired, view for view: "
            f"predict it again from this store."
        )
    prediction = drop_small(
        probability >= cut.threshold, spacing_mm=study.spacing_mm, smallest_mm2=cut.smallest_mm2
    )
    pixels = confusion(prediction, study.mask)
    scores = {name: metric(pixels) for name, metric in METRICS.items()}
    rows = []
    for at, view in enumerate(study.views):
        found = detect(
            prediction[at], study.mask[at], rule=cut.hit_rule, smallest_iou=cut.smallest_iou
        )
        keys = (study.id, study.patient, fold, view, int(study.report is not None))
        setting = (cut.threshold, cut.rule, cut.smallest_mm2)
        rows.append(
            dict(zip(_KEYS, keys + setting, strict=True))
            | {name: int(getattr(pixels, name)[at]) for name in _COUNTS}
            | {name: float(score[at]) for name, score in scores.items()}
            | dict(
                zip(_LESIONS, (found.lesions, len(found.hits), found.false_positives), strict=True)
            )
        )
    return rows


def counts_of(scores: pd.DataFrame) -> Confusion:
    """The pixel counts of a table of scores, one unit per row."""
    return Confusion(*(scores[name].to_numpy() for name in _COUNTS))
