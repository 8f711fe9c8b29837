"""How far a lesion stands out from what is around it: what an eye has to find it by."""

import numpy as np
from jaxtyping import Float, Int, Num
from scipy.ndimage import distance_transform_edt, find_objects

# The ring a lesion is held against, in mm from its edge: past most of what the camera spills.
NEAR_MM, FAR_MM = 5.0, 15.0
_ENOUGH_PX = 10


def contrast_to_noise(
    counts: Num[np.ndarray, "y x"],
    numbers: Int[np.ndarray, "y x"],
    spacing_mm: tuple[float, float],
) -> Float[np.ndarray, "lesion"]:
    """Mean counts of each lesion above those of a ring around it, in the ring's deviations.

    The deviation holds what the camera drew by chance and what lies around: ribs and soft
    tissue beside each other are noise to who looks for a lesion. Other lesions, and what is
    near them, are left out of the ring. ``nan`` where hardly anything is left of it, or where
    it is all the same.

    Args:
        counts: What was acquired, of one view.
        numbers: From ``label_lesions``: 0 on no lesion.
        spacing_mm: Pixel size along y and x.
    """
    boxes = find_objects(numbers)
    found = np.full(len(boxes), np.nan)
    for at, box in enumerate(boxes):
        around = _widened(box, spacing_mm)
        inside = numbers[around] == at + 1
        far = distance_transform_edt(~inside, sampling=spacing_mm)
        far_from_any = distance_transform_edt(numbers[around] == 0, sampling=spacing_mm)
        ring = counts[around][(far <= FAR_MM) & (far_from_any >= NEAR_MM)].astype(np.float64)
        if len(ring) >= _ENOUGH_PX and ring.std() > 0:
            found[at] = (counts[around][inside].mean() - ring.mean()) / ring.std()
    return found


def _widened(box: tuple[slice, ...], spacing_mm: tuple[float, float]) -> tuple[slice, ...]:
    """A box that holds the ring, too, and all lesions that lie near it."""
    by = [int((FAR_MM + NEAR_MM) / step) + 1 for step in spacing_mm]
    return tuple(slice(max(0, at.start - n), at.stop + n) for at, n in zip(box, by, strict=True))
