"""The outline and the organs of one patient: head, trunk, arms and legs as stacks of ellipses."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from mmseg_bone.phantom.anatomy.body import Body, Grid, Organ, Stack
from mmseg_bone.phantom.anatomy.pose import Pose
from mmseg_bone.phantom.anatomy.shapes import Real


def lay_out(pose: Pose, grid: Grid, rng: np.random.Generator) -> Body:
    """The body of one patient on a grid.

    Source: widths and depths after the stylised MIRD adult (as in Geant4's human phantom) and the
    Hong Kong body size survey; lung density 0.3 g/cm3, ICRP inflated lung. Relative uptake of
    soft tissues, and the outline between the measured places: our choice.
    """
    back, front = np.zeros(grid.shape), np.zeros(grid.shape)
    some = np.zeros(grid.shape, bool)
    for stack in _outline(pose):
        rows, columns, low, high = stack.extent(grid)
        mine, seen = high > low, some[rows, columns]
        b, f = back[rows, columns], front[rows, columns]
        b[...] = np.where(mine, np.where(seen, np.minimum(b, low), low), b)
        f[...] = np.where(mine, np.where(seen, np.maximum(f, high), high), f)
        seen |= mine
    scale = pose.build.scale
    uptake = np.interp(
        grid.z / scale, (0, 30, 44, 60, 80, 100, 118, 140, 150),
            (1.05, 1.15, 1.0, 1.0, 0.88, 0.86, 0.94, 1.1, 1.4)
    )  # fmt: skip
    organs = []
    for organ in _organs(pose, rng):
        rows, columns, low, high = organ.stack.extent(grid)
        low, high = np.maximum(low, back[rows, columns]), np.minimum(high, front[rows, columns])
        organs.append((rows, columns, low, np.maximum(high, low), organ.uptake, organ.density))
    return Body(grid, back, front, uptake, organs, float(back.min()))


def _stack(
    rows: Sequence[tuple[Real, Real, Real, Real, Real]], scale: float, power: float = 2.0
) -> Stack:
    """From rows of z, x, y, half width, half depth, in cm of the standard man."""
    table = np.array(sorted(rows)) * scale
    return Stack(table[:, 0], table[:, 1:3], table[:, 3:5], power)


# Skin of the standard man: z, y of the back and of the front, half width.
_HEAD = (
    (167.7, 0.0, 0.6, 0.1), (166.9, -4.2, 4.8, 3.4), (165.0, -7.6, 8.2, 5.9),
    (161.0, -9.4, 9.9, 7.8), (157.0, -9.6, 10.2, 8.3), (153.0, -8.8, 10.3, 7.6),
    (149.5, -7.6, 10.1, 6.6), (147.0, -6.8, 9.8, 5.9), (145.4, -6.8, 7.6, 5.7),
    (144.2, -7.0, 5.0, 5.9), (142.6, -7.6, 4.6, 6.8), (139.0, -7.6, 4.6, 8.0),
)  # fmt: skip
_TRUNK = (
    (147.5, -3.5, -2.5, 0.5), (146.2, -5.4, -0.6, 5.5), (145.0, -6.6, 0.8, 8.5),
    (143.8, -7.9, 2.4, 12.4), (142.6, -9.8, 4.0, 16.6), (139.5, -11.2, 5.6, 17.2),
    (135.0, -11.6, 8.2, 17.3), (128.0, -11.6, 10.6, 17.0), (118.0, -11.4, 11.6, 17.0),
    (108.0, -9.9, 10.2, 15.2), (103.0, -9.6, 10.6, 15.8), (97.0, -10.0, 11.2, 16.8),
    (88.0, -10.2, 11.4, 17.2),
    (82.0, -9.5, 10.6, 17.2), (78.5, -6.5, 8.2, 16.4), (76.5, 0.7, 1.3, 15.5),
)  # fmt: skip
_GROIN = (
    (86.0, 5.5, 7.5, 1.0), (82.0, 4.4, 9.6, 3.0), (77.0, 4.0, 10.0, 3.6), (74.0, 4.2, 9.0, 2.8),
    (72.2, 6.2, 6.6, 0.2),
)  # fmt: skip
# Breast of the standard woman: z, x, half width, half depth.
_BREAST = (
    (134.0, 9.0, 0.6, 0.4), (131.5, 9.4, 4.2, 1.4), (128.0, 9.8, 5.8, 2.3),
    (124.0, 10.0, 5.4, 2.3), (121.0, 10.0, 3.4, 1.3), (119.5, 10.0, 0.5, 0.4),
)  # fmt: skip
_LYING = 2.4  # limbs that rest on a table are flatter than round, see ``Stack.power``
# Limbs by share of the way between two joints: half width, half depth, y from the bone's line.
_ARM = (
    ("shoulder", "elbow",
     ((0.18, 5.2, 5.4, 0.0), (0.5, 4.6, 5.0, 0.0), (0.8, 4.2, 4.4, 0.0), (1.0, 4.4, 4.0, 0.0))),
    ("elbow", "wrist", ((0.25, 4.3, 4.0, 0.0), (0.6, 3.6, 3.4, 0.0), (1.0, 3.0, 2.8, 0.0))),
)  # fmt: skip
_LEG = (
    ("hip", "knee",
     ((0.2, 8.3, 8.6, -0.9), (0.45, 7.4, 7.8, -0.7), (0.7, 6.5, 6.9, -0.4), (0.9, 5.8, 6.4, 0.0))),
    ("knee", "ankle",
     ((0.0, 5.8, 6.5, 0.0), (0.1, 5.5, 6.1, -0.2), (0.3, 5.4, 5.9, -0.9), (0.5, 4.8, 5.2, -0.9),
      (0.75, 4.1, 4.1, -0.7), (0.92, 4.0, 3.8, -0.4))),
)  # fmt: skip
# Share of the way from ankle to toes, half width, half depth of a foot that points 33 degrees down.
_FOOT = (
    (-0.5, 0.3, 0.3), (-0.35, 2.4, 3.0), (0.0, 3.8, 5.4), (0.3, 4.2, 5.6),
    (0.6, 4.5, 4.6), (0.85, 4.5, 3.2), (0.96, 3.5, 2.0), (1.02, 0.4, 0.3),
)  # fmt: skip
# The hand below the wrist: z, x towards the thigh, y, half width, half depth.
_HAND = (
    (2.0, 0.0, 0.0, 2.6, 2.6), (-3.0, 0.6, 0.5, 3.0, 4.4), (-7.0, 1.4, 0.9, 2.9, 5.2),
    (-11.0, 2.3, 1.0, 2.5, 4.9), (-15.0, 3.1, 0.9, 2.0, 3.6), (-17.6, 3.5, 0.8, 0.2, 0.3),
)  # fmt: skip


def _outline(pose: Pose) -> Iterator[Stack]:
    """Skin follows bone: head and trunk are posed like the skeleton, limbs hang on the joints."""
    build, k = pose.build, pose.build.scale
    flesh = max(14.0 * (build.girth - 1), -0.7)  # more or less of it than the standard man's
    yield _posed(_HEAD, pose, flesh, neck=True)
    yield _posed(_TRUNK, pose, flesh, power=2.6)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        joints = {name: pose.joints[f"{name}_{side}"] / k for name in
                  ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}  # fmt: skip
        yield _arm(joints, sign, build.girth, k)
        yield _hand(joints, sign, k)
        yield _leg(joints, sign, pose)
        yield _foot(joints, sign, pose, side)
    if build.female:
        for sign in (1.0, -1.0):
            yield _breast(pose, sign)
    else:
        yield _posed(_GROIN, pose, 0.0)


def _posed(
    table: Sequence[tuple[Real, Real, Real, Real]],
    pose: Pose,
    flesh: float,
    *,
    neck: bool = False,
    power: float = 2.0,
) -> Stack:
    """A stack that bends, turns and widens with the skeleton."""
    ends = np.array([[(0.0, y, row[0]) for y in row[1:3]] for row in table])
    edge = np.array([[row[3], -1.0, row[0]] for row in table])
    move = pose.head if neck else pose.trunk
    back, front = move(ends[:, 0]), move(ends[:, 1])
    middle = (back + front) / 2
    half = np.abs(move(edge)[:, 0] - move(edge * np.array([0.0, 1, 1]))[:, 0])
    high = np.array([row[0] for row in table])
    # Fat lies round the waist rather than round shoulders or face.
    share = np.interp(high, (78, 82, 108, 136, 142, 148), (0.3, 1, 1, 0.9, 0.25, 0.1))
    deep = np.interp(high, (78, 82, 108, 128, 142, 148), (0.3, 0.65, 0.72, 0.6, 0.2, 0.1))
    k = pose.build.scale
    half = np.maximum(half + flesh * share * k, 0.1)
    thick = np.maximum((front - back)[:, 1] / 2 + flesh * deep * k, 0.1)
    order = np.argsort(middle[:, 2])
    return Stack(middle[order, 2], middle[order, :2], np.stack([half, thick], axis=1)[order], power)


def _breast(pose: Pose, sign: float) -> Stack:
    """It flattens and falls aside in who lies on the back: larger with more fat, wide and low."""
    build = pose.build
    size = float(np.clip(build.girth, 0.85, 1.3)) ** 2
    front = np.interp([z for z, *_ in _BREAST], [row[0] for row in _TRUNK[::-1]],
                      [row[2] for row in _TRUNK[::-1]])  # fmt: skip
    places = np.array(
        [(sign * x, y + 0.2, z) for (z, x, _, _), y in zip(_BREAST, front, strict=True)]
    )
    moved = pose.trunk(places)
    half = np.array([(a * size**0.4, b * size) for _, _, a, b in _BREAST]) * build.scale
    order = np.argsort(moved[:, 2])
    return Stack(moved[order, 2], moved[order, :2], half[order])


def _between(
    a: Float[np.ndarray, " 3"], b: Float[np.ndarray, " 3"], share: float
) -> tuple[float, float, float]:
    x, y, z = a + (b - a) * share
    return float(z), float(x), float(y)


def _arm(joints: dict[str, Float[np.ndarray, " 3"]], sign: float, g: float, k: float) -> Stack:
    x, y, z = (float(value) for value in joints["shoulder"])
    rows = [
        (z + 5.2, x - sign * 2.0, y - 1.2, 0.4, 0.4),
        (z + 4.2, x - sign * 1.4, y - 1.2, 4.0 * g, 3.8 * g),
        (z + 0.8, x + sign * 0.2, y - 0.4, 5.2 * g, 5.2 * g),
    ]
    for top, end, places in _ARM:
        for share, wide, deep, dy in places:
            height, x, y = _between(joints[top], joints[end], share)
            rows.append((height, x, y + dy, wide * g, deep * g))
    height, x, y = _between(joints["wrist"], joints["wrist"], 0.0)
    rows.append((height - 3.0, x, y, 2.6, 3.4))
    return _stack(rows, k, _LYING)


def _hand(joints: dict[str, Float[np.ndarray, " 3"]], sign: float, k: float) -> Stack:
    z, x, y = _between(joints["wrist"], joints["wrist"], 0.0)
    return _stack([(z + dz, x - sign * dx, y + dy, a, b) for dz, dx, dy, a, b in _HAND], k)


def _leg(joints: dict[str, Float[np.ndarray, " 3"]], sign: float, pose: Pose) -> Stack:
    g, pelvis = pose.build.girth, pose.build.pelvis
    hip = joints["hip"]
    rows = [
        (float(hip[2]) + 5.0, sign * 8.6 * pelvis, float(hip[1]) - 3.0, 7.0 * g, 6.5 * g),
        (float(hip[2]) - 2.0, sign * 9.0 * pelvis, float(hip[1]) - 3.0, 8.2 * g, 8.4 * g),
    ]
    for top, end, places in _LEG:
        for share, wide, deep, dy in places:
            z, x, y = _between(joints[top], joints[end], share)
            bony = abs(share - (top == "hip")) if share > 0.85 or share < 0.15 else 1.0
            thick = g ** (0.25 if bony < 0.2 else 0.7)  # fat spares the knee and the ankle
            lean = 1.6 * sign * (1 - share) if top == "hip" else 0.4 * sign
            rows.append((z, x + lean, y + dy, wide * thick, deep * thick))
    z, x, y = _between(joints["ankle"], joints["ankle"], 0.0)
    rows.append((z - 4.5, x, y - 2.0, 3.2, 4.0))
    rows.append((z - 5.5, x, y - 2.0, 0.3, 0.4))
    return _stack(rows, pose.build.scale, _LYING)


def _foot(joints: dict[str, Float[np.ndarray, " 3"]], sign: float, pose: Pose, side: str) -> Stack:
    at = 0 if side == "left" else 1
    z, x, y = _between(joints["ankle"], joints["ankle"], 0.0)
    down = np.deg2rad(pose.build.foot_deg[at])
    outward = np.sin(np.deg2rad(pose.build.toe_out_deg[at]))
    tip = z - 20.8 * np.sin(down) - 4.8 * np.cos(down)
    longer = np.sin(np.deg2rad(33)) / np.sin(down)  # a slice of a foot that points forward
    rows = []
    for share, wide, deep in _FOOT:
        height = z + (tip - z) * share
        ahead = (20.8 * np.cos(down) - 4.8 * np.sin(down)) * share
        shift = max(z - height, 0.0) * outward
        rows.append((height, x + sign * (shift + 0.2), y + ahead - 1.4, wide, deep * longer))
    return _stack(rows, pose.build.scale)


def _organs(pose: Pose, rng: np.random.Generator) -> Iterator[Organ]:
    build, k = pose.build, pose.build.scale
    chest, deep = build.chest, build.depth
    for sign, low in ((1.0, 119.0), (-1.0, 121.0)):
        rows = [(141.5, sign * 3.6, -2.6, 0.4, 0.4), (140, sign * 4.4, -2.4, 2.4, 2.6),
                (137, sign * 6.2, -1.8, 4.4 * chest, 5.0 * deep),
                (132, sign * 7.3 * chest, -1.0, 5.3 * chest, 7.4 * deep),
                    (127, sign * 8.0 * chest, -0.6, 5.3 * chest, 8.2 * deep),
                (low + 3, sign * 8.6 * chest, -1.2, 4.9 * chest, 7.6 * deep),
                    (low, sign * 9.2 * chest, -3.0, 4.2 * chest, 5.0 * deep),
                (low - 3, sign * 9.6 * chest, -4.6, 2.4, 2.4),
                    (low - 4.5, sign * 9.8 * chest, -5.0, 0.2, 0.2)]  # fmt: skip
        yield Organ(_stack(rows, k), uptake=-0.35, density=-0.7)
    liver = [(126.0, -7.5, 1.0, 0.4, 0.4), (123.0, -7.5, 1.0, 5.5 * chest, 5.5),
             (118.0, -6.5, 1.6, 8.0 * chest, 7.2),
             (113.0, -7.6, 2.2, 6.0 * chest, 6.6), (108.5, -9.5, 2.6, 3.0, 4.0),
                 (106.5, -9.8, 2.6, 0.3, 0.3)]  # fmt: skip
    yield Organ(_stack(liver, k), uptake=0.1 * float(rng.lognormal(0, 0.4)))
    heart = [(134.5, 1.5, 2.0, 0.4, 0.4), (131.0, 2.0, 2.2, 4.0, 3.6),
             (126.0, 3.2, 2.8, 5.2, 4.4), (121.0, 4.2, 3.2, 3.4, 3.4),
             (119.5, 4.4, 3.2, 0.3, 0.3)]  # fmt: skip
    yield Organ(_stack(heart, k), uptake=0.7 * float(rng.lognormal(0, 0.3)))
    crown, drop = pose.crown / k, -0.15 * build.nod_deg
    brain = [(crown - 1.0, 0, 0.3 + drop, 0.4, 0.4), (crown - 3, 0, 0.3 + drop, 5.0, 6.2),
             (crown - 8, 0, 0.3 + drop, 6.5, 8.0), (crown - 12, 0, 0.2 + drop, 5.6, 7.0),
             (crown - 14, 0, drop, 2.0, 2.5)]  # fmt: skip
    yield Organ(_stack(brain, k), uptake=-0.9)
    if build.female:  # glands take up a little, the same on both sides
        glands = float(rng.uniform(0.3, 1.0))
        for sign in (1.0, -1.0):
            yield Organ(_breast(pose, sign), uptake=glands)
    else:
        blood = [(84.0, 0, 6.6, 0.8, 0.8), (82, 0, 7.0, 2.6, 2.4), (77, 0, 7.0, 2.9, 2.6),
                 (73.5, 0, 6.5, 2.2, 2.0), (72.4, 0, 6.4, 0.2, 0.2)]  # fmt: skip
        yield Organ(_stack(blood, k), uptake=2.2 * float(rng.lognormal(0, 0.4)))
