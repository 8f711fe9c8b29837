"""What lies between bone and camera: the body's outline, its organs, and depth below the skin.

The body is a few stacks of ellipses, one for each row of the image, so that where it begins and
ends along y is known for every pixel without voxels. Depth is water-equivalent: a centimetre of
inflated lung weakens 140 keV photons as much as three millimetres of water.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.interpolate import PchipInterpolator


@dataclass(frozen=True)
class Grid:
    """The pixels that are worked on; wider than the image, since scatter comes from outside it.

    Attributes:
        spacing_cm: Pixel size along y and x.
        shape: Rows and columns.
        top_cm: Height of the upper edge of row 0, cm above the sole of the standing man.
        left_cm: x of the left edge of column 0 in the anterior view, cm.
    """

    spacing_cm: tuple[float, float]
    shape: tuple[int, int]
    top_cm: float
    left_cm: float

    @property
    def z(self) -> Float[np.ndarray, " row"]:
        """Height of the middle of each row, cm."""
        return self.top_cm - (np.arange(self.shape[0]) + 0.5) * self.spacing_cm[0]

    @property
    def x(self) -> Float[np.ndarray, " column"]:
        """Middle of each column, cm."""
        return self.left_cm + (np.arange(self.shape[1]) + 0.5) * self.spacing_cm[1]

    def pixel(
        self, x: Float[np.ndarray, " n"], z: Float[np.ndarray, " n"]
    ) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Row and column of places, and whether they lie on the grid."""
        row = np.floor((self.top_cm - z) / self.spacing_cm[0]).astype(np.int64)
        column = np.floor((x - self.left_cm) / self.spacing_cm[1]).astype(np.int64)
        on = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        return row, column, on


@dataclass(frozen=True, eq=False)
class Stack:
    """Ellipses above each other, given at some heights and smooth between them.

    Attributes:
        z: Heights, from low to high, cm.
        centre: x and y of the centre at these heights, cm.
        half: Half axes along x and y at these heights, cm.
        power: 2 is an ellipse; more is nearer to a rectangle.
    """

    z: Float[np.ndarray, " k"]
    centre: Float[np.ndarray, "k 2"]
    half: Float[np.ndarray, "k 2"]
    power: float = 2.0

    def extent(
        self, grid: Grid
    ) -> tuple[slice, slice, Float[np.ndarray, "r c"], Float[np.ndarray, "r c"]]:
        """Rows and columns it takes, and there its back and front along y; equal where absent."""
        inside = np.flatnonzero((grid.z > self.z[0]) & (grid.z < self.z[-1]))
        if not inside.size:
            nothing = np.zeros((0, 0))
            return slice(0, 0), slice(0, 0), nothing, nothing
        rows = slice(int(inside[0]), int(inside[-1]) + 1)
        both = PchipInterpolator(self.z, np.concatenate([self.centre, self.half], axis=1))
        cx, cy, a, b = both(grid.z[rows]).T[:, :, None]
        left, right = float((cx - a).min()), float((cx + a).max())
        reach = np.flatnonzero((grid.x > left) & (grid.x < right))
        if not reach.size:
            nothing = np.zeros((0, 0))
            return slice(0, 0), slice(0, 0), nothing, nothing
        columns = slice(int(reach[0]), int(reach[-1]) + 1)
        across = np.abs((grid.x[None, columns] - cx) / np.maximum(a, 1e-6))
        if self.power == 2.0:
            high = b * np.sqrt(np.clip(1 - across * across, 0, None))
        else:
            high = b * np.clip(1 - across**self.power, 0, None) ** (1 / self.power)
        return rows, columns, cy - high, cy + high


@dataclass(frozen=True, eq=False)
class Organ:
    """A part of the body that takes up, or lets through, other than its surroundings.

    Attributes:
        stack: Its shape.
        uptake: Over muscle, added to the 1 of the soft tissue around it.
        density: Added to the density of 1 g/cm3 around it.
    """

    stack: Stack
    uptake: float
    density: float = 0.0


@dataclass(frozen=True, eq=False)
class Body:
    """Outline and organs of one patient on a grid.

    Attributes:
        grid: The pixels.
        back, front: Skin along y at each pixel, cm; equal where there is no body.
        uptake: Of soft tissue, over muscle, by row.
        organs: Rows, columns, back, front, added uptake and density of each organ.
        table_cm: y of the table's surface.
    """

    grid: Grid
    back: Float[np.ndarray, "r c"]
    front: Float[np.ndarray, "r c"]
    uptake: Float[np.ndarray, " r"]
    organs: list[tuple[slice, slice, np.ndarray, np.ndarray, float, float]]
    table_cm: float

    def depth_of(
        self,
        row: Int[np.ndarray, " n"],
        column: Int[np.ndarray, " n"],
        y: Float[np.ndarray, " n"],
        forward: bool,
    ) -> Float[np.ndarray, " n"]:
        """Water-equivalent depth of points below the front or the back, cm."""
        flat = row * self.grid.shape[1] + column
        depth: Float[np.ndarray, " n"]
        depth = self.front.ravel()[flat] - y if forward else y - self.back.ravel()[flat]
        for rows, columns, back, front, _, density in self.organs:
            if not density or not back.size:
                continue
            near = (row >= rows.start) & (row < rows.stop)
            near &= (column >= columns.start) & (column < columns.stop)
            at = np.flatnonzero(near)
            r, c = row[at] - rows.start, column[at] - columns.start
            low, high, here = back[r, c], front[r, c], y[at]
            path = high - np.maximum(low, here) if forward else np.minimum(high, here) - low
            depth[at] += density * np.clip(path, 0, None)
        np.maximum(depth, 0.0, out=depth)
        return depth
