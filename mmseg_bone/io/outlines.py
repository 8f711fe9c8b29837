"""A mask → polygons along the borders of its pixels, as a reader would have drawn around lesions.

Vertices lie on the corners of pixels, so that filling the polygons by the centres of pixels gives
back the mask exactly. A polygon has no hole: a lesion with one is cut through it, in two.
"""

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

# From the corner an edge starts at to where it ends, the lesion on its right (x, y).
_STEPS = {"top": ((0, 0), (1, 0)), "right": ((1, 0), (1, 1)),
          "bottom": ((1, 1), (0, 1)), "left": ((0, 1), (0, 0))}  # fmt: skip
_BEYOND = {"top": (-1, 0), "right": (0, 1), "bottom": (1, 0), "left": (0, -1)}  # (y, x)


def outlines(mask: Bool[np.ndarray, "y x"]) -> list[Int[np.ndarray, "n 2"]]:
    """Polygons around the parts of a mask, as corners (x, y) of pixels counted from 0.

    Parts that touch at a corner only are drawn apart. An empty mask has none.

    Args:
        mask: Of one view.
    """
    found = []
    numbers, _ = ndimage.label(mask)
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        part = numbers[box] == number
        corner = np.array([box[1].start, box[0].start])
        hole = ndimage.binary_fill_holes(part) & ~part
        if hole.any():
            cut = int(np.flatnonzero(hole.any(axis=1))[0]) + 1  # below its first row
            for rows in (slice(None, cut), slice(cut, None)):
                half = np.zeros_like(part)
                half[rows] = part[rows]
                found += [corner + outline for outline in outlines(half)]
        else:
            found.append(corner + _around(part))
    return found


def _around(part: Bool[np.ndarray, "y x"]) -> Int[np.ndarray, "n 2"]:
    """Corners on the way around one part without holes, clockwise; straight runs in one piece."""
    padded = np.pad(part, 1)
    follows: dict[tuple[int, int], tuple[int, int]] = {}
    for side, (start, end) in _STEPS.items():
        dy, dx = _BEYOND[side]
        beyond = padded[1 + dy : 1 + dy + part.shape[0], 1 + dx : 1 + dx + part.shape[1]]
        for y, x in zip(*np.nonzero(part & ~beyond), strict=True):
            follows[int(x) + start[0], int(y) + start[1]] = (int(x) + end[0], int(y) + end[1])
    at = first = next(iter(follows))
    way: list[tuple[int, int]] = []
    while not way or at != first:
        way.append(at)
        at = follows[at]
    corners = np.array(way)
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    straight = (np.sign(corners - before) == np.sign(after - corners)).all(axis=1)
    turns: Int[np.ndarray, "n 2"] = corners[~straight]
    return turns
