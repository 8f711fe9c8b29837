"""One row per lesion: where it sits, what it is, how large, and whether it was found."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, UInt8, UInt16

from mmseg_bone.analysis.marked import Marked
from mmseg_bone.anatomy import BY_LABEL, BY_NAME
from mmseg_bone.imaging.conspicuity import contrast_to_noise
from mmseg_bone.imaging.lesions import find_lesions, label_lesions
from mmseg_bone.study import Focus

LESION_COLUMNS = (
    "id",
    "patient",
    "view",
    "source",  # reference or prediction
    "number",
    "area_px",
    "area_mm2",
    "cnr",  # how far it stands out from its surroundings, in their deviations
    "bone",
    "region",
    "kind",  # of the focus most of it lies on, whatever that is
    "ambiguous",
    "hit",  # found, or finding
    "mean_probability",
    "max_probability",
)


def lesion_rows(marked: Marked) -> list[dict[str, object]]:
    """A row for every drawn and every predicted lesion of a study.

    Bone and kind are those of the focus on which most of the lesion lies, so a false alarm
    says what fooled the model; where there is no focus, the bone is that of the bones map.
    All are empty where nobody knows. One lesion seen from both sides has two rows.
    """
    return [
        *_rows(marked, "reference", marked.reference),
        *_rows(marked, "prediction", marked.prediction),
    ]


def references(lesions: pd.DataFrame) -> pd.DataFrame:
    """The drawn ones."""
    return lesions[lesions.source == "reference"]


def predictions(lesions: pd.DataFrame) -> pd.DataFrame:
    """The predicted ones."""
    return lesions[lesions.source == "prediction"]


def _rows(
    marked: Marked, source: str, mask: Bool[np.ndarray, "view y x"]
) -> list[dict[str, object]]:
    study = marked.study
    found = find_lesions(
        mask,
        views=study.views,
        counts=study.counts,
        spacing_mm=study.spacing_mm,
        probability=marked.probability,
    )
    hits = {
        view: {getattr(hit, source) for hit in of_view.hits}
        for view, of_view in zip(study.views, marked.found, strict=True)
    }
    foci = {focus.number: focus for focus in study.foci}
    numbers = [label_lesions(of_view)[0] for of_view in mask]
    places = {view: _places(numbers[at], at, marked, foci) for at, view in enumerate(study.views)}
    cnr = {
        view: contrast_to_noise(study.counts[at], numbers[at], study.spacing_mm)
        for at, view in enumerate(study.views)
    }
    return [
        {"id": study.id, "patient": study.patient, "view": lesion.view, "source": source}
        | {
            "number": lesion.number,
            "area_px": lesion.area_px,
            "area_mm2": round(lesion.area_mm2, 2),
            "cnr": round(float(cnr[lesion.view][lesion.number - 1]), 2),
        }
        | places[lesion.view][lesion.number]
        | {
            "hit": int(lesion.number in hits[lesion.view]),
            "mean_probability": round(lesion.mean_probability, 4),
            "max_probability": round(lesion.max_probability, 4),
        }
        for lesion in found
    ]


def _places(
    numbers: Int[np.ndarray, "y x"], at: int, marked: Marked, foci: Mapping[int, Focus]
) -> dict[int, dict[str, object]]:
    """Where each lesion of one view sits and what it is, by its number."""
    instances, bones = marked.study.instances, marked.study.bones
    focus_of = _commonest(numbers, None if instances is None else instances[at])
    bone_of = _commonest(numbers, None if bones is None else bones[at])
    places: dict[int, dict[str, object]] = {}
    for number in range(1, int(numbers.max(initial=0)) + 1):
        focus = foci.get(focus_of.get(number, 0))
        label = bone_of.get(number, 0)
        bone = BY_NAME.get(focus.bone) if focus else BY_LABEL.get(label)
        unknown = "" if instances is None else 0
        places[number] = {
            "bone": bone.name if bone else "",
            "region": bone.region if bone else "",
            "kind": focus.kind if focus else "",
            "ambiguous": int(focus.ambiguous) if focus else unknown,
        }
    return places


def _commonest(
    numbers: Int[np.ndarray, "y x"],
    labels: UInt8[np.ndarray, "y x"] | UInt16[np.ndarray, "y x"] | None,
) -> dict[int, int]:
    """The label most of each lesion lies on, by its number; those on none are left out."""
    if labels is None:
        return {}
    on_both = (numbers > 0) & (labels > 0)
    number_of, label_of = numbers[on_both], labels[on_both]
    return {
        int(number): int(np.bincount(label_of[number_of == number]).argmax())
        for number in np.unique(number_of)
    }
