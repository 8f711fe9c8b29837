"""Places: the bones that each lesion of a mask lies in."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8
from scipy import ndimage

from mmseg_bone.anatomy import BY_LABEL
from mmseg_bone.imaging.lesions import label_lesions

# Our choice. A hot spot outshines the bone it is in, so that no bone is labelled under it, and
# its blur reaches beyond the bone: the nearest one counts, up to about two widths of the camera.
_REACH_MM = 15.0
# A lesion lies in each bone that holds so much of it. The second is a spot as small as a planar
# camera shows: of one large lesion over many bones, each holds a small share only.
_SHARE, _AREA_MM2 = 0.2, 100.0


class Place(NamedTuple):
    """Where a lesion lies.

    Attributes:
        view: View it is marked in.
        number: Of the lesion in its view, as ``imaging.lesions.label_lesions`` counts.
        bones: Names, the one that holds most of it first; none outside the skeleton.
    """

    view: str
    number: int
    bones: tuple[str, ...]


def place_lesions(
    mask: Bool[np.ndarray, "view y x"],
    bones: UInt8[np.ndarray, "view y x"],
    *,
    views: tuple[str, ...],
    spacing_mm: tuple[float, float],
) -> tuple[Place, ...]:
    """The bones of every lesion of a mask; nothing for an empty mask.

    A planar view does not tell depth: what lies on the breastbone may be in a vertebra behind
    it. So a lesion is in the bones of its own view and in those that the other camera sees of
    the same part of the body, if there is another; the views are taken to be mirror images, as
    two heads acquire them.

    Args:
        mask: True on lesions.
        bones: Labels of ``anatomy.BONES``, 0 for none: of a phantom, or of an atlas laid on
            the scan.
        views: Name of each view, as in ``Study.views``.
        spacing_mm: Pixel size along y and x.
    """
    maps = [_nearest(seen, spacing_mm) for seen in bones] if mask.any() else list(bones)
    places = []
    for at, view in enumerate(views):
        numbers, _ = label_lesions(mask[at])
        # The own view first; then what the other camera sees of the same part of the body.
        seen = [maps[at], *(other[:, ::-1] for i, other in enumerate(maps) if i != at)]
        for number, box in enumerate(ndimage.find_objects(numbers), start=1):
            inside = numbers[box] == number
            found = [bone for of in seen for bone in _bones_of(of[box][inside], spacing_mm)]
            places.append(Place(view, number, tuple(dict.fromkeys(found))))
    return tuple(places)


def bones_shown(bones: UInt8[np.ndarray, "view y x"]) -> set[str]:
    """Names of the bones that a map shows somewhere."""
    return {BY_LABEL[label].name for label in np.unique(bones).tolist() if label in BY_LABEL}


def _nearest(
    bones: UInt8[np.ndarray, "y x"], spacing_mm: tuple[float, float]
) -> UInt8[np.ndarray, "y x"]:
    """The map, grown into what is no bone."""
    if not bones.any():
        return bones
    away_mm, (rows, columns) = ndimage.distance_transform_edt(
        bones == 0, sampling=spacing_mm, return_indices=True
    )
    grown: UInt8[np.ndarray, "y x"] = bones[rows, columns]
    return np.where(away_mm <= _REACH_MM, grown, 0).astype(np.uint8)


def _bones_of(
    labels: UInt8[np.ndarray, " pixel"], spacing_mm: tuple[float, float]
) -> tuple[str, ...]:
    counts = np.bincount(labels, minlength=1)
    counts[0] = 0
    area_mm2 = counts * (spacing_mm[0] * spacing_mm[1])
    holds = (counts >= _SHARE * counts.sum()) | (area_mm2 >= _AREA_MM2)
    order = np.argsort(-counts, kind="stable")
    return tuple(BY_LABEL[label].name for label in order.tolist() if holds[label] and counts[label])
