"""A mask taken apart into lesions: where each one is, how large, how hot."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, Num

_NEIGHBOURS = 8  # pixels that touch at a corner belong together


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One connected part of a mask, in one view.

    A metastasis seen from both sides is two lesions: planar views are not registered to
    each other, so nobody can say which belong together.

    Attributes:
        view: The view it is seen in.
        number: From 1 in each view, from the top of the image downwards.
        area_px: Pixels.
        area_mm2: The same, in square millimetres of the detector plane.
        centroid_px: Mean row and column of its pixels. For a ring this is in the hole.
        centroid_mm: The same, from the centre of the top left pixel.
        mean_counts: Mean events per pixel.
        max_probability: Highest probability in it; nan if there was none to look at.
        mean_probability: Mean probability in it; nan likewise.
    """

    view: str
    number: int
    area_px: int
    area_mm2: float
    centroid_px: tuple[float, float]
    centroid_mm: tuple[float, float]
    mean_counts: float
    max_probability: float = float("nan")
    mean_probability: float = float("nan")


def label_lesions(mask: Bool[np.ndarray, "y x"]) -> tuple[Int[np.ndarray, "y x"], int]:
    """Number the lesions of one view from 1, and say how many there are; 0 is none.

    8-connected: a diagonal line of pixels is one lesion. Numbered by their first pixels, row
    after row, which of OpenCV's algorithms this one keeps to.
    """
    numbers = np.zeros(mask.shape, np.int32)
    box = box_of(mask)
    inside = np.ascontiguousarray(mask[box]).view(np.uint8)
    if not inside.size:
        return numbers, 0
    count, numbers[box] = cv2.connectedComponentsWithAlgorithm(
        inside, _NEIGHBOURS, cv2.CV_32S, cv2.CCL_SAUF
    )
    return numbers, count - 1


def box_of(mask: Bool[np.ndarray, "y x"]) -> tuple[slice, slice]:
    """The smallest box around a mask, of no pixels if the mask is empty."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return slice(y, y + height), slice(x, x + width)


def drop_small(
    mask: Bool[np.ndarray, "view y x"],
    *,
    spacing_mm: tuple[float, float],
    smallest_mm2: float,
) -> Bool[np.ndarray, "view y x"]:
    """The mask without lesions smaller than ``smallest_mm2``; those just as large stay."""
    if smallest_mm2 <= 0:
        return mask.copy()
    kept = np.zeros_like(mask)
    for view, view_mask in enumerate(mask):
        numbers, _ = label_lesions(view_mask)
        area_mm2 = np.bincount(numbers.ravel()) * (spacing_mm[0] * spacing_mm[1])
        stays = area_mm2 >= smallest_mm2
        stays[0] = False  # what is no lesion does not become one
        kept[view] = stays[numbers]
    return kept


def find_lesions(
    mask: Bool[np.ndarray, "view y x"],
    *,
    views: tuple[str, ...],
    counts: Num[np.ndarray, "view y x"],
    spacing_mm: tuple[float, float],
    probability: Float[np.ndarray, "view y x"] | None = None,
) -> list[Lesion]:
    """Every lesion of a mask, view by view; none for an empty mask.

    Args:
        mask: True on lesions.
        views: Name of each view, as in ``Study.views``.
        counts: What was acquired, for ``mean_counts``.
        spacing_mm: Pixel size along y and x.
        probability: What the mask was cut from, if it was.
    """
    lesions = []
    pixel_mm2 = spacing_mm[0] * spacing_mm[1]
    for at, view in enumerate(views):
        numbers, count = label_lesions(mask[at])
        lit = np.nonzero(numbers)  # few of the pixels of a view
        number_of = numbers[lit]
        for number in range(1, count + 1):
            rows, columns = (axis[number_of == number] for axis in lit)
            y, x = float(rows.mean()), float(columns.mean())
            chance = np.array([np.nan]) if probability is None else probability[at][rows, columns]
            lesions.append(
                Lesion(
                    view=view,
                    number=number,
                    area_px=len(rows),
                    area_mm2=len(rows) * pixel_mm2,
                    centroid_px=(y, x),
                    centroid_mm=(y * spacing_mm[0], x * spacing_mm[1]),
                    mean_counts=float(counts[at][rows, columns].mean()),
                    max_probability=float(chance.max()),
                    mean_probability=float(chance.mean(dtype=np.float64)),
                )
            )
    return lesions
