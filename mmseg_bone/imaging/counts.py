"""Counts → image in [0, 1], and fewer, larger pixels."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Num
from numpy.typing import DTypeLike

from mmseg_bone.study import Study


def to_image(
    counts: Num[np.ndarray, "y x"],
    *,
    quantile: float = 0.995,
    power: float = 0.5,
    ceiling: float = 4.0,
) -> Float[np.ndarray, "y x"]:
    """Counts of one view as an image that does not depend on dose, time or camera speed.

    Counts are divided by a high quantile of the body (the pixels that hold a count), a
    power below 1 lifts the faint ribs beside the bright bladder, and what is left above
    ``ceiling`` times the quantile is clipped. With ``power`` 0.5 Poisson noise has the
    same width everywhere (Anscombe 1948, Biometrika 35:246). A blank view stays blank.

    Args:
        counts: One view.
        quantile: Of the body's pixels, taken as the reference level.
        power: 1 is linear.
        ceiling: Where an image reaches 1, in units of the reference level.
    """
    body = counts[counts > 0]
    if not body.size:
        return np.zeros(counts.shape, np.float32)
    level = float(np.quantile(body, quantile))
    image = np.clip(counts.astype(np.float32) / (ceiling * level), 0, 1) ** np.float32(power)
    return np.asarray(image, np.float32)


def rebin(counts: Num[np.ndarray, "v y x"], factor: int) -> Num[np.ndarray, "v _y _x"]:
    """Sum blocks of ``factor`` × ``factor`` pixels: what a camera with larger pixels counts.

    No count is lost: a last, incomplete row or column of blocks is completed with zeros.
    """
    # Four uint16 pixels can exceed uint16; four times 65,535 fits uint32.
    wide = np.uint32 if np.issubdtype(counts.dtype, np.unsignedinteger) else counts.dtype
    return _sum_of_blocks(counts, factor, wide)


def rebin_mask(mask: Bool[np.ndarray, "v y x"], factor: int) -> Bool[np.ndarray, "v _y _x"]:
    """A large pixel is lesion if at least half of it is."""
    return np.asarray(2 * _sum_of_blocks(mask, factor, np.uint16) >= factor**2)


def coarser(study: Study, factor: int) -> Study:
    """The study a camera with larger pixels would have acquired, as far as networks look at it.

    Counts add up, a large pixel is lesion if at least half of it is, and of bone labels it has
    that of its first pixel. The maps that only tell foci apart are left out.

    Args:
        study: With its own pixels.
        factor: Side of the blocks that become a pixel; 1 gives the study itself.
    """
    if factor == 1:
        return study
    return replace(
        study,
        counts=rebin(study.counts, factor),
        spacing_mm=(study.spacing_mm[0] * factor, study.spacing_mm[1] * factor),
        mask=None if study.mask is None else rebin_mask(study.mask, factor),
        bones=None if study.bones is None else study.bones[:, ::factor, ::factor],
        instances=None,
        classes=None,
    )


def unbin(
    image: Float[np.ndarray, "v y x"], factor: int, size: tuple[int, int]
) -> Float[np.ndarray, "v _y _x"]:
    """Each large pixel as ``factor`` × ``factor`` small ones, cut to the size it came from.

    Bilinear between the centres of the large pixels, so that an outline is smooth.
    """
    if factor == 1:
        return image[:, : size[0], : size[1]]
    for axis, length in ((1, size[0]), (2, size[1])):
        image = _interpolate(image, factor, axis, length)
    return image


def _interpolate(
    image: Float[np.ndarray, "v y x"], factor: int, axis: int, length: int
) -> Float[np.ndarray, "v _y _x"]:
    last = image.shape[axis] - 1
    where = np.clip((np.arange(length) + 0.5) / factor - 0.5, 0, last)
    low = np.floor(where).astype(int)
    share = (where - low).astype(image.dtype).reshape([-1 if i == axis else 1 for i in range(3)])
    high = np.minimum(low + 1, last)
    return np.asarray(image.take(low, axis) * (1 - share) + image.take(high, axis) * share)


def _sum_of_blocks(
    array: Num[np.ndarray, "v y x"] | Bool[np.ndarray, "v y x"], factor: int, wide: DTypeLike
) -> Num[np.ndarray, "v _y _x"]:
    """Add up blocks, rows before columns: far faster than NumPy's sum over two short axes."""
    pad = [(0, -size % factor) for size in array.shape[1:]]
    array = np.pad(array, [(0, 0), *pad]) if any(after for _, after in pad) else array
    rows = array[:, ::factor].astype(wide)
    for row in range(1, factor):
        rows += array[:, row::factor]
    blocks = rows[:, :, ::factor].copy()
    for column in range(1, factor):
        blocks += rows[:, :, column::factor]
    return blocks
