"""Shoulder girdle, pelvis, arms and legs of the standard man; see ``skeleton_axial`` for axes.

Every part is the left one; ``skeleton`` adds its mirror image.

Source: extents and joint centres measured on the bones of OpenSim's full-body model (Rajagopal
et al. 2016). Shapes of the smaller parts: our choice.
"""

from collections.abc import Iterator

from mmseg_bone.phantom.shapes import ellipsoid, plate, tube
from mmseg_bone.phantom.skeleton_axial import Part

UP = (0.0, 0.0, 1.0)


def shoulder() -> Iterator[Part]:
    """Clavicle and scapula."""
    yield Part(
        "clavicle_{side}",
        lambda n: tube(
            [(1.9, 1.9, 139.2), (5.0, 2.9, 140.0), (9.0, 1.4, 141.4), (14.2, -0.4, 142.0)],
            [(0.9, 0.9), (0.6, 0.6), (0.55, 0.6), (0.6, 0.9), (0.5, 0.8)], n),
        ends=(0.5, 0.4),
    )  # fmt: skip
    yield Part(
        "scapula_{side}",
        lambda n: plate(
            [[(8.6, -6.6, 141.2), (11.0, -5.4, 140.8), (14.0, -2.2, 140.2)],
             [(8.3, -8.0, 137.0), (11.0, -7.0, 137.0), (14.6, -2.4, 137.4)],
             [(8.8, -8.6, 132.0), (10.6, -8.0, 132.0), (12.4, -5.8, 132.4)],
             [(9.9, -8.6, 127.2), (10.4, -8.6, 127.0), (10.9, -8.3, 127.4)]],
            [[0.5, 0.3, 0.8], [0.5, 0.25, 1.0], [0.6, 0.3, 1.1], [1.1, 1.1, 1.1]], n),
    )  # fmt: skip
    yield Part("scapula_{side}", lambda n: ellipsoid((10.4, -8.5, 127.4), (0.8, 0.6, 1.0), n), tone=1.3)  # fmt: skip # noqa: E501
    yield Part(
        "scapula_{side}",
        lambda n: tube(
            [(8.8, -8.0, 138.4), (12.0, -7.2, 140.0), (15.6, -4.6, 141.8), (17.2, -1.6, 142.0)],
            [(0.5, 0.4), (0.6, 0.5), (0.9, 0.6), (1.0, 0.6)], n),
        tone=0.9, ends=(0.0, 0.6),
    )  # fmt: skip
    yield Part("scapula_{side}", lambda n: ellipsoid((14.8, -0.8, 138.3), (0.8, 1.2, 1.8), n), tone=1.3, joint="shoulder")  # fmt: skip # noqa: E501
    yield Part("scapula_{side}", lambda n: tube([(14.0, 0.2, 140.2), (13.6, 2.6, 140.0), (14.2, 3.2, 138.9)], [(0.6, 0.6), (0.5, 0.5)], n), tone=1.1)  # fmt: skip # noqa: E501


def arm() -> Iterator[Part]:
    """Humerus, forearm and hand."""
    yield Part("humerus_{side}", lambda n: ellipsoid((17.1, 0.3, 138.2), (2.3, 2.3, 2.4), n), tone=0.95, joint="shoulder")  # fmt: skip # noqa: E501
    yield Part("humerus_{side}", lambda n: ellipsoid((18.6, 0.4, 137.4), (1.3, 1.6, 2.0), n), tone=1.1, joint="shoulder")  # fmt: skip # noqa: E501
    yield Part(
        "humerus_{side}",
        lambda n: tube(
            [(17.6, 0.3, 137.2), (18.0, 0.4, 130.0), (17.2, 0.8, 120.0), (16.2, 1.4, 112.5)],
            [(2.0, 1.9), (1.25, 1.2), (1.1, 1.1), (1.1, 1.1), (1.4, 1.0)], n, inner=0.5),
        tone=0.72,
    )  # fmt: skip
    yield Part("humerus_{side}", lambda n: ellipsoid((16.1, 1.5, 110.9), (2.9, 1.0, 1.6), n), tone=0.6, joint="elbow")  # fmt: skip # noqa: E501
    yield Part(
        "forearm_{side}",
        lambda n: tube(  # ulna
            [(15.6, 0.6, 111.2), (16.2, 0.9, 104.0), (17.6, 0.4, 95.0), (18.8, 0.0, 86.6)],
            [(1.3, 1.3), (0.85, 0.9), (0.7, 0.7), (0.6, 0.6), (0.7, 0.7)], n, inner=0.4),
        ends=(0.35, 0.1),
    )  # fmt: skip
    yield Part(
        "forearm_{side}",
        lambda n: tube(  # radius
            [(17.2, 1.9, 109.4), (18.4, 1.6, 102.0), (19.8, 0.8, 93.0), (20.4, 0.4, 86.0)],
            [(1.0, 1.0), (0.7, 0.7), (0.75, 0.75), (0.9, 0.8), (1.5, 0.9)], n, inner=0.4),
        ends=(0.2, 0.5),
    )  # fmt: skip
    yield Part("hand_{side}", lambda n: ellipsoid((20.1, 0.4, 83.8), (2.2, 1.0, 1.7), n), tone=1.35, joint="wrist")  # fmt: skip # noqa: E501
    for ray in range(5):
        spread = ray - 2.0
        thumb = ray == 4
        yield Part(
            "hand_{side}",
            lambda n, s=spread, t=thumb: tube(
                [(20.1 + 0.6 * s, 0.5 + 0.5 * t, 82.6), (20.1 + (1.5 if t else 0.9) * s, 0.8 + t, 76.5 if not t else 79.0),
                 (20.1 + (1.7 if t else 0.8) * s, 1.6 + t, (68.0 + 0.5 * s * s) if not t else 73.5)],
                [(0.55, 0.5), (0.45, 0.4), (0.55, 0.45), (0.4, 0.35), (0.25, 0.25)], n),
            tone=0.9,
        )  # fmt: skip # noqa: E501


def pelvis() -> Iterator[Part]:
    """Ilium, ischium and pubis."""
    yield Part(  # the wing, front edge first
        "ilium_{side}",
        lambda n: plate(
            [[(11.9, 8.3, 97.6), (12.9, 5.5, 101.2), (12.6, 1.5, 102.6), (9.5, -2.2, 102.0), (5.2, -5.0, 98.2)],
             [(11.5, 7.2, 94.6), (11.6, 4.6, 97.5), (10.6, 1.4, 98.8), (8.2, -1.6, 98.6), (5.4, -4.6, 96.2)],
             [(10.4, 6.9, 90.6), (9.9, 4.8, 91.0), (9.0, 2.4, 91.2), (7.4, -0.6, 92.2), (5.8, -3.2, 93.8)]],
            [[1.1, 1.4, 1.2, 1.2, 1.8], [1.1, 0.7, 0.6, 0.8, 1.7], [1.7, 2.0, 2.0, 1.8, 1.5]], n),
        tone=0.95,
    )  # fmt: skip # noqa: E501
    yield Part(  # its crest
        "ilium_{side}",
        lambda n: tube(
            [(11.9, 8.4, 97.2), (13.0, 5.5, 101.2), (12.6, 1.5, 102.6), (9.5, -2.2, 102.0), (5.3, -5.0, 98.0)],
            [(0.9, 0.8), (0.6, 0.6), (0.6, 0.6), (0.6, 0.6), (0.9, 0.9)], n),
        tone=1.1,
    )  # fmt: skip # noqa: E501
    yield Part(  # sacro-iliac joint
        "ilium_{side}",
        lambda n: plate(
            [[(4.6, 0.0, 99.8), (5.4, -3.8, 100.0)], [(4.3, -2.4, 97.2), (4.9, -5.2, 97.2)],
             [(3.4, -4.4, 94.6), (3.9, -5.9, 94.8)]],
            [[1.1] * 2, [1.2] * 2, [0.9] * 2], n),
        tone=1.25, joint="sacroiliac",
    )  # fmt: skip
    yield Part(  # roof of the acetabulum
        "ilium_{side}",
        lambda n: tube(
            [(9.0, 1.4, 88.4), (9.0, 4.4, 89.4), (8.4, 7.0, 88.4)], [(1.7, 1.2)] * 3, n),
        tone=1.0, joint="hip",
    )  # fmt: skip
    yield Part(  # the body above it, and behind
        "ilium_{side}",
        lambda n: tube([(8.6, 1.6, 91.6), (7.4, 1.0, 88.4)], [(1.6, 1.5), (1.5, 1.3)], n),
        joint="hip",
    )
    yield Part(  # medial wall
        "ischium_{side}",
        lambda n: plate(
            [[(5.6, 1.0, 88.6), (5.2, 4.2, 88.6), (5.9, 6.6, 88.4)],
             [(5.7, 0.8, 84.6), (5.0, 4.0, 84.8), (5.6, 6.2, 85.6)]],
            [[1.2, 0.8, 1.2]] * 2, n),
        joint="hip",
    )  # fmt: skip
    yield Part(
        "ischium_{side}",
        lambda n: tube(
            [(7.2, 0.4, 86.6), (6.8, -0.2, 83.8), (6.2, 0.6, 81.4), (4.8, 2.6, 81.2)],
            [(1.5, 1.3), (1.5, 1.2), (1.4, 1.3), (0.9, 0.9)], n),
    )  # fmt: skip
    yield Part(
        "ischium_{side}",
        lambda n: tube([(4.8, 2.4, 81.2), (3.4, 4.8, 82.4), (2.4, 6.4, 83.6)], [(0.8, 0.6)] * 3, n),
        tone=0.9,
    )
    yield Part(
        "pubis_{side}",
        lambda n: tube(
            [(6.0, 6.2, 87.4), (3.6, 7.8, 88.0), (1.0, 8.8, 87.4)],
            [(1.2, 1.0), (0.8, 0.8), (1.0, 0.9)], n),
    )  # fmt: skip
    yield Part("pubis_{side}", lambda n: ellipsoid((0.95, 8.4, 86.4), (0.75, 0.8, 2.0), n), tone=1.1)  # fmt: skip # noqa: E501
    yield Part("pubis_{side}", lambda n: tube([(1.0, 8.0, 85.2), (2.5, 6.4, 83.6)], [(0.7, 0.6), (0.7, 0.6)], n), tone=0.9)  # fmt: skip # noqa: E501


def leg() -> Iterator[Part]:
    """Femur, patella, tibia, fibula and foot."""
    yield Part("femur_{side}", lambda n: ellipsoid((7.7, 4.4, 85.7), (2.35, 2.35, 2.35), n), tone=0.95, joint="hip")  # fmt: skip # noqa: E501
    yield Part("femur_{side}", lambda n: tube([(8.6, 4.3, 85.2), (12.0, 3.3, 82.4)], [(1.7, 1.5), (2.0, 1.7)], n), tone=0.95)  # fmt: skip # noqa: E501
    yield Part("femur_{side}", lambda n: ellipsoid((12.7, 2.6, 83.4), (1.5, 2.1, 2.3), n), tone=1.1)
    yield Part("femur_{side}", lambda n: ellipsoid((10.8, 2.0, 79.0), (1.2, 1.1, 1.4), n), tone=1.0)
    yield Part(
        "femur_{side}",
        lambda n: tube(
            [(12.1, 3.2, 82.6), (11.8, 4.4, 74.0), (10.6, 5.6, 64.0), (9.0, 5.2, 54.0), (8.0, 4.4, 48.0)],
            [(1.9, 1.9), (1.5, 1.4), (1.35, 1.3), (1.35, 1.3), (1.55, 1.4), (2.6, 2.0)], n, inner=0.45),
        tone=0.95, ends=(0.1, -0.3),
    )  # fmt: skip # noqa: E501
    for x in (5.7, 9.3):
        yield Part("femur_{side}", lambda n, x=x: ellipsoid((x, 3.4, 46.2), (1.75, 3.0, 2.3), n), tone=0.52, joint="knee")  # fmt: skip # noqa: E501
    yield Part("femur_{side}", lambda n: ellipsoid((7.5, 4.6, 47.6), (2.8, 1.8, 1.8), n), tone=0.5, joint="knee")  # fmt: skip # noqa: E501
    yield Part("patella_{side}", lambda n: ellipsoid((7.5, 8.3, 47.0), (2.2, 1.0, 2.4), n), joint="knee")  # fmt: skip # noqa: E501
    yield Part("tibia_{side}", lambda n: ellipsoid((7.5, 3.2, 42.2), (3.5, 2.4, 1.5), n), joint="knee", tone=1.1)  # fmt: skip # noqa: E501
    yield Part(
        "tibia_{side}",
        lambda n: tube(
            [(7.5, 3.6, 41.8), (7.4, 4.0, 36.0), (7.6, 3.6, 25.0), (7.6, 3.2, 14.0), (7.5, 3.3, 7.0)],
            [(3.2, 2.2), (1.8, 1.8), (1.3, 1.4), (1.15, 1.2), (1.2, 1.2), (2.1, 1.7)], n, inner=0.4),
    )  # fmt: skip # noqa: E501
    yield Part("tibia_{side}", lambda n: ellipsoid((7.3, 3.3, 6.2), (2.3, 1.8, 1.3), n), tone=1.15, joint="ankle")  # fmt: skip # noqa: E501
    yield Part(
        "fibula_{side}",
        lambda n: tube(
            [(11.0, 1.6, 40.6), (10.9, 1.6, 30.0), (10.5, 1.6, 16.0), (10.2, 2.4, 4.4)],
            [(1.1, 1.1), (0.6, 0.6), (0.55, 0.55), (0.6, 0.6), (0.9, 0.9)], n),
        ends=(0.2, 0.3),
    )  # fmt: skip
    yield from _foot()


def _foot() -> Iterator[Part]:
    yield Part("foot_{side}", lambda n: ellipsoid((7.6, 3.8, 4.2), (2.0, 2.6, 1.5), n), tone=1.1, joint="ankle")  # fmt: skip # noqa: E501
    yield Part("foot_{side}", lambda n: tube([(7.8, -2.2, 2.4), (7.8, 3.0, 2.6), (8.0, 5.6, 2.9)], [(1.5, 1.7), (1.7, 1.5), (1.3, 1.2)], n), tone=0.95)  # fmt: skip # noqa: E501
    yield Part("foot_{side}", lambda n: ellipsoid((7.6, 8.2, 4.0), (2.9, 2.5, 1.3), n), tone=1.15, joint="foot")  # fmt: skip # noqa: E501
    for ray in range(5):
        x = 5.6 + 1.15 * ray
        big = ray == 0
        reach = 23.0 - 1.1 * ray
        yield Part(
            "foot_{side}",
            lambda n, x=x, b=big, r=reach: tube(
                [(0.6 * x + 3.0, 9.5, 3.6), (x, 16.0 - 0.2 * x, 1.8), (x - 0.2, r, 1.0)],
                [(0.6, 0.6), (0.55, 0.5), (0.9 if b else 0.55, 0.7 if b else 0.5), (0.6, 0.5), (0.45, 0.4)], n),
            tone=0.75,
        )  # fmt: skip # noqa: E501
    yield Part("foot_{side}", lambda n: ellipsoid((5.5, 17.0, 1.6), (0.9, 1.0, 0.8), n), joint="foot")  # fmt: skip # noqa: E501
