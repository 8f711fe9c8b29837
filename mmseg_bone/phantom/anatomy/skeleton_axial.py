"""Head, spine and rib cage of the standard man: shapes, places and relative warmth.

Axes as everywhere in the phantom: x to the patient's left, y forward, z up from the sole, in cm,
for a man whose bones measure 167 cm from sole to vertex.

Source: extents and key points measured on the bones of OpenSim's full-body model (Rajagopal et
al. 2016); vertebrae after the cadaver series of Panjabi et al. 1991-92; lengths of the ribs
checked against Hutchinson's table in Todd's Cyclopaedia. Shapes of the smaller parts: our choice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmseg_bone.phantom.anatomy.shapes import Ellipsoid, Place, Plate, Shape, Tube


@dataclass(frozen=True)
class Part:
    """One shape of a bone.

    Attributes:
        bone: Name in ``anatomy.BONES``; ``{side}`` stands for a left part and its mirror image.
        shape: Its shape.
        tone: Uptake over that of the rest of the bone.
        ends: Further uptake at the two ends along the shape (end-plates, rib tips), as shares.
        joint: Joint of ``Plan.joints`` it belongs to; empty for none.
        part: Segment of a vertebra as ``PlannedFocus.part`` names it; empty elsewhere.
    """

    bone: str
    shape: Shape
    tone: float = 1.0
    ends: tuple[float, float] = (0.0, 0.0)
    joint: str = ""
    part: str = ""


# Bodies from C3 to L5, mm: width, depth, height. C1 and C2 are shaped by hand.
_BODIES = {
    "C": [(17, 16, 13), (18, 16, 12), (19, 16, 12), (20, 17, 12), (23, 19, 14)],
    "T": [
        (25, 19, 14), (25, 20, 16), (25, 23, 16), (25, 23, 16), (25, 24, 16), (26, 26, 17),
        (28, 27, 18), (30, 28, 19), (31, 29, 19), (32, 31, 20), (35, 32, 21), (39, 33, 23),
    ],
    "L": [(41, 34, 24), (43, 35, 24), (44, 35, 24), (47, 36, 24), (47, 35, 23)],
}  # fmt: skip
_LIVING = 1.15  # living men are larger than the cadavers, by 5-15 %

# Centres of the bodies on the mid-line, (y, z), from C1 to L5.
_CENTRES = [
    (0.2, 152.6), (0.0, 151.0), (-0.3, 149.0), (-0.4, 147.5), (-0.6, 146.0), (-0.9, 144.4),
    (-1.5, 142.8),
    (-2.2, 141.1), (-2.9, 139.3), (-3.5, 137.4), (-4.0, 135.4), (-4.4, 133.4), (-4.6, 131.2),
    (-4.6, 128.9), (-4.4, 126.5), (-4.0, 124.1), (-3.4, 121.5), (-2.7, 118.9), (-1.8, 116.1),
    (-0.8, 113.2), (0.1, 110.3), (0.9, 107.4), (1.3, 104.5), (1.2, 101.7),
]  # fmt: skip

# Ribs 1-12, left: head, posterior angle, most lateral point, front end.
_RIBS: list[list[Place]] = [
    [(2.2, -4.0, 141.6), (4.2, -4.0, 142.2), (6.2, -1.8, 141.2), (4.5, 1.5, 138.0)],
    [(2.2, -4.5, 140.2), (4.7, -5.0, 140.9), (9.0, -1.0, 138.0), (4.5, 4.0, 135.5)],
    [(2.0, -5.0, 138.5), (6.0, -6.5, 138.8), (11.0, -1.0, 135.5), (5.5, 5.5, 133.0)],
    [(2.0, -5.5, 136.5), (6.0, -7.5, 136.4), (12.5, -0.5, 133.0), (7.0, 6.5, 130.2)],
    [(2.2, -6.0, 134.4), (6.5, -7.5, 134.0), (13.0, 0.5, 130.4), (8.5, 7.0, 127.6)],
    [(2.3, -6.3, 132.2), (6.5, -8.0, 131.5), (13.5, 1.0, 127.5), (9.5, 8.0, 124.7)],
    [(2.2, -6.5, 130.0), (6.5, -8.0, 129.0), (13.5, 1.0, 124.8), (10.0, 8.5, 121.6)],
    [(2.3, -6.5, 127.7), (6.5, -8.3, 126.4), (13.5, 1.5, 121.8), (11.0, 8.3, 118.5)],
    [(2.2, -6.3, 125.3), (6.0, -8.3, 123.7), (13.2, 1.8, 118.4), (11.8, 7.3, 115.4)],
    [(2.1, -6.0, 122.9), (5.8, -8.2, 121.0), (12.4, 0.8, 115.2), (11.6, 5.4, 113.0)],
    [(1.9, -5.3, 120.2), (5.5, -7.4, 118.5), (9.8, -3.4, 114.4), (10.5, 0.0, 113.0)],
    [(2.0, -4.8, 117.4), (4.2, -5.6, 116.5), (6.0, -5.2, 115.3), (7.8, -3.7, 114.2)],
]
_CHEST = 1.07  # dry ribs of living size are 8-15 % longer than the model's


def head() -> Iterator[Part]:
    """Vault, base, face and jaw."""
    vault = (0.0, 0.3, 158.6)

    yield Part("skull", Ellipsoid(vault, (7.1, 8.6, 8.1), inner=0.915, above=(153.6, -0.12)))
    yield Part(
        "skull",
        Plate(
            [[(-5.6, -5.0, 154.0), (0, -6.2, 153.0), (5.6, -5.0, 154.0)],
             [(-6.0, 0.0, 153.8), (0, 0.0, 153.6), (6.0, 0.0, 153.8)],
             [(-4.6, 5.2, 156.2), (0, 5.0, 155.6), (4.6, 5.2, 156.2)]],
            [[0.3] * 3, [1.0] * 3, [0.6] * 3]),
        tone=0.6,
    )  # fmt: skip
    # Nose and nasopharynx: a narrow root that widens into the jaw.
    yield Part("skull", Ellipsoid((0, 7.0, 154.6), (1.1, 1.3, 2.5)), tone=1.9)
    yield Part("skull", Ellipsoid((0, 4.4, 153.0), (1.9, 1.7, 1.4)), tone=1.9)
    for s in (-1, 1):
        yield Part("skull", Ellipsoid((s * 1.9, 6.2, 151.3), (1.5, 1.8, 1.4)), tone=1.9)
        yield Part(  # rim of the orbit
            "skull",
            Tube(
                [(s * 1.3, 8.0, 156.9), (s * 2.9, 8.2, 158.1), (s * 4.9, 7.0, 157.0),
                 (s * 5.0, 6.6, 155.0), (s * 3.2, 7.5, 153.9), (s * 1.5, 8.0, 155.0)],
                [(0.35, 0.3)] * 3),
        )  # fmt: skip
        yield Part(  # cheek bone
            "skull",
            Tube(
                [(s * 4.2, 6.7, 153.4), (s * 6.0, 4.4, 153.9), (s * 6.7, 1.5, 154.2)],
                [(0.55, 0.35), (0.4, 0.3)], tall=(0, 0, 1)),
            tone=0.9,
        )  # fmt: skip
        yield Part("skull", Ellipsoid((s * 5.4, -1.2, 152.9), (1.0, 1.5, 1.6)), tone=0.65)
    jaw = [(5.3, 1.2, 155.6), (4.9, 1.4, 150.6), (4.3, 3.6, 149.0), (2.6, 6.9, 147.4),
           (0, 8.1, 146.9),
           (-2.6, 6.9, 147.4), (-4.3, 3.6, 149.0), (-4.9, 1.4, 150.6),
               (-5.3, 1.2, 155.6)]  # fmt: skip
    radii = [(0.6, 0.4), (0.8, 0.5), (1.25, 0.55), (1.35, 0.7), (1.25, 0.55), (0.8, 0.5),
             (0.6, 0.4)]  # fmt: skip
    yield Part("mandible", Tube(jaw, radii, tall=(0, 0, 1)))


def spine() -> Iterator[Part]:
    """Vertebrae C1 to L5, each with its body and what lies behind, and the sacrum."""
    names = [f"C{i}" for i in range(1, 8)] + [f"T{i}" for i in range(1, 13)]
    names += [f"L{i}" for i in range(1, 6)]
    sizes = [(17, 14, 10), (17, 15, 17)] + [size for group in _BODIES.values() for size in group]
    slopes = np.gradient(np.array(_CENTRES), axis=0)
    slopes /= np.linalg.norm(slopes, axis=1, keepdims=True)
    for name, (y, z), size, slope in zip(names, _CENTRES, sizes, slopes, strict=True):
        width, depth, height = (_LIVING * mm / 10 for mm in size)
        dy, dz = slope * min(height, 2.5) / 2
        yield Part(
            name,
            Tube(
                [(0, y - dy, z - dz), (0, y, z), (0, y + dy, z + dz)],
                [(width / 2, depth / 2)] * 2,
                inner=0.6,  # denser in its rim
            ),
            ends=(0.25, 0.25),
            part="body",
        )
        yield from _arch(name, y - depth / 2, z)
    yield from _sacrum()


def _arch(name: str, back: float, z: float) -> Iterator[Part]:
    """Pedicles, facets, transverse and spinous processes behind a body that ends at ``back``."""
    kind = "posterior_elements"
    spines: dict[str, tuple[list[Place], list[tuple[float, float]]]] = {
        "C": ([(0, back - 1.6, z), (0, back - 3.2, z - 0.6)], [(0.35, 0.6), (0.3, 0.4)]),
        "T": ([(0, back - 1.6, z), (0, back - 4.0, z - 2.0)], [(0.45, 0.8), (0.3, 0.5)]),
        "L": ([(0, back - 2.2, z), (0, back - 5.0, z - 0.5)], [(0.45, 1.45), (0.4, 1.25)]),
    }
    keys, radii = spines[name[0]]
    yield Part(name, Tube(keys, radii), part=kind, tone=0.7)
    for s in (-1, 1):
        facets: dict[str, tuple[Place, Place]] = {
            "C": ((s * 1.8, back + 0.3, z), (0.95, 1.0, 0.95)),
            "T": ((s * 1.3, back - 1.5, z + 0.3), (0.7, 0.8, 1.15)),
            "L": ((s * 2.15, back - 1.5, z - 0.6), (0.9, 0.9, 1.7)),
        }
        yield Part(name, Ellipsoid(*facets[name[0]]), part=kind, tone=0.85)
        if name[0] == "C":
            continue
        reach = 4.0 if name[0] == "L" else 3.2
        lift = 0.1 if name[0] == "L" else 0.5
        yield Part(
            name,
            Tube(
                [(s * 1.2, back - 0.7, z + 0.3), (s * reach, back - 2.0, z + lift)],
                [(0.5, 0.5), (0.35, 0.35)],
            ),
            part=kind,
            tone=1.15,
        )  # fmt: skip


def _sacrum() -> Iterator[Part]:
    rows = [(4.7, 0.2, 100.3, 3.2), (4.6, -2.0, 98.3, 3.0), (3.9, -4.4, 96.0, 2.3),
            (2.9, -5.8, 93.4, 1.6), (1.6, -6.2, 91.2, 1.1), (0.7, -5.2, 89.5, 0.8)]  # fmt: skip
    yield Part(
        "sacrum",
        Plate(
            [[(-w, y - 0.9, z), (0, y, z), (w, y - 0.9, z)] for w, y, z, _ in rows],
            [[t * 0.7, t, t * 0.7] for *_, t in rows]),
        tone=0.8,
    )  # fmt: skip
    yield Part("sacrum", Ellipsoid((0, 0.2, 100.0), (2.4, 1.6, 1.1)))


def cage() -> Iterator[Part]:
    """Ribs, manubrium and sternum."""
    for level, keys in enumerate(_RIBS, start=1):
        wide = [(x * _CHEST, (y + 1) * _CHEST - 1, z) for x, y, z in keys]
        wide[0] = keys[0]
        tall = 0.66 if 2 < level < 11 else 0.55
        yield Part(
            f"rib_{{side}}_{level}",
            Tube(
                wide,
                [(0.75 * tall, 0.4), (tall, 0.42), (tall, 0.38), (1.05 * tall, 0.42)],
                tall=(0, 0, 1),
            ),
            ends=(0.2, 0.35),
        )
    yield Part(
        "manubrium",
        Plate(
            [[(-2.7, 0.9, 138.9), (0, 1.3, 138.6), (2.7, 0.9, 138.9)],
             [(-2.9, 1.9, 137.2), (0, 2.4, 137.2), (2.9, 1.9, 137.2)],
             [(-1.6, 3.5, 134.7), (0, 3.7, 134.7), (1.6, 3.5, 134.7)]],
            [[1.9, 1.5, 1.9], [1.6, 1.7, 1.6], [1.2, 1.5, 1.2]]),
    )  # fmt: skip
    for s in (-1, 1):
        yield Part(
            "manubrium", Ellipsoid((s * 2.4, 1.4, 138.7), (0.9, 0.7, 0.8)), joint="sternoclavicular"
        )
    yield Part("sternum", Ellipsoid((0, 3.9, 134.4), (1.6, 0.6, 0.45)), tone=1.25)
    # The body, thick in the middle and paler from top to bottom.
    rows = [(1.8, 4.0, 134.1), (1.9, 5.6, 130.8), (2.2, 7.2, 127.2), (1.7, 8.3, 123.4)]
    for upper, lower, tone in zip(rows[:-1], rows[1:], (1.12, 1.0, 0.82), strict=True):
        yield Part(
            "sternum",
            Plate(
                [[(-w, y - 0.1, z), (0, y, z), (w, y - 0.1, z)] for w, y, z in (upper, lower)],
                [[0.9, 1.5, 0.9]] * 2),
            tone=tone,
        )  # fmt: skip
    yield Part(
        "sternum", Tube([(0, 8.4, 123.4), (0, 9.0, 119.4)], [(1.2, 0.5), (0.5, 0.3)]), tone=0.65
    )
