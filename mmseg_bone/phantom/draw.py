"""From a plan to what both cameras would see, and to the truth behind every pixel."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import gaussian_filter1d

from mmseg_bone.phantom import camera as cameras
from mmseg_bone.phantom import foci
from mmseg_bone.phantom.anatomy import uptake
from mmseg_bone.phantom.anatomy.body import Body, Grid
from mmseg_bone.phantom.anatomy.body_outline import lay_out
from mmseg_bone.phantom.anatomy.pose import Pose, breathing, draw_build
from mmseg_bone.phantom.anatomy.skeleton import skeleton
from mmseg_bone.phantom.camera import Camera
from mmseg_bone.phantom.dice import log_normal
from mmseg_bone.phantom.plan import Plan

ROWS, COLUMNS = 1024, 256
MARGIN = 32  # columns on each side that the image does not show but that scatter into it
_SLAB_CM, _SLABS, _NEAREST_CM = 2.75, 14, 1.5
_PALLET_CM = 5.0  # mattress, pallet and gap between the back and the camera below the table
_SWAY_CM = 0.24  # standard deviation of how still nobody lies for twenty minutes; our choice
# Gap between skin and the upper camera, by height: chest 2-6 cm, head 4-9, legs 6-12;
# towards the far end of these, since the edges of a real scan are no sharper.
_GAP_Z = (0.0, 50.0, 85.0, 140.0, 150.0, 167.0)
_GAP_CM = (10.0, 10.0, 6.0, 5.5, 8.0, 8.0)


@dataclass(frozen=True, eq=False)
class Scene:
    """A patient in front of a camera: all that emits, and all that is in the way.

    Attributes:
        body: Outline, organs and grid.
        place: Of all points: the skeleton's first, those of the sources after them.
        emission: Of all points without foci.
        label: Bone of each point; 0 for sources.
        sources: Kind of each source and where its points are.
        drawn: The foci.
        soft: Uptake of soft tissue over that of an average person's muscle.
        scale: Length over that of the standard man.
    """

    body: Body
    place: Float[np.ndarray, "n 3"]
    emission: Float[np.ndarray, " n"]
    label: Int[np.ndarray, " n"]
    sources: dict[str, slice]
    drawn: list[foci.Drawn]
    soft: float
    scale: float


def stage(plan: Plan, spacing_cm: tuple[float, float], rng: np.random.Generator) -> Scene:
    """Lay a patient on the table.

    Args:
        plan: Who they are and what they have.
        spacing_cm: Pixel size along y and x.
        rng: Where their proportions, position and uptake come from.
    """
    build_rng, uptake_rng, foci_rng = rng.spawn(3)
    bones, pose = skeleton(), Pose(draw_build(plan, build_rng))
    grid = _grid(pose, spacing_cm, build_rng)
    body = lay_out(pose, grid, uptake_rng)
    place = breathing(bones, pose.place(bones), float(build_rng.uniform(0.25, 0.55)))
    taken = uptake.of_bones(plan, bones, place, uptake_rng)
    soft = log_normal(uptake_rng, 1, 0.08, 0.86, 1.16) * (0.3 if plan.superscan else 1.0)
    emission = bones.volume * pose.build.scale**3 * (taken - soft)
    sources, places, emissions = {}, [place], [emission]
    end = len(place)
    for source in uptake.beside_bones(plan, pose, uptake_rng):
        sources[source.kind] = slice(end, end + len(source.place))
        end += len(source.place)
        places.append(source.place)
        emissions.append(source.emission)
    label = np.zeros(end, np.int64)
    label[: len(place)] = bones.label
    return Scene(
        body=body,
        place=np.concatenate(places),
        emission=np.concatenate(emissions),
        label=label,
        sources=sources,
        drawn=foci.draw_foci(plan, bones, pose, place, taken, foci_rng),
        soft=soft,
        scale=pose.build.scale,
    )


def _grid(pose: Pose, spacing_cm: tuple[float, float], rng: np.random.Generator) -> Grid:
    crown = int(rng.integers(50, 100))
    shape = (ROWS, COLUMNS + 2 * MARGIN)
    top = pose.crown + crown * spacing_cm[0]
    left = -shape[1] / 2 * spacing_cm[1] + float(rng.normal(0, 0.8))
    return Grid(spacing_cm, shape, top, left)


class Eye:
    """One camera above or below a scene: where it is, and what reaches it.

    Args:
        scene: What it looks at.
        camera: Its resolution.
        forward: Whether it is the anterior one.
    """

    def __init__(self, scene: Scene, camera: Camera, forward: bool) -> None:
        self.scene, self.camera, self.forward = scene, camera, forward
        grid = scene.body.grid
        if forward:
            # The head follows the body's outline, slowly.
            skin = np.where(scene.body.front > scene.body.back, scene.body.front, -50).max(axis=1)
            skin = np.where(skin < -40, np.median(skin[skin > -40]), skin)
            gap = np.interp(grid.z, _GAP_Z, _GAP_CM)
            self.face = gaussian_filter1d(skin, 12 / grid.spacing_cm[0], mode="nearest") + gap
        else:
            self.face = np.full(grid.shape[0], scene.body.table_cm - _PALLET_CM)
        self.sigma_cm = [self.blur_cm(_NEAREST_CM + (i + 0.5) * _SLAB_CM) for i in range(_SLABS)]

    def blur_cm(self, distance_cm: float) -> float:
        """Standard deviation of a point's image, by its distance from the collimator's face."""
        return float(np.hypot(self.camera.sigma_cm(distance_cm), _SWAY_CM))

    def distance(
        self, row: Int[np.ndarray, "*n"], y: Float[np.ndarray, "*n"]
    ) -> Float[np.ndarray, "*n"]:
        """From the collimator's face, cm."""
        away: Float[np.ndarray, "*n"] = self.face[row] - y
        return away if self.forward else -away

    def slab(self, distance: Float[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
        """Which of the slabs of one blur a distance falls into."""
        return np.clip((distance - _NEAREST_CM) / _SLAB_CM, 0, _SLABS - 1).astype(np.int64)

    def see(
        self, place: Float[np.ndarray, "n 3"]
    ) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"], np.ndarray]:
        """Pixel, depth, distance of points, and which of them are on the grid at all."""
        grid = self.scene.body.grid
        row, column, on = grid.pixel(place[:, 0], place[:, 2])
        row, column, y = row[on], column[on], place[on, 1]
        depth = self.scene.body.depth_of(row, column, y, self.forward)
        return row * grid.shape[1] + column, depth, self.distance(row, y), on


def soft_tissue(
    eye: Eye, slabs: Float[np.ndarray, "slab y x"], scatter: Float[np.ndarray, "lot y x"]
) -> None:
    """Add what muscle, fat, blood and organs emit to the slabs, in place."""
    body, grid = eye.scene.body, eye.scene.body.grid
    row, column = np.nonzero(body.front > body.back)
    flat = row * grid.shape[1] + column
    back, front = body.back.ravel()[flat], body.front.ravel()[flat]
    tone = body.uptake[row] * eye.scene.soft
    lookup = np.full(grid.shape, -1)
    lookup.ravel()[flat] = np.arange(len(flat))
    near = eye.distance(row, front if eye.forward else back)
    far = eye.distance(row, back if eye.forward else front)
    lungs, others = [], []
    for rows, columns, low, high, added, density in body.organs:
        at = lookup[rows, columns]
        some = (at >= 0) & (high > low)
        at, low, high = at[some], low[some], high[some]
        start = eye.distance(row[at], high if eye.forward else low)
        stop = eye.distance(row[at], low if eye.forward else high)
        others.append((at, start, stop, added * eye.scene.soft))
        if density:
            lungs.append((at, start, stop, -density))
    area = grid.spacing_cm[0] * grid.spacing_cm[1]
    for i in range(_SLABS):
        first = _NEAREST_CM + i * _SLAB_CM if i else -np.inf
        last = _NEAREST_CM + (i + 1) * _SLAB_CM if i < _SLABS - 1 else np.inf
        start, stop = np.maximum(near, first), np.minimum(far, last)
        path = np.clip(stop - start, 0, None)
        here = np.flatnonzero(path)
        if not here.size:
            continue
        middle = (start + stop) / 2
        depth = middle - near
        for at, a, b, saved in lungs:
            depth[at] -= saved * np.clip(np.minimum(b, middle[at]) - a, 0, None)
        amount = path * tone
        for at, a, b, added in others:
            amount[at] += added * np.clip(np.minimum(b, last) - np.maximum(a, first), 0, None)
        depth, amount = np.maximum(depth[here], 0), np.maximum(amount[here], 0) * area
        out = amount * cameras.primary(depth)
        slabs[i].ravel()[flat[here]] += out
        lot = cameras.scatter_lot(depth) * lookup.size
        scatter.ravel()[lot + flat[here]] += cameras.BUILD_UP_PER_CM * depth * out


def expectation(eye: Eye) -> Float[np.ndarray, "y x"]:
    """What the camera sees without noise, in units of uptake times cm3 per pixel."""
    scene, grid = eye.scene, eye.scene.body.grid
    place = np.concatenate([scene.place] + [d.place for d in scene.drawn])
    emission = np.concatenate([scene.emission] + [d.emission for d in scene.drawn])
    pixel, depth, distance, on = eye.see(place)
    out = emission[on] * cameras.primary(depth)
    size = grid.shape[0] * grid.shape[1]
    flat = eye.slab(distance) * size + pixel
    slabs = np.bincount(flat, out, _SLABS * size).reshape(_SLABS, *grid.shape)
    lots = len(cameras.SCATTER_CM)
    flat = cameras.scatter_lot(depth) * size + pixel
    scatter = np.bincount(flat, cameras.BUILD_UP_PER_CM * depth * out, lots * size)
    scatter = scatter.reshape(lots, *grid.shape)
    soft_tissue(eye, slabs, scatter)
    return cameras.expected(slabs, scatter, eye.sigma_cm, grid.spacing_cm)
