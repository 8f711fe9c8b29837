"""Add up the anterior and the posterior view of a patient.

Source: Wang et al. 2024, Curr Med Imaging 20:e060223213456, who add the views pixel by pixel once
the bladder is left out. That the posterior view has to be mirrored first, and how masks and
single views are treated, is ours.
"""

import numpy as np
from jaxtyping import Bool, Num, UInt8

from mmseg_bone.imaging.mirror import in_anterior_sense

ANTERIOR, POSTERIOR = 1, 2  # bits of what ``fuse_masks`` gives


def add_views(
    counts: Num[np.ndarray, "view y x"], views: tuple[str, ...]
) -> Num[np.ndarray, "y x"]:
    """Counts of both views in one image, the patient's left at the right.

    No count is lost or wraps round: unsigned integers are added up as 64 bits and kept as 32, for
    16 bits hold 65,535 counts, which two bladders exceed. A single view is only turned.

    Args:
        counts: The views of one study.
        views: Their names.
    """
    seen = in_anterior_sense(counts, views)
    if np.issubdtype(counts.dtype, np.unsignedinteger):
        return np.asarray(seen.sum(axis=0, dtype=np.uint64).astype(np.uint32))
    if np.issubdtype(counts.dtype, np.signedinteger):
        return np.asarray(seen.sum(axis=0, dtype=np.int64))
    return np.asarray(seen.sum(axis=0, dtype=counts.dtype))


def fuse_masks(
    mask: Bool[np.ndarray, "view y x"], views: tuple[str, ...]
) -> tuple[Bool[np.ndarray, "y x"], UInt8[np.ndarray, "y x"]]:
    """What was drawn in either view, and in which: the bits ``ANTERIOR`` and ``POSTERIOR``.

    A rib drawn from in front only is lesion in the sum all the same.

    Args:
        mask: As drawn on the views.
        views: Their names.
    """
    bits = {"anterior": ANTERIOR, "posterior": POSTERIOR}
    seen = in_anterior_sense(mask, views)
    drawn_in: UInt8[np.ndarray, "y x"] = np.zeros(mask.shape[1:], np.uint8)
    for view, drawn in zip(views, seen, strict=True):
        drawn_in[drawn] |= bits[view]
    return drawn_in > 0, drawn_in
