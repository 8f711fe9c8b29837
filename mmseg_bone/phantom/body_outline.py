"""The outline and the organs of one patient: head, trunk, arms and legs as stacks of ellipses."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from mmseg_bone.phantom.body import Body, Grid, Organ, Stack
from mmseg_bone.phantom.pose import Pose


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
            (1.25, 1.5, 1.0, 0.95, 1.0, 1.15, 1.1, 1.0, 1.2)
    )  # fmt: skip
    organs = []
    for organ in _organs(pose, rng):
        rows, columns, low, high = organ.stack.extent(grid)
        low, high = np.maximum(low, back[rows, columns]), np.minimum(high, front[rows, columns])
        organs.append((rows, columns, low, np.maximum(high, low), organ.uptake, organ.density))
    return Body(grid, back, front, uptake, organs, float(back.min()))


def _stack(
    rows: Sequence[tuple[float, float, float, float, float]], scale: float, power: float = 2.0
) -> Stack:
    """From rows of z, x, y, half width, half depth, in cm of the standard man."""
    table = np.array(sorted(rows)) * scale
    return Stack(table[:, 0], table[:, 1:3], table[:, 3:5], power)


def _outline(pose: Pose) -> Iterator[Stack]:
    build, k = pose.build, pose.build.scale
    g, chest, pelvis = build.girth, build.chest * build.girth, build.pelvis * build.girth
    crown = pose.crown / k + 0.7
    head = build.head
    drop = -0.075 * build.nod_deg * 2  # the head goes back as it nods
    yield _stack(
        [(crown, 0, 0.3 + drop, 0.1, 0.1), (crown - 0.6, 0, 0.3 + drop, 3.2, 4.0),
         (crown - 2.5, 0, 0.3 + drop, 5.7 * head, 7.0),
         (crown - 6, 0, 0.3 + drop, 7.5 * head, 9.0), (crown - 10, 0, 0.5 + drop, 7.8 * head, 9.4),
         (crown - 14, 0, 0.9 + drop, 7.3 * head, 9.2),
             (crown - 18, 0, 1.0 + drop / 2, 6.4 * head, 8.0),
         (crown - 20.5, 0, 0.6 + drop / 2, 5.9 * head * g**0.5, 6.6),
             (146.0, 0, -0.8, 6.0 * g**0.5, 6.2),
         (144.0, 0, -1.4, 6.6 * g**0.5, 6.2), (140.0, 0, -1.6, 8.0, 6.2)],
        k,
    )  # fmt: skip
    deep = build.depth * g
    belly = g**1.3
    yield _stack(
        [(146.5, 0, -3.0, 0.5, 0.5), (145.0, 0, -2.8, 7.0, 4.0),
         (143.0, 0, -2.4, 12.0 * chest, 5.6),
         (140.5, 0, -1.9, 16.0 * chest, 7.2), (136.0, 0, -1.0, 16.8 * chest, 9.0 * deep),
         (128.0, 0, -0.6, 16.6 * chest, 10.6 * deep), (118.0, 0, -0.4, 16.0 * chest, 10.8 * deep),
         (108.0, 0, 0.4, 15.0 * chest, 9.8 * belly), (103.0, 0, 0.6, 15.4 * pelvis, 9.8 * belly),
         (96.0, 0, 0.8, 16.4 * pelvis, 10.2 * g), (88.0, 0, 0.8, 17.0 * pelvis, 10.4 * g),
         (82.0, 0, 0.6, 17.0 * pelvis, 9.8 * g), (78.5, 0, 0.8, 16.4 * pelvis, 7.0 * g),
         (76.5, 0, 1.0, 15.5 * pelvis, 0.3)],
        k, power=2.3,
    )  # fmt: skip
    for side, sign in (("left", 1.0), ("right", -1.0)):
        joints = {name: pose.joints[f"{name}_{side}"] / k for name in
                  ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}  # fmt: skip
        yield _arm(joints, sign, g, k)
        yield _hand(joints, sign, k)
        yield _leg(joints, sign, g, build.pelvis, k)
        yield _foot(joints, sign, pose, side, k)
    if not build.female:
        yield _stack(
            [(86.0, 0, 6.5, 1.0, 1.0), (82.0, 0, 7.0, 3.0, 2.6), (77.0, 0, 7.0, 3.6, 3.0),
             (74.0, 0, 6.6, 2.8, 2.4), (72.2, 0, 6.4, 0.2, 0.2)],
            k,
        )  # fmt: skip


# Share of the way from ankle to toes, half width, half depth.
_FOOT = (
    (-0.5, 0.3, 0.3), (-0.35, 2.4, 3.0), (0.0, 3.5, 5.0), (0.3, 4.0, 5.2),
    (0.6, 4.4, 4.4), (0.85, 4.4, 3.0), (0.96, 3.4, 1.7), (1.02, 0.4, 0.3),
)  # fmt: skip


def _between(
    a: Float[np.ndarray, " 3"], b: Float[np.ndarray, " 3"], share: float
) -> tuple[float, float, float]:
    x, y, z = a + (b - a) * share
    return float(z), float(x), float(y)


def _arm(joints: dict[str, Float[np.ndarray, " 3"]], sign: float, g: float, k: float) -> Stack:
    s, e, w = joints["shoulder"], joints["elbow"], joints["wrist"]
    rows = [
        (float(s[2]) + 4.6, float(s[0]) - sign * 2.5, float(s[1]) - 0.8, 0.4, 0.4),
        (float(s[2]) + 3.4, float(s[0]) - sign * 1.2, float(s[1]) - 0.6, 3.4 * g, 3.4 * g),
        (float(s[2]) + 0.8, float(s[0]) + sign * 0.2, float(s[1]) - 0.4, 5.2 * g, 5.2 * g),
    ]
    for top, end, places in (
        (s, e, ((0.18, 5.2, 5.4), (0.5, 4.6, 5.0), (0.8, 4.2, 4.4), (1.0, 4.3, 4.0))),
        (e, w, ((0.25, 4.2, 4.0), (0.6, 3.4, 3.3), (1.0, 2.8, 2.6))),
    ):
        for share, a, b in places:
            rows.append((*_between(top, end, share), a * g, b * g))
    z, x, y = _between(w, w, 0)
    rows.append((z - 3.0, x, y, 2.6, 3.4))
    return _stack(rows, k)


def _hand(joints: dict[str, Float[np.ndarray, " 3"]], sign: float, k: float) -> Stack:
    z, x, y = _between(joints["wrist"], joints["wrist"], 0)
    rows = [(z + 2.0, x, y, 2.4, 2.4), (z - 3.0, x - sign * 0.5, y + 0.5, 2.7, 4.2),
            (z - 7.0, x - sign * 1.0, y + 0.8, 2.6, 4.9),
                (z - 11.0, x - sign * 1.6, y + 0.8, 2.2, 4.4),
            (z - 15.5, x - sign * 2.2, y + 0.8, 1.5, 3.2),
                (z - 17.0, x - sign * 2.4, y + 0.8, 0.2, 0.3)]  # fmt: skip
    return _stack(rows, k)


def _leg(
    joints: dict[str, Float[np.ndarray, " 3"]], sign: float, g: float, pelvis: float, k: float
) -> Stack:
    h, n, a = joints["hip"], joints["knee"], joints["ankle"]
    thick = g**0.7
    rows = [
        (float(h[2]) + 5.0, sign * 8.6 * pelvis, float(h[1]) - 3.0, 7.0 * g, 6.5 * g),
        (float(h[2]) - 2.0, sign * 9.0 * pelvis, float(h[1]) - 3.0, 8.2 * g, 8.4 * g),
    ]
    for top, end, places in (
        (h, n, ((0.2, 8.3, 8.6), (0.45, 7.4, 7.8), (0.7, 6.5, 6.9), (0.9, 5.8, 6.2))),
        (n, a, ((0.0, 5.8, 6.2), (0.1, 5.5, 5.9), (0.3, 5.4, 5.8), (0.5, 4.7, 5.1),
            (0.75, 3.6, 3.9), (0.92, 3.2, 3.6))),
    ):  # fmt: skip
        for share, wide, deep in places:
            z, x, y = _between(top, end, share)
            lean = 0.7 * sign * (1 - share) if top is h else 0.2 * sign
            rows.append((z, x + lean, y - 0.9, wide * thick, deep * thick))
    z, x, y = _between(a, a, 0)
    rows.append((z - 4.5, x, y - 2.0, 3.2, 4.0))
    rows.append((z - 5.5, x, y - 2.0, 0.3, 0.4))
    return _stack(rows, k)


def _foot(
    joints: dict[str, Float[np.ndarray, " 3"]], sign: float, pose: Pose, side: str, k: float
) -> Stack:
    at = 0 if side == "left" else 1
    z, x, y = _between(joints["ankle"], joints["ankle"], 0)
    down = np.deg2rad(pose.build.foot_deg[at])
    outward = np.sin(np.deg2rad(pose.build.toe_out_deg[at]))
    tip = z - 20.8 * np.sin(down) - 4.8 * np.cos(down)
    rows = []
    for share, wide, deep in _FOOT:
        height = z + (tip - z) * share
        ahead = (z - height) / np.tan(down) * 0.78
        shift = max(z - height, 0.0) * outward
        rows.append((height, x + sign * (shift + 0.2), y + ahead - 1.0, wide, deep))
    return _stack(rows, k)


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
        yield Organ(_stack(rows, k), uptake=-0.55, density=-0.7)
    liver = [(126.0, -7.5, 1.0, 0.4, 0.4), (123.0, -7.5, 1.0, 5.5 * chest, 5.5),
             (118.0, -6.5, 1.6, 8.0 * chest, 7.2),
             (113.0, -7.6, 2.2, 6.0 * chest, 6.6), (108.5, -9.5, 2.6, 3.0, 4.0),
                 (106.5, -9.8, 2.6, 0.3, 0.3)]  # fmt: skip
    yield Organ(_stack(liver, k), uptake=0.35 * float(rng.lognormal(0, 0.4)))
    heart = [(134.5, 1.5, 2.0, 0.4, 0.4), (131.0, 2.0, 2.2, 4.0, 3.6),
             (126.0, 3.2, 2.8, 5.2, 4.4), (121.0, 4.2, 3.2, 3.4, 3.4),
             (119.5, 4.4, 3.2, 0.3, 0.3)]  # fmt: skip
    yield Organ(_stack(heart, k), uptake=0.7 * float(rng.lognormal(0, 0.3)))
    crown, drop = pose.crown / k, -0.15 * build.nod_deg
    brain = [(crown - 1.0, 0, 0.3 + drop, 0.4, 0.4), (crown - 3, 0, 0.3 + drop, 5.0, 6.2),
             (crown - 8, 0, 0.3 + drop, 6.5, 8.0), (crown - 12, 0, 0.2 + drop, 5.6, 7.0),
             (crown - 14, 0, drop, 2.0, 2.5)]  # fmt: skip
    yield Organ(_stack(brain, k), uptake=-0.75)
    if not build.female:
        blood = [(84.0, 0, 6.6, 0.8, 0.8), (82, 0, 7.0, 2.6, 2.4), (77, 0, 7.0, 2.9, 2.6),
                 (73.5, 0, 6.5, 2.2, 2.0), (72.4, 0, 6.4, 0.2, 0.2)]  # fmt: skip
        yield Organ(_stack(blood, k), uptake=2.2 * float(rng.lognormal(0, 0.4)))
