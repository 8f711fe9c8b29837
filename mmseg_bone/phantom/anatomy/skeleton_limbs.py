"""Shoulder girdle, pelvis, arms and legs of the standard man; see ``skeleton_axial`` for axes.

Every part is the left one; ``skeleton`` adds its mirror image.

Source: extents and joint centres measured on the bones of OpenSim's full-body model (Rajagopal
et al. 2016). Shapes of the smaller parts: our choice.
"""

from collections.abc import Iterator

from mmseg_bone.phantom.anatomy.shapes import Ellipsoid, Place, Plate, Tube
from mmseg_bone.phantom.anatomy.skeleton_axial import Part

UP = (0.0, 0.0, 1.0)


def shoulder() -> Iterator[Part]:
    """Clavicle and scapula."""
    yield Part(
        "clavicle_{side}",
        Tube(
            [(1.9, 1.9, 139.2), (5.0, 2.9, 140.0), (9.0, 1.4, 141.4), (14.2, -0.4, 142.0)],
            [(0.9, 0.9), (0.6, 0.6), (0.55, 0.6), (0.6, 0.9), (0.5, 0.8)]),
        ends=(0.5, 0.4),
    )  # fmt: skip
    yield Part(
        "scapula_{side}",
        Plate(
            [[(8.6, -6.6, 141.2), (11.0, -5.4, 140.8), (14.0, -2.2, 140.2)],
             [(8.3, -8.0, 137.0), (11.0, -7.0, 137.0), (14.6, -2.4, 137.4)],
             [(8.8, -8.6, 132.0), (10.6, -8.0, 132.0), (12.4, -5.8, 132.4)],
             [(9.9, -8.6, 127.2), (10.4, -8.6, 127.0), (10.9, -8.3, 127.4)]],
            [[0.5, 0.3, 0.8], [0.5, 0.25, 1.0], [0.6, 0.3, 1.1], [0.9, 0.9, 0.9]]),
    )  # fmt: skip
    yield Part("scapula_{side}", Ellipsoid((10.4, -8.5, 127.6), (0.7, 0.5, 1.1)), tone=1.0)
    yield Part(
        "scapula_{side}",
        Tube(
            [(8.8, -8.0, 138.4), (12.0, -7.2, 140.0), (15.6, -4.6, 141.8), (17.2, -1.6, 142.0)],
            [(0.5, 0.4), (0.6, 0.5), (0.9, 0.6), (1.0, 0.6)]),
        tone=0.9, ends=(0.0, 0.6),
    )  # fmt: skip
    yield Part(
        "scapula_{side}",
        Ellipsoid((14.8, -0.8, 138.3), (0.8, 1.2, 1.8)),
        tone=1.1,
        joint="shoulder",
    )
    yield Part(
        "scapula_{side}",
        Tube(
            [(14.0, 0.2, 140.2), (13.6, 2.6, 140.0), (14.2, 3.2, 138.9)], [(0.6, 0.6), (0.5, 0.5)]
        ),
        tone=1.1,
    )


def arm() -> Iterator[Part]:
    """Humerus, forearm and hand."""
    yield Part(
        "humerus_{side}",
        Ellipsoid((17.1, 0.3, 138.2), (2.3, 2.3, 2.4)),
        tone=0.8,
        joint="shoulder",
    )
    yield Part(
        "humerus_{side}",
        Ellipsoid((18.6, 0.4, 137.4), (1.3, 1.6, 2.0)),
        tone=0.95,
        joint="shoulder",
    )
    yield Part(
        "humerus_{side}",
        Tube(
            [(17.6, 0.3, 137.2), (18.0, 0.4, 130.0), (17.2, 0.8, 120.0), (16.2, 1.4, 112.5)],
            [(2.0, 1.9), (1.25, 1.2), (1.1, 1.1), (1.1, 1.1), (1.4, 1.0)], inner=0.5),
        tone=0.72,
    )  # fmt: skip
    yield Part(
        "humerus_{side}", Ellipsoid((16.1, 1.5, 110.9), (2.9, 1.0, 1.6)), tone=0.6, joint="elbow"
    )
    yield Part(
        "forearm_{side}",
        Tube(  # ulna
            [(15.6, 0.6, 111.2), (16.2, 0.9, 104.0), (17.6, 0.4, 95.0), (18.8, 0.0, 86.6)],
            [(1.3, 1.3), (0.85, 0.9), (0.7, 0.7), (0.6, 0.6), (0.7, 0.7)], inner=0.4),
        ends=(0.35, 0.1),
    )  # fmt: skip
    yield Part(
        "forearm_{side}",
        Tube(  # radius
            [(17.2, 1.9, 109.4), (18.4, 1.6, 102.0), (19.8, 0.8, 93.0), (20.4, 0.4, 86.0)],
            [(1.0, 1.0), (0.7, 0.7), (0.75, 0.75), (0.9, 0.8), (1.5, 0.9)], inner=0.4),
        ends=(0.2, 0.5),
    )  # fmt: skip
    yield Part(
        "hand_{side}", Ellipsoid((20.1, 0.4, 83.8), (2.2, 1.0, 1.7)), tone=1.35, joint="wrist"
    )
    for spread, tip in ((-2, 70.0), (-1, 68.5), (0, 68.0), (1, 68.5)):
        yield Part(
            "hand_{side}",
            Tube(
                [(20.1 + 0.6 * spread, 0.5, 82.6), (20.1 + 0.9 * spread, 0.8, 76.5),
                 (20.1 + 0.8 * spread, 1.6, tip)],
                [(0.55, 0.5), (0.45, 0.4), (0.55, 0.45), (0.4, 0.35), (0.25, 0.25)]),
            tone=0.9,
        )  # fmt: skip
    thumb: list[Place] = [(21.3, 1.0, 82.6), (23.1, 1.8, 79.0), (23.5, 2.6, 73.5)]
    yield Part("hand_{side}", Tube(thumb, [(0.55, 0.5), (0.5, 0.45), (0.3, 0.3)]), tone=0.9)


def pelvis() -> Iterator[Part]:
    """Ilium, ischium and pubis."""
    yield Part(  # the wing, front edge first
        "ilium_{side}",
        Plate(
            [[(11.9, 8.3, 97.6), (12.9, 5.5, 101.2), (12.6, 1.5, 102.6), (9.5, -2.2, 102.0),
             (5.2, -5.0, 98.2)],
             [(11.4, 7.2, 94.6), (10.5, 4.5, 97.0), (9.2, 1.4, 98.0), (7.3, -1.6, 97.8),
              (5.4, -4.6, 96.2)],
             [(10.2, 6.9, 90.6), (9.2, 4.8, 91.0), (8.3, 2.4, 91.2), (7.0, -0.6, 92.2),
              (5.8, -3.2, 93.8)]],
            [[0.6, 0.8, 0.9, 1.2, 1.9], [0.55, 0.55, 0.6, 0.9, 1.9], [1.0, 1.6, 1.9, 1.8, 1.7]]),
        tone=0.95,
    )  # fmt: skip
    yield Part(  # its crest
        "ilium_{side}",
        Tube(
            [(11.9, 8.4, 97.2), (13.0, 5.5, 101.2), (12.6, 1.5, 102.6), (9.5, -2.2, 102.0),
             (5.3, -5.0, 98.0)],
            [(0.6, 0.5), (0.45, 0.45), (0.45, 0.45), (0.5, 0.5), (0.8, 0.8)]),
        tone=1.1,
    )  # fmt: skip
    yield Part(  # sacro-iliac joint
        "ilium_{side}",
        Plate(
            [[(4.6, 0.0, 99.8), (5.4, -3.8, 100.0)], [(4.3, -2.4, 97.2), (4.9, -5.2, 97.2)],
             [(3.4, -4.4, 94.6), (3.9, -5.9, 94.8)]],
            [[1.1] * 2, [1.2] * 2, [0.9] * 2]),
        tone=1.25, joint="sacroiliac",
    )  # fmt: skip
    yield Part(  # roof of the acetabulum
        "ilium_{side}",
        Tube(
            [(9.0, 1.4, 88.0), (9.0, 4.4, 88.8), (8.4, 7.0, 88.0)], [(1.8, 1.2)] * 3),
        tone=0.8, joint="hip",
    )  # fmt: skip
    yield Part(  # the body above it, and behind
        "ilium_{side}",
        Tube([(8.6, 1.6, 91.6), (7.4, 1.0, 88.4)], [(1.6, 1.5), (1.5, 1.3)]),
        joint="hip",
    )
    yield Part(  # medial wall
        "ischium_{side}",
        Plate(
            [[(5.6, 1.0, 88.6), (5.2, 4.2, 88.6), (5.9, 6.6, 88.4)],
             [(5.7, 0.8, 84.6), (5.0, 4.0, 84.8), (5.6, 6.2, 85.6)]],
            [[1.2, 0.8, 1.2]] * 2),
        joint="hip",
    )  # fmt: skip
    yield Part(
        "ischium_{side}",
        Tube(
            [(7.2, 0.4, 86.6), (6.8, -0.2, 83.8), (6.2, 0.6, 81.4), (4.8, 2.6, 81.2)],
            [(1.5, 1.3), (1.5, 1.2), (1.4, 1.3), (0.9, 0.9)]),
    )  # fmt: skip
    yield Part(
        "ischium_{side}",
        Tube([(4.8, 2.4, 81.2), (3.4, 4.8, 82.4), (2.4, 6.4, 83.6)], [(0.95, 0.8)] * 3),
        tone=0.9,
    )
    yield Part(
        "pubis_{side}",
        Tube(
            [(6.0, 6.2, 87.4), (3.6, 7.8, 88.0), (1.0, 8.8, 87.4)],
            [(1.3, 1.1), (1.0, 0.9), (1.2, 1.1)]),
    )  # fmt: skip
    yield Part("pubis_{side}", Ellipsoid((1.0, 8.4, 86.2), (0.9, 1.1, 2.2)), tone=1.1)
    yield Part(
        "pubis_{side}",
        Tube([(1.0, 8.0, 85.2), (2.5, 6.4, 83.6)], [(0.9, 0.8), (0.85, 0.75)]),
        tone=0.9,
    )


def leg() -> Iterator[Part]:
    """Femur, patella, tibia, fibula and foot."""
    yield Part("femur_{side}", Ellipsoid((7.7, 4.4, 85.7), (2.4, 2.4, 2.4)), tone=0.85, joint="hip")
    yield Part(
        "femur_{side}",
        Tube([(8.6, 4.3, 85.2), (12.0, 3.3, 82.4)], [(1.7, 1.5), (2.0, 1.7)]),
        tone=0.8,
    )
    yield Part("femur_{side}", Ellipsoid((12.7, 2.6, 83.4), (1.5, 2.1, 2.3)), tone=0.95)
    yield Part("femur_{side}", Ellipsoid((11.0, 2.2, 79.6), (1.3, 1.1, 2.0)), tone=0.6)
    yield Part(
        "femur_{side}",
        Tube(
            [(12.1, 3.2, 82.6), (11.8, 4.4, 74.0), (10.6, 5.6, 64.0), (9.0, 5.2, 54.0),
             (8.0, 4.4, 48.0)],
            [(1.9, 1.9), (1.6, 1.4), (1.45, 1.35), (1.45, 1.35), (1.6, 1.45), (2.6, 2.0)],
             inner=0.45),
        tone=0.76, ends=(0.15, -0.3),
    )  # fmt: skip
    for x in (5.7, 9.3):
        yield Part(
            "femur_{side}", Ellipsoid((x, 3.4, 46.2), (1.8, 2.9, 2.7)), tone=0.32, joint="knee"
        )
    yield Part("femur_{side}", Ellipsoid((7.5, 4.6, 47.6), (2.8, 1.6, 2.2)), tone=0.2, joint="knee")
    yield Part("patella_{side}", Ellipsoid((7.5, 8.1, 47.0), (2.2, 0.9, 2.4)), joint="knee")
    yield Part(
        "tibia_{side}", Ellipsoid((7.5, 3.2, 42.7), (3.6, 2.5, 1.8)), joint="knee", tone=0.85
    )
    yield Part(
        "tibia_{side}",
        Tube(
            [(7.5, 3.6, 41.8), (7.4, 4.0, 36.0), (7.6, 3.6, 25.0), (7.6, 3.2, 14.0),
             (7.5, 3.3, 7.0)],
            [(3.2, 2.2), (1.8, 1.8), (1.3, 1.4), (1.15, 1.2), (1.2, 1.2), (2.1, 1.7)], inner=0.4),
        ends=(-0.35, -0.1),
    )  # fmt: skip
    yield Part(
        "tibia_{side}", Ellipsoid((7.3, 3.3, 6.2), (2.3, 1.8, 1.3)), tone=0.55, joint="ankle"
    )
    yield Part(
        "fibula_{side}",
        Tube(
            [(11.0, 1.6, 40.6), (10.9, 1.6, 30.0), (10.5, 1.6, 16.0), (10.2, 2.4, 4.4)],
            [(1.1, 1.1), (0.6, 0.6), (0.55, 0.55), (0.6, 0.6), (0.9, 0.9)]),
        ends=(0.2, 0.3),
    )  # fmt: skip
    yield from _foot()


def _foot() -> Iterator[Part]:
    yield Part("foot_{side}", Ellipsoid((7.6, 3.8, 4.2), (2.2, 2.6, 1.5)), tone=0.6, joint="ankle")
    yield Part(
        "foot_{side}",
        Tube(
            [(7.8, -2.2, 2.4), (7.8, 3.0, 2.6), (8.0, 5.6, 2.9)],
            [(1.5, 1.7), (1.7, 1.5), (1.3, 1.2)],
        ),
        tone=0.65,
    )
    yield Part("foot_{side}", Ellipsoid((7.6, 8.2, 4.0), (2.9, 2.7, 1.4)), tone=0.95, joint="foot")
    for ray in range(5):
        x, tip = 5.6 + 1.15 * ray, 23.0 - 1.1 * ray
        ball = (0.9, 0.7) if ray == 0 else (0.55, 0.5)
        yield Part(
            "foot_{side}",
            Tube(
                [(0.6 * x + 3.0, 9.5, 3.6), (x, 16.0 - 0.2 * x, 1.8), (x - 0.2, tip, 1.0)],
                [(0.6, 0.6), (0.55, 0.5), ball, (0.6, 0.5), (0.45, 0.4)]),
            tone=0.75,
        )  # fmt: skip
    yield Part("foot_{side}", Ellipsoid((5.5, 17.0, 1.6), (0.9, 1.0, 0.8)), joint="foot")
