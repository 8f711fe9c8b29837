"""Points that fill a tube, an ellipsoid or a plate evenly: what bones are built from.

A bone is neither voxels nor a mesh here, but points that each stand for a small volume. Moved
with the patient's pose and counted into pixels they leave no steps and no seams, provided they
lie more evenly than random ones would.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator, RectBivariateSpline


@dataclass(frozen=True, eq=False)
class Points:
    """Points of one part of a bone.

    Attributes:
        axis: Where the centre line or surface passes closest, cm.
        offset: From there to the point, cm; a stouter bone scales this and not ``axis``.
        volume: What each point stands for, cm3.
        along: Place along the shape, 0 to 1.
    """

    axis: Float[np.ndarray, "n 3"]
    offset: Float[np.ndarray, "n 3"]
    volume: Float[np.ndarray, " n"]
    along: Float[np.ndarray, " n"]

    @property
    def place(self) -> Float[np.ndarray, "n 3"]:
        """Where the points are, cm."""
        place: Float[np.ndarray, "n 3"] = self.axis + self.offset
        return place


Real = float | int  # of a table: the shape checker takes ``float`` literally
Place = tuple[Real, Real, Real]


class Shape(ABC):
    """Something that can be filled with points."""

    @abstractmethod
    def fill(self, n: int) -> Points:
        """The same ``n`` points every time, spread evenly."""


def even(n: int) -> Float[np.ndarray, "3 n"]:
    """Points spread evenly through the unit cube, the same ones every time.

    The first coordinate runs from 0 to 1 in order, and any stretch of it is even in the others.

    Source: Hammersley 1960: equal steps, and van der Corput's sequences in bases 2 and 3.
    """
    return np.stack([(np.arange(n) + 0.5) / n, _reversed_digits(n, 2), _reversed_digits(n, 3)])


def _reversed_digits(n: int, base: int) -> Float[np.ndarray, " n"]:
    """0, 1, 2, ... with their digits mirrored at the point: 6 is 110, so 0.011, in base 2."""
    rest, share, value = np.arange(n), 1.0 / base, np.zeros(n)
    while rest.any():
        rest, digit = np.divmod(rest, base)
        value += digit * share
        share /= base
    return value


def curve(
    keys: Float[np.ndarray, "k 3"], at: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"], float]:
    """Places on a smooth curve through key points, its direction there, and its length in cm.

    A centripetal Catmull-Rom curve, walked at equal steps of arc length, so that ``at`` from
    0 to 1 is a share of the length and not of the keys.

    Source: Catmull and Rom 1974; centripetal, Yuksel et al. 2011.
    """
    ends = np.concatenate([[2 * keys[0] - keys[1]], keys, [2 * keys[-1] - keys[-2]]])
    knots = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(ends, axis=0), axis=1) ** 0.5)])
    fine = np.linspace(knots[1], knots[-2], 400)
    at_key = np.clip(np.searchsorted(knots, fine, "right") - 1, 1, len(keys) - 1)
    p = [ends[at_key + i] for i in (-1, 0, 1, 2)]
    t = [knots[at_key + i] for i in (-1, 0, 1, 2)]

    def mix(a: np.ndarray, b: np.ndarray, ta: np.ndarray, tb: np.ndarray) -> np.ndarray:
        share = ((fine - ta) / (tb - ta))[:, None]
        mixed: np.ndarray = (1 - share) * a + share * b
        return mixed

    a = [mix(p[i], p[i + 1], t[i], t[i + 1]) for i in range(3)]
    b = [mix(a[i], a[i + 1], t[i], t[i + 2]) for i in range(2)]
    line = mix(b[0], b[1], t[1], t[2])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    share = length / length[-1]
    place = np.stack([np.interp(at, share, line[:, i]) for i in range(3)], axis=1)
    slope = np.gradient(line, length, axis=0)
    direction = np.stack([np.interp(at, share, slope[:, i]) for i in range(3)], axis=1)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return place, direction, float(length[-1])


@dataclass(frozen=True)
class Tube(Shape):
    """A bent tube of elliptic section.

    Attributes:
        keys: Points the centre line passes through, cm.
        radii: Half axes of the section, along ``tall`` and across it, evenly spaced along the
            tube; taper the ends for a round one.
        tall: Direction of the first half axis, as far as it is across the tube.
        inner: Share of the radius that is hollow: marrow.
    """

    keys: Sequence[Place]
    radii: Sequence[tuple[Real, Real]]
    tall: Place = (1.0, 0.0, 0.0)
    inner: Real = 0.0

    def fill(self, n: int) -> Points:  # noqa: D102
        u, v, w = even(n)
        place, direction, length = curve(np.array(self.keys), u)
        up = np.array(self.tall) - direction * (direction @ np.array(self.tall))[:, None]
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        side = np.cross(direction, up)
        stations = np.linspace(0, 1, len(self.radii))
        a, b = (PchipInterpolator(stations, r)(u) for r in np.array(self.radii).T)
        r = np.sqrt(self.inner**2 + (1 - self.inner**2) * v)
        offset = (a * r * np.cos(2 * np.pi * w))[:, None] * up
        offset += (b * r * np.sin(2 * np.pi * w))[:, None] * side
        volume = np.pi * a * b * (1 - self.inner**2) * length / n
        return Points(place, offset, volume, u)


@dataclass(frozen=True)
class Ellipsoid(Shape):
    """An ellipsoid, whole or a shell.

    Attributes:
        centre: Its centre, cm.
        half_axes: Along x, y and z, cm.
        inner: Share of the radius that is empty.
        tilt_deg: Turn about y; positive brings the top towards the patient's left.
        above: Height below which it is cut off, as z = above[0] + above[1] * y.
    """

    centre: Place
    half_axes: Place
    inner: Real = 0.0
    tilt_deg: Real = 0.0
    above: tuple[Real, Real] | None = None

    def fill(self, n: int) -> Points:  # noqa: D102
        u, v, w = even(n)
        r = np.cbrt(self.inner**3 + (1 - self.inner**3) * u)
        height, turn = 2 * v - 1, 2 * np.pi * w
        flat = np.sqrt(1 - height**2)
        ball = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
        offset = ball * r[:, None] * np.array(self.half_axes)
        c, s = np.cos(np.deg2rad(self.tilt_deg)), np.sin(np.deg2rad(self.tilt_deg))
        offset = offset @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        whole = 4 / 3 * np.pi * np.prod(self.half_axes) * (1 - self.inner**3)
        centre = np.tile(np.array(self.centre, float), (n, 1))
        points = Points(centre, offset, np.full(n, whole / n), (1 - height) / 2)
        if self.above is None:
            return points
        _, y, z = points.place.T
        keep = z > self.above[0] + self.above[1] * y
        return Points(*(part[keep] for part in vars(points).values()))


@dataclass(frozen=True)
class Plate(Shape):
    """A bent plate through a grid of key points, such as a scapula or the wing of the ilium.

    Attributes:
        keys: Rows of key points, all as long, cm.
        thickness: Of the plate at the key points, cm.
    """

    keys: Sequence[Sequence[Place]]
    thickness: Sequence[Sequence[Real]]

    def fill(self, n: int) -> Points:  # noqa: D102
        grid = np.array(self.keys)
        rows, columns = grid.shape[:2]
        y, x = np.linspace(0, 1, rows), np.linspace(0, 1, columns)
        order = {"kx": min(3, rows - 1), "ky": min(3, columns - 1)}
        surface = [RectBivariateSpline(y, x, grid[..., i], **order) for i in range(3)]
        u, v, w = even(n)
        small = 1e-4  # by differences: a spline through two points has no derivative to ask for
        u, v = small + (1 - 2 * small) * u, small + (1 - 2 * small) * v

        def at(du: Real, dv: Real) -> Float[np.ndarray, "n 3"]:
            return np.stack([s.ev(u + du * small, v + dv * small) for s in surface], axis=1)

        place = at(0, 0)
        normal = np.cross(at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)) / (2 * small) ** 2
        area = np.linalg.norm(normal, axis=1)
        thick = RectBivariateSpline(y, x, np.array(self.thickness), kx=1, ky=1).ev(u, v)
        offset = normal / area[:, None] * (thick * (w - 0.5))[:, None]
        return Points(place, offset, area * thick / n, u)
