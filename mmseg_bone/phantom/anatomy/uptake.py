"""Tracer per bone, joint, kidney and bladder, three hours after the injection."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.phantom.anatomy.pose import Pose
from mmseg_bone.phantom.anatomy.shapes import Ellipsoid, Place, Tube
from mmseg_bone.phantom.anatomy.skeleton import JOINTS, Skeleton
from mmseg_bone.phantom.dice import log_normal
from mmseg_bone.phantom.plan import Plan

# Over muscle. Source: relative uptake fitted so that a ray model gives the count ratios of a real
# anterior scan (NEMA NM1, GE Millennium MG); order of sites after 99mTc-MDP SPECT/CT series
# (J Nucl Med 2016;57(suppl 2):1765; Indian J Nucl Med, Nautiyal et al.).
UPTAKE = {
    "skull": 8.2, "mandible": 15.5, "C": 25.0, "T": 24.0, "L": 29.0, "sacrum": 13.5,
    "manubrium": 32.0, "sternum": 28.0, "rib": 13.2, "clavicle": 11.0, "scapula": 10.5,
    "humerus": 11.0, "forearm": 6.5, "hand": 4.5, "ilium": 9.8, "ischium": 10.5, "pubis": 11.0,
    "femur": 11.5, "patella": 7.0, "tibia": 5.7, "fibula": 5.7, "foot": 6.2,
}  # fmt: skip
_SPARED = ("forearm", "hand", "patella", "tibia", "fibula", "foot")  # by a metastatic superscan
_SHAFTS = ("femur", "tibia", "fibula", "forearm")  # lined by a tram-track sign
# Of the vertebrae, over muscle; between these levels by a straight line, so that no part of the
# spine begins with a step.
_SPINE = {"C1": 28.0, "C7": 26.0, "T2": 22.0, "T6": 22.0, "T9": 27.0, "T12": 32.0, "L2": 31.0}
_SPINE |= {"L3": 30.5, "L5": 23.0}
_URETER = 0.03  # share of ureters that are seen: one in twenty patients
_OF_WARMTH = 0.65  # of a joint's warmth, what the whole of its bone ends takes on


@dataclass(frozen=True, eq=False)
class Source:
    """Uptake outside bone.

    Attributes:
        kind: ``kidney_left``, ``kidney_right``, ``ureter_left``, ``ureter_right``,
            ``bladder``, ``cartilage``, ``injection``.
        place: Of its points, cm.
        emission: Uptake over muscle times volume, cm3.
    """

    kind: str
    place: Float[np.ndarray, "n 3"]
    emission: Float[np.ndarray, " n"]


def _of_spine() -> dict[str, float]:
    """Uptake of every vertebra, over muscle."""
    column = [bone.name for bone in BONES if bone.level and bone.region != "ribs"]
    knots = [column.index(name) for name in _SPINE]
    found = np.interp(np.arange(len(column)), knots, list(_SPINE.values()))
    return dict(zip(column, found.tolist(), strict=True))


def kind_of(bone: str) -> str:
    """The bone without its side and level, as ``UPTAKE`` lists it."""
    known = BY_NAME[bone]
    if known.region == "ribs":
        return "rib"
    return bone[0] if known.level else bone.removesuffix("_left").removesuffix("_right")


class Waves:
    """A smooth field of mean 1 in space: no bone takes up evenly.

    Args:
        rng: Where the field comes from.
        spread: Standard deviation.
        length_cm: Shortest and longest wave.
        count: How many waves.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        spread: float,
        length_cm: tuple[float, float],
        count: int = 7,
    ) -> None:
        direction = rng.standard_normal((count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        length = np.exp(rng.uniform(np.log(length_cm[0]), np.log(length_cm[1]), count))
        self.wave = 2 * np.pi * direction / length[:, None]
        self.phase = rng.uniform(0, 2 * np.pi, count)
        self.spread = spread * np.sqrt(2 / count)

    def __call__(self, place: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:  # noqa: D102
        total = np.zeros(len(place))
        for (a, b, c), phase in zip(self.wave, self.phase, strict=True):
            total += np.cos(a * place[:, 0] + b * place[:, 1] + c * place[:, 2] + phase)
        field: Float[np.ndarray, " n"] = np.maximum(1 + self.spread * total, 0.2)
        return field


def of_bones(
    plan: Plan,
    skeleton: Skeleton,
    place: Float[np.ndarray, "n 3"],
    rng: np.random.Generator,
) -> Float[np.ndarray, " n"]:
    """Uptake of every point of the skeleton without its foci, over muscle.

    Source: spread between persons 20-30 % per site (Indian J Nucl Med, Nautiyal et al.), within a
    pair of bones 5 %; a metastatic superscan spares the ends of the limbs and is patchy, a
    metabolic one is uniform (EANM bone scintigraphy guideline 2016). Their size: our choice.
    """
    age = plan.person.age
    level = log_normal(rng, 1, 0.08, 0.86, 1.16) * (1 - 0.0035 * max(0, age - 40))
    kinds = {name: log_normal(rng, 1, 0.08, 0.86, 1.16) for name in UPTAKE}
    column = ("C", "T", "L", "sacrum")  # its parts go together
    kinds |= {name: 1 + 0.4 * (kinds[name] - 1) + 0.6 * (kinds["L"] - 1) for name in column}
    spine = _of_spine()
    per_bone = np.ones(len(BONES) + 1)
    own = rng.lognormal(0, 0.05, len(BONES) + 1)
    gain = float(rng.uniform(2.5, 4.0)) if plan.superscan else 1.0
    for bone in BONES:
        kind = kind_of(bone.name)
        usual = spine.get(bone.name, UPTAKE[kind])
        per_bone[bone.label] = usual * kinds[kind] * own[bone.label] * level * gain
        if plan.superscan == "metastatic" and kind in _SPARED:
            per_bone[bone.label] *= 0.45
        if plan.superscan == "metabolic" and kind in ("skull", "mandible"):
            per_bone[bone.label] *= 1.5
        if plan.notes.get("tram_track") and kind in _SHAFTS:
            per_bone[bone.label] *= 1.6
    joints = _warmth(plan, rng)[skeleton.joint, np.where(skeleton.left > 0, 0, 1)]
    uptake: Float[np.ndarray, " n"] = per_bone[skeleton.label] * skeleton.tone * joints
    patchy = 0.35 if plan.superscan == "metastatic" else 0.11
    uptake *= Waves(rng, patchy, (4.0, 18.0))(place)
    return uptake


def _warmth(plan: Plan, rng: np.random.Generator) -> Float[np.ndarray, "joint 2"]:
    """Factor of each joint, left and right; the last row is no joint and stays 1."""
    factor = np.ones((len(JOINTS) + 1, 2))
    for row, joint in enumerate(JOINTS):
        warm = plan.joints.get(joint, 1.0)
        more = _OF_WARMTH * (warm - 1) * rng.lognormal(0, 0.25, 2)
        factor[row] = rng.lognormal(0, 0.08, 2) * (1 + more)
    return factor


def beside_bones(plan: Plan, pose: Pose, rng: np.random.Generator) -> Iterator[Source]:
    """Kidneys, ureters, bladder and the place of injection.

    Source: sizes, stylised MIRD adult (Geant4 human phantom). Uptake of the kidneys about that of
    the lumbar spine seen from behind; bladder as planned.
    """
    dim = float(rng.uniform(0.1, 0.3)) if plan.superscan else 1.0
    heights = 113.0 + rng.normal(0, 1.0), 111.6 + rng.normal(0, 1.0)
    base = 9.0 * float(rng.lognormal(0, 0.2))
    for side, sign, height, factor in zip(
        ("left", "right"), (1.0, -1.0), heights, plan.kidneys, strict=True
    ):
        centre = (sign * 5.8, -5.4, float(height))
        blocked = plan.notes.get("hydronephrosis") == side
        size = float(rng.lognormal(0, 0.06))
        parts = [Ellipsoid(centre, (2.5 * size, 1.8, 5.2 * size), tilt_deg=-sign * 12).fill(5000)]
        uptakes = [base * factor * dim]
        pelvis = (sign * 4.9, -4.9, float(height) - 0.6)
        wide = 1.6 if blocked else 0.8
        parts.append(Ellipsoid(pelvis, (wide, wide, 1.5 * wide)).fill(800))
        uptakes.append(float(rng.uniform(4, 22)) * factor * dim)
        place = np.concatenate([part.place for part in parts])
        emission = np.concatenate([p.volume * u for p, u in zip(parts, uptakes, strict=True)])
        yield Source(f"kidney_{side}", pose.trunk(place), emission * pose.build.scale**3)
    for side, sign, height in zip(("left", "right"), (1.0, -1.0), heights, strict=True):
        seen, top, length, uptake = rng.random(4)
        if seen < _URETER and not plan.superscan:
            yield _ureter(f"ureter_{side}", sign, float(height), (top, length, uptake), pose)
    yield _bladder(plan, pose, dim)
    yield _cartilage(plan, pose, rng)
    if plan.injection:
        yield _injection(plan.injection, pose)


def _ureter(
    kind: str, sign: float, height: float, drawn: tuple[float, float, float], pose: Pose
) -> Source:
    """The stretch of a ureter that urine was in: a thin line beside the spine, never all of it."""
    way: list[Place] = [
        (sign * 4.4, -4.0, height - 2.0), (sign * 3.9, -1.6, 104.0), (sign * 4.4, -0.6, 98.5),
        (sign * 5.2, -0.4, 94.0), (sign * 2.6, 3.4, 88.6),
    ]  # fmt: skip
    top, length, level = drawn
    points = Tube(way, [(0.25, 0.25)] * 2).fill(1200)
    first = 0.5 * top
    here = (points.along >= first) & (points.along <= first + 0.25 + 0.5 * length)
    emission = points.volume[here] * (15 + 35 * level)
    return Source(kind, pose.trunk(points.place[here]), emission * pose.build.scale**3)


def _cartilage(plan: Plan, pose: Pose, rng: np.random.Generator) -> Source:
    """The thyroid cartilage, which turns to bone with age."""
    shape = Ellipsoid((0.0, 2.8, 144.4), (2.1, 1.3, 2.5), inner=0.6).fill(2500)
    uptake = float(np.clip(rng.lognormal(np.log(6.0), 0.4), 2.0, 14.0))
    return Source("cartilage", pose.trunk(shape.place), shape.volume * uptake)


def _bladder(plan: Plan, pose: Pose, dim: float) -> Source:
    """It rises behind the pubis as it fills."""
    r = (3 * plan.bladder_ml / (4 * np.pi)) ** (1 / 3)
    half = (1.2 * r, 0.9 * r, 0.93 * r)
    middle = pose.trunk(np.array([[0.0, 5.0, 87.0]]))[0] + np.array([0, 0, half[2]])
    shape = Ellipsoid((0.0, 0.0, 0.0), half).fill(6000)
    uptake = plan.bladder_uptake * (0.3 if dim < 1 else 1.0)
    # Flat below, where it lies on the pelvic floor.
    place = shape.place * np.where(shape.place[:, 2:] < 0, np.array([1.0, 1, 0.8]), 1.0)
    return Source("bladder", place + middle, shape.volume * uptake)


def _injection(injection: tuple[str, str, float], pose: Pose) -> Source:
    side, spot, strength = injection
    joint = pose.joints[f"{'elbow' if spot == 'elbow' else 'wrist'}_{side}"]
    outwards = 1.0 if side == "left" else -1.0
    shift = {"elbow": (-0.6, 2.6, -1.0), "wrist": (0.4, 1.2, 0.5), "hand": (0.6, 1.2, -5.0)}
    dx, dy, dz = shift.get(spot, (0.0, 1.5, -3.0))
    shape = Ellipsoid((0, 0, 0), (0.8, 0.6, 1.1)).fill(600)
    centre = joint + np.array([outwards * dx, dy, dz])
    return Source("injection", shape.place + centre, shape.volume * strength)
