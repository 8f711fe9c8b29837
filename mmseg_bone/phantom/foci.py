"""Planned foci put into their bones: which points are hotter or colder, and by how much."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.anatomy.pose import Pose
from mmseg_bone.phantom.anatomy.shapes import Ellipsoid
from mmseg_bone.phantom.anatomy.skeleton import PARTS, Skeleton
from mmseg_bone.phantom.anatomy.uptake import Waves
from mmseg_bone.phantom.plan import Plan, PlannedFocus

_SOFT = 0.15  # a focus fades over this share of its radius, inwards and outwards
_RIM = 0.9  # how much hotter than its bone the ring round a cold focus is
_FEWEST = 12  # points
# Places outside bone, in the standard man: x at ``across`` 1, y, z.
_OUTSIDE = {
    "groin": (16.0, 7.5, 79.0), "thigh": (16.0, 7.0, 70.0), "chest": (15.0, 11.0, 131.0),
    "breast": (17.0, 9.0, 127.0), "axilla": (13.5, -0.5, 133.5), "": (15.0, 8.0, 75.0),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Drawn:
    """A focus as extra emission, negative where it is cold.

    Attributes:
        focus: As planned.
        place: Of its points, cm.
        emission: Uptake over muscle times volume that the focus adds, cm3.
        of_bone: Points of the skeleton that lie in it, by number; none for a spot outside bone.
        inside: Share of each of these that belongs to it, below 1 at its fading edge.
    """

    focus: PlannedFocus
    place: Float[np.ndarray, "n 3"]
    emission: Float[np.ndarray, " n"]
    of_bone: Int[np.ndarray, " m"]
    inside: Float[np.ndarray, " m"]


def draw_foci(
    plan: Plan,
    skeleton: Skeleton,
    pose: Pose,
    place: Float[np.ndarray, "n 3"],
    uptake: Float[np.ndarray, " n"],
    rng: np.random.Generator,
) -> list[Drawn]:
    """Draw every focus of a plan.

    A focus is what its ellipsoid has in common with its bone, grown until it has the planned
    volume: in a rib it becomes long, in the vault flat. What is drawn depends on place, size and
    uptake and never on what the focus is.

    Args:
        plan: The patient.
        skeleton: The standard skeleton.
        pose: How the patient lies.
        place: Of the skeleton's points in this patient, cm.
        uptake: Of the skeleton's points without foci, over muscle.
        rng: For the irregular outline of the foci.
    """
    rims = {int(number) for number in plan.notes.get("rims", "").split(",") if number}
    warp = Waves(rng, 0.16, (1.0, 3.5), count=5)
    volume = skeleton.volume * pose.build.scale**3
    drawn = []
    for focus in plan.foci:
        if not focus.bone:
            drawn.append(_outside(focus, pose))
            continue
        here = skeleton.bone(BY_NAME[focus.bone].label)
        distance = _distance(focus, skeleton, here, place[here])
        distance *= warp(place[here])
        share, rim = _grow(distance, volume[here], _volume_cm3(focus))
        change = (focus.ratio - 1) * share
        if focus.number in rims:
            change += _RIM * rim
        some = np.flatnonzero(change)
        emission = (change * uptake[here] * volume[here])[some]
        within = np.flatnonzero(share)
        of_bone = here.start + within
        drawn.append(Drawn(focus, place[here][some], emission, of_bone, share[within]))
    return drawn


def _volume_cm3(focus: PlannedFocus) -> float:
    return float(np.pi / 6 * (focus.diameter_mm / 10) ** 3)


def _grow(
    distance: Float[np.ndarray, " n"], volume: Float[np.ndarray, " n"], asked_cm3: float
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Share of each point that belongs to the focus, and to a ring around it."""
    order = np.argsort(distance, kind="stable")
    inside = np.cumsum(volume[order])
    last = min(max(int(np.searchsorted(inside, asked_cm3)), _FEWEST - 1), len(order) - 1)
    if asked_cm3 >= inside[-1]:
        return np.ones(len(order)), np.zeros(len(order))
    radius = max(float(distance[order[last]]), 1e-6)
    share = np.clip((1 + _SOFT - distance / radius) / (2 * _SOFT), 0, 1)
    share *= min(asked_cm3 / float((share * volume).sum()), 1.0)
    rim = np.clip((1.35 + _SOFT - distance / radius) / (2 * _SOFT), 0, 1) - np.clip(
        (1 + _SOFT - distance / radius) / (2 * _SOFT), 0, 1
    )
    return share, rim


def _distance(
    focus: PlannedFocus, skeleton: Skeleton, here: slice, place: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, " n"]:
    """Distance of the bone's points from the focus's centre, stretched along the bone."""
    along, across = skeleton.along[here], skeleton.across[here]
    allowed = _of_part(focus, skeleton, here)
    asked = focus.along, focus.across
    if PARTS[1] in (focus.part, _vertebral(focus)):  # a body counts within itself
        along, across = _within(along, allowed), _within(across, allowed) * 2 - 1
    size = np.ptp(place, axis=0)
    miss = ((along - asked[0]) * size.max()) ** 2 + ((across - asked[1]) * size[0] / 2) ** 2
    centre = int(np.argmin(np.where(allowed, miss, np.inf)))
    rel = place - place[centre]
    if focus.bone.startswith("rib_"):
        length = _rib_length(skeleton, here)
        lengthwise = np.abs(along - along[centre]) * length
        # Across the rib is what remains, which its own thickness bounds.
        squared = (rel**2).sum(axis=1)
        crosswise = np.sqrt(np.clip(squared - lengthwise**2, 0, None))
        crosswise = np.minimum(crosswise, 0.8)
    else:
        axis = 0 if focus.bone.startswith("clavicle") else 2
        lengthwise = np.abs(rel[:, axis])
        crosswise = np.sqrt((np.delete(rel, axis, axis=1) ** 2).sum(axis=1))
    third = focus.elongation ** (1 / 3)
    distance: Float[np.ndarray, " n"] = np.hypot(lengthwise / third**2, crosswise * third)
    distance[~allowed] *= 3
    return distance


def _vertebral(focus: PlannedFocus) -> str:
    return "body" if focus.part.endswith("_edge") else ""


def _within(value: Float[np.ndarray, " n"], allowed: np.ndarray) -> Float[np.ndarray, " n"]:
    low, high = float(value[allowed].min()), float(value[allowed].max())
    return (value - low) / (high - low)


def _of_part(focus: PlannedFocus, skeleton: Skeleton, here: slice) -> np.ndarray:
    part = skeleton.part[here]
    name = _vertebral(focus) or focus.part
    allowed = np.ones(len(part), bool)
    if name in PARTS[1:]:
        allowed = part == PARTS.index(name)
    elif name == "maxilla":
        allowed = (skeleton.axis[here] + skeleton.offset[here])[:, 1] > 3.5
    return allowed if allowed.any() else np.ones(len(part), bool)


def _rib_length(skeleton: Skeleton, here: slice) -> float:
    """Length of a rib, cm, from the places its points belong to."""
    line = skeleton.axis[here][np.argsort(skeleton.along[here], kind="stable")][::20]
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _outside(focus: PlannedFocus, pose: Pose) -> Drawn:
    x, y, z = _OUTSIDE.get(focus.part, _OUTSIDE[""])
    centre = pose.trunk(np.array([[focus.across * x, y, z]]))[0]
    r = focus.diameter_mm / 20
    third = focus.elongation ** (1 / 3)
    flat = 0.35 if focus.kind in ("contamination", "ornament") else 1.0  # on the skin
    half = (r / third, r * flat / third, r * third**2)
    shape = Ellipsoid((0.0, 0.0, 0.0), half).fill(1500)
    emission = shape.volume * (focus.ratio - 1)
    return Drawn(focus, shape.place + centre, emission, np.zeros(0, np.int64), np.zeros(0))
