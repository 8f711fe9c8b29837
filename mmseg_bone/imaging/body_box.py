"""The smallest box around the patient in both views."""

import numpy as np
from jaxtyping import Int, Num

from mmseg_bone.imaging.counts import rebin
from mmseg_bone.imaging.mirror import in_anterior_sense
from mmseg_bone.imaging.realism.body import find_body

_COARSE_MM = 9.0  # the outline is found on pixels of about this size, a tenth of the work


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
    both = in_anterior_sense(counts, views).sum(axis=0, dtype=float)
    factor = max(1, round(_COARSE_MM / max(spacing_mm)))
    coarse_mm = (factor * spacing_mm[0], factor * spacing_mm[1])
    body = find_body(rebin(both[None], factor)[0], coarse_mm)
    if body is None:
        return slice(0, both.shape[0]), slice(0, both.shape[1])
    rows, columns = (
        _around(factor, np.flatnonzero(body.mask.any(axis)), round(margin_mm / pixel_mm), size)
        for axis, pixel_mm, size in zip((1, 0), spacing_mm, both.shape, strict=True)
    )
    return rows, columns


def _around(block: int, inside: Int[np.ndarray, " n"], margin: int, size: int) -> slice:
    """From the first pixel of the first block to the last of the last, and the margin."""
    first, last = block * int(inside[0]), block * (int(inside[-1]) + 1)
    return slice(max(first - margin, 0), min(last + margin, size))
