"""Which bone each pixel of a study shows, as far as anybody knows."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from mmseg_bone.imaging.atlas import load_atlas
from mmseg_bone.imaging.body_frame import BodyFrame, find_frame
from mmseg_bone.study import VIEWS, Study

# Our choice. Where fewer of the atlas's patients show any bone, none is named.
_LEAST_SHARE = 0.15
_LENGTH_MM = (1200.0, 2200.0)  # crown to toes of a whole body


class BoneMap(NamedTuple):
    """Labels of the bones of a study.

    Attributes:
        labels: Values of ``anatomy.BONES``, 0 for no bone; 0 throughout where nobody knows.
        source: Where they are from: ``phantom``, ``atlas``, or ``nowhere``.
    """

    labels: UInt8[np.ndarray, "view y x"]
    source: str


def find_bones(study: Study) -> BoneMap:
    """The bones that come with a phantom; of any other scan, the likeliest of the atlas.

    The atlas is laid on the scan by its landmarks, and expects the whole body: where what is
    seen is not as long as a person, as in a spot view or a blank one, no bone is named.
    """
    if study.bones is not None:
        return BoneMap(study.bones, "phantom")
    frame = find_frame(study.counts, study.views, study.spacing_mm)
    if frame is None or not _is_whole(frame, study.spacing_mm[0]):
        return BoneMap(np.zeros(study.counts.shape, np.uint8), "nowhere")
    height, width = study.counts.shape[1:]
    labels = [
        _lay(
            _likeliest()[VIEWS.index(view)],
            frame.coordinates(height, width, 1, turned=width if view == "posterior" else None),
        )
        for view in study.views
    ]
    return BoneMap(np.stack(labels), "atlas")


def _is_whole(frame: BodyFrame, row_mm: float) -> bool:
    shortest, longest = _LENGTH_MM
    return shortest <= (frame.toes - frame.crown) * row_mm <= longest


def _lay(
    labels: UInt8[np.ndarray, "row column"], place: Float[np.ndarray, "2 y x"]
) -> UInt8[np.ndarray, "y x"]:
    """The label at each place; none outside the body."""
    inside = (np.abs(place) < 1).all(axis=0)
    cells = [
        ((axis[inside] + 1) / 2 * size).astype(int)
        for axis, size in zip(place, labels.shape, strict=True)
    ]
    laid = np.zeros(inside.shape, np.uint8)
    laid[inside] = labels[cells[0], cells[1]]
    return laid


@lru_cache(maxsize=1)
def _likeliest() -> UInt8[np.ndarray, "view row column"]:
    """The commonest bone of each place of the atlas."""
    shares = load_atlas()
    some = shares.sum(axis=1, dtype=int) >= _LEAST_SHARE * 255
    return np.where(some, shares.argmax(axis=1), 0).astype(np.uint8)
