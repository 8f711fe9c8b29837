"""Which way round a view is stored, and turning it to the convention of ``Study.counts``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from pydicom import Dataset

from mmseg_bone.errors import DicomError

Convention = Literal["as_seen", "mirrored"]
# Where the columns and the rows of an upright view, as its camera saw it, lead to: L and R are
# the patient's left and right, F her feet.
_AS_SEEN = {"anterior": "L", "posterior": "R"}
_OPPOSITE = {"L": "R", "R": "L", "H": "F", "F": "H"}
_AXES = (("L", "R"), ("P", "A"), ("H", "F"))  # positive and negative x, y, z of the patient


@dataclass(frozen=True)
class Turn:
    """From a view as stored to one head up and as its camera saw it.

    What was drawn on the stored picture has to take the same turn.

    Attributes:
        stored_shape: Rows and columns as stored.
        transposed: Whether rows and columns are exchanged, first of all.
        upside_down: Whether the rows are then reversed.
        mirrored: Whether the columns are.
        notes: How the view was stored, and how that is known.
    """

    stored_shape: tuple[int, int]
    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    def apply(self, image: Shaped[np.ndarray, "_y _x"]) -> Shaped[np.ndarray, "_y _x"]:
        """Turn an image or a mask of the stored shape."""
        image = image.T if self.transposed else image
        image = image[::-1] if self.upside_down else image
        return np.ascontiguousarray(image[:, ::-1] if self.mirrored else image)


def find_turn(
    shape: tuple[int, int],
    dataset: Dataset,
    detector: Dataset,
    view: str,
    posterior: Convention | None,
) -> Turn:
    """How to turn a view to the convention of ``Study.counts``.

    The camera behind the patient sees her left at the image's left. Some archives mirror its
    picture, so that left and right lie as in the anterior one; a mask drawn on one and a model
    trained on the other then disagree about every rib. Told by Image Orientation (Patient) or
    Patient Orientation; where a file is silent, or the orientation is not that of a coronal
    plane, as seen is assumed and noted.

    Args:
        shape: Rows and columns as stored.
        dataset: The file's tags.
        detector: Those of its detector.
        view: Which view it is.
        posterior: How the user says the posterior view is stored; rules over the file.

    Raises:
        DicomError: The image lies on its side and nothing says where the head is.
    """
    right, down, source = _directions(dataset, detector)
    transposed = right in ("H", "F")
    if transposed:
        right, down = down, right
    elif not source and shape[0] < shape[1]:
        raise DicomError(
            f"is {shape[0]} rows × {shape[1]} columns: it lies on its side, and no "
            f"orientation says where the head is. Export it upright."
        )
    upside_down = down == "H"
    stored: Convention = "as_seen"
    if source and right != _AS_SEEN[view]:
        stored = "mirrored"
    if view == "posterior" and posterior is not None:
        stored, source = posterior, "given"
    notes = {f"{view}_stored": stored, f"{view}_stored_from": source or "assumed"}
    if transposed or upside_down:
        notes[f"{view}_turned"] = "on its side" if transposed else "upside down"
    return Turn(shape, transposed, upside_down, stored == "mirrored", notes)


def _directions(dataset: Dataset, detector: Dataset) -> tuple[str, str, str]:
    """Where columns and rows lead to, and which tag says so; empty where none does."""
    for place in (detector, dataset):
        cosines = place.get("ImageOrientationPatient")
        if cosines is not None and len(cosines) == 6:
            values = [float(value) for value in cosines]
            right, down = _letter(values[:3]), _letter(values[3:])
            if _is_coronal(right, down):
                return right, down, "Image Orientation (Patient)"
    letters = dataset.get("PatientOrientation")
    if letters and not isinstance(letters, str) and len(letters) == 2:
        right, down = (str(letter).strip()[:1] for letter in letters)
        if _is_coronal(right, down):
            return right, down, "Patient Orientation"
    return "L", "F", ""


def _letter(cosines: list[float]) -> str:
    axis = int(np.argmax(np.abs(cosines)))
    if abs(cosines[axis]) < 0.8:  # oblique, or all zero
        return ""
    return _AXES[axis][0] if cosines[axis] > 0 else _AXES[axis][1]


def _is_coronal(right: str, down: str) -> bool:
    """One of the two is left or right, the other head or feet."""
    return {right, down} & {"L", "R"} != set() and {right, down} & {"H", "F"} != set()
