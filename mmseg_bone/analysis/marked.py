"""A study as a model marked it: a probability cut to lesions, and which of them are hits."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mmseg_bone.errors import RunError
from mmseg_bone.imaging.lesions import drop_small
from mmseg_bone.io.runs import Run
from mmseg_bone.metrics.lesion import Detection, HitRule, detect
from mmseg_bone.study import Study


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How a probability becomes lesions, and when they count as found and as well outlined.

    Attributes:
        threshold: Probability from which a pixel counts as lesion.
        hit_rule: See ``metrics.lesion.detect``.
        smallest_iou: For the hit rule ``iou``.
        smallest_mm2: Smaller predicted lesions are dropped; drawn ones never are.
        tolerance_mm: Distance of outlines that still counts as agreement. Our choice: two
            pixels, about half of what a planar camera resolves.
    """

    threshold: float = 0.5
    hit_rule: HitRule = "iou"
    smallest_iou: float = 0.1
    smallest_mm2: float = 0.0
    tolerance_mm: float = 5.0

    @property
    def rule(self) -> str:
        """The hit rule in one word, for a table."""
        return f"iou>={self.smallest_iou:g}" if self.hit_rule == "iou" else self.hit_rule

    def mask(
        self, probability: Float[np.ndarray, "view y x"], spacing_mm: tuple[float, float]
    ) -> Bool[np.ndarray, "view y x"]:
        """The lesions of a probability."""
        above = probability >= self.threshold
        return drop_small(above, spacing_mm=spacing_mm, smallest_mm2=self.smallest_mm2)


def cut_of(run: Run, threshold: float | None = None, smallest_mm2: float | None = None) -> Cut:
    """As a run was trained to be cut, where nothing else is asked for.

    Args:
        run: Its settings say ``task.threshold`` and ``smallest_mm2``.
        threshold: Asked for instead.
        smallest_mm2: The same.
    """
    own = run.config.get("task", {}).get("threshold", Cut.threshold)
    smallest = run.config.get("smallest_mm2", Cut.smallest_mm2)
    return Cut(
        threshold=float(own if threshold is None else threshold),
        smallest_mm2=float(smallest if smallest_mm2 is None else smallest_mm2),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Marked:
    """A study that somebody drew on, and what a model marked on it.

    Attributes:
        study: The study.
        cut: How the probability was cut.
        probability: What the model gave.
        reference: What was drawn.
        prediction: What the model marked.
        found: What became of the lesions of each view.
    """

    study: Study
    cut: Cut
    probability: Float[np.ndarray, "view y x"]
    reference: Bool[np.ndarray, "view y x"]
    prediction: Bool[np.ndarray, "view y x"]
    found: tuple[Detection, ...]


def mark(study: Study, probability: Float[np.ndarray, "_view _y _x"], cut: Cut) -> Marked:
    """Cut a prediction to lesions, and match them to those drawn.

    Raises:
        RunError: Nobody drew on the study, or the prediction does not lie on it.
    """
    if study.mask is None:
        raise RunError(f"study {study.id!r} has no drawing, so there is nothing to score against.")
    if probability.shape != study.counts.shape:
        raise RunError(
            f"prediction of {study.id!r} has shape {probability.shape}, its counts "
            f"{study.counts.shape}. Predictions lie on the scan as acquired, view for view: "
            f"predict it again from this store."
        )
    prediction = cut.mask(probability, study.spacing_mm)
    found = tuple(
        detect(marked, drawn, rule=cut.hit_rule, smallest_iou=cut.smallest_iou)
        for marked, drawn in zip(prediction, study.mask, strict=True)
    )
    return Marked(
        study=study,
        cut=cut,
        probability=probability,
        reference=study.mask,
        prediction=prediction,
        found=found,
    )
