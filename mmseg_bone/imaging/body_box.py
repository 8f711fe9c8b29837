"""The smallest box around the patient in both views."""

import numpy as np
from jaxtyping import Int, Num

from mmseg_bone.imaging.mirror import in_anterior_sense
from mmseg_bone.imaging.realism.body import find_body


def body_box(
    counts: Num[np.ndarray, "view y x"],
    views: tuple[str, ...],
    spacing_mm: tuple[float, float],
    margin_mm: float,
) -> tuple[slice, slice]:
    """Rows and columns of the patient, in the anterior view's sense of left and right.

    Two cameras scan the patient at once, so one box does for both views; in the posterior one
    its columns are counted from the other edge. The whole image if there is no body in it.

    Args:
        counts: The views of one study.
        views: Their names.
        spacing_mm: Pixel size along y and x.
        margin_mm: Kept around the body, as far as the image goes.
    """
    both = np.sum(in_anterior_sense(counts.astype(float), views), axis=0)
    body = find_body(both, spacing_mm)
    if body is None:
        return slice(0, both.shape[0]), slice(0, both.shape[1])
    rows, columns = (
        _around(np.flatnonzero(body.mask.any(axis)), round(margin_mm / pixel_mm), size)
        for axis, pixel_mm, size in zip((1, 0), spacing_mm, both.shape, strict=True)
    )
    return rows, columns


def _around(inside: Int[np.ndarray, " n"], margin: int, size: int) -> slice:
    return slice(max(int(inside[0]) - margin, 0), min(int(inside[-1]) + 1 + margin, size))
