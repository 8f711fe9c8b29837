"""The skeleton of the standard man, as labelled points; made once and moved for every patient."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from jaxtyping import Float, Int

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.phantom.anatomy import skeleton_axial as axial
from mmseg_bone.phantom.anatomy import skeleton_limbs as limbs

HEIGHT_CM = 167.0  # of the skeleton, sole to vertex
STATURE_CM = 170.0  # of the man it belongs to
JOINTS = (
    "shoulder", "elbow", "wrist", "sacroiliac", "hip", "knee", "ankle", "foot", "sternoclavicular",
)  # fmt: skip
PARTS = ("", "body", "posterior_elements")
# Joint centres, left side.
CENTRES: dict[str, tuple[float, float, float]] = {
    "shoulder": (17.0, 0.3, 138.8),
    "elbow": (16.0, 1.6, 110.2),
    "wrist": (20.0, 0.1, 85.3),
    "hip": (7.7, 4.4, 85.7),
    "knee": (7.5, 3.6, 44.9),
    "ankle": (7.6, 3.4, 5.2),
}
_PER_CM = 150.0  # points per cm3 ** 0.75: some hundred for a facet, some thousand for a femur
_LEAST = 250
_RIBS = {bone.label for bone in BONES if bone.region == "ribs"}


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Points of all bones, sorted by label.

    Attributes:
        axis: Centre line or surface the point belongs to, cm; x to the left, y forward, z up.
        offset: From there to the point, cm.
        label: Of the bone, see ``anatomy.BONES``.
        volume: What each point stands for, cm3.
        tone: Uptake over that of the bone as a whole.
        joint: Index into ``JOINTS``, or -1.
        left: 1 on the patient's left, -1 on the right: which of a pair of joints it is.
        part: Index into ``PARTS``.
        along: Place along the bone as ``PlannedFocus.along`` counts it.
        across: Place across the bone as ``PlannedFocus.across`` counts it.
    """

    axis: Float[np.ndarray, "n 3"]
    offset: Float[np.ndarray, "n 3"]
    label: Int[np.ndarray, " n"]
    volume: Float[np.ndarray, " n"]
    tone: Float[np.ndarray, " n"]
    joint: Int[np.ndarray, " n"]
    left: Int[np.ndarray, " n"]
    part: Int[np.ndarray, " n"]
    along: Float[np.ndarray, " n"]
    across: Float[np.ndarray, " n"]

    def bone(self, label: int) -> slice:
        """Where the points of one bone are."""
        first, last = np.searchsorted(self.label, [label, label + 1])
        return slice(int(first), int(last))


@cache
def skeleton() -> Skeleton:
    """The standard skeleton; one for the whole process, not to be written to."""
    groups = (
        axial.head(), axial.spine(), axial.cage(),
        limbs.shoulder(), limbs.arm(), limbs.pelvis(), limbs.leg(),
    )  # fmt: skip
    columns: list[list[np.ndarray]] = [[] for _ in range(9)]
    for part in chain(*groups):
        points = part.shape.fill(_how_many(part))
        for bone, sign in _sides(part.bone):
            n = len(points.volume)
            flip = np.array([sign, 1.0, 1.0])
            place = points.place * flip
            ends = np.exp(-((points.along / 0.1) ** 2)), np.exp(-(((1 - points.along) / 0.1) ** 2))
            tone = part.tone * (1 + part.ends[0] * ends[0] + part.ends[1] * ends[1])
            values = (
                points.axis * flip,
                points.offset * flip,
                np.full(n, BY_NAME[bone].label),
                points.volume,
                tone,
                np.full(n, JOINTS.index(part.joint) if part.joint else -1),
                np.where(place[:, 0] > 0, 1, -1),
                np.full(n, PARTS.index(part.part)),
                points.along,
            )
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    return _sorted([np.concatenate(column) for column in columns])


def _how_many(part: axial.Part) -> int:
    volume = float(part.shape.fill(200).volume.sum())
    return max(_LEAST, int(_PER_CM * volume**0.75))


def _sides(bone: str) -> Iterator[tuple[str, float]]:
    if "{side}" in bone:
        yield bone.format(side="left"), 1.0
        yield bone.format(side="right"), -1.0
    else:
        yield bone, 1.0


def _sorted(columns: list[np.ndarray]) -> Skeleton:
    order = np.argsort(columns[2], kind="stable")
    axis, offset, label, volume, tone, joint, left, part, along = (c[order] for c in columns)
    place = axis + offset
    across = np.zeros(len(label))
    for value in np.unique(label):
        here = label == value
        x, z = place[here, 0], place[here, 2]
        across[here] = 2 * (x - x.min()) / (x.max() - x.min()) - 1
        if value not in _RIBS:  # ribs count along their own curve, the others from the top
            along[here] = (z.max() - z) / (z.max() - z.min())
    clavicles = np.isin(label, [BY_NAME[f"clavicle_{s}"].label for s in ("left", "right")])
    along[clavicles] = np.clip((np.abs(place[clavicles, 0]) - 1.5) / 13.0, 0, 1)
    made = Skeleton(axis, offset, label, volume, tone, joint, left, part, along, across)
    for column in vars(made).values():
        column.setflags(write=False)
    return made
