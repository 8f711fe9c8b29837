"""The standard skeleton made into one patient's, lying on the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.phantom.anatomy.skeleton import CENTRES, STATURE_CM, Skeleton
from mmseg_bone.phantom.plan import Plan

Move = Callable[[np.ndarray], np.ndarray]
_SIDES = (("left", 1.0), ("right", -1.0))
_LYING_CM = 1.5  # who lies down grows
_NECK = (0.0, -1.0, 146.0)  # the head turns about this


@dataclass(frozen=True, kw_only=True)
class Build:
    """One patient's proportions and how they lie; drawn once, used by bones and soft tissue.

    Attributes:
        scale: Length over that of the standard man.
        girth: Breadth of soft tissue over that of the standard man, from the BMI.
        head, chest, pelvis: Breadth of these over that of the standard man.
        depth: Depth of the chest over that of the standard man.
        stout: Thickness of each bone over that of the standard man, by label.
        tilt: Shift of ribs and sternum along z per cm forward of the spine.
        kyphosis_cm: How much further back the thoracic spine bends.
        scoliosis_cm: Largest shift of the spine to the left.
        turn_deg, nod_deg: The head, about z and x.
        elbow_cm, wrist_cm: Distance from the mid-line; left and right.
        knee_cm, ankle_cm: Distance from the mid-line; left and right.
        foot_deg, toe_out_deg: Plantar flexion and outward turn of the feet; left and right.
        female: Whether the outline is a woman's.
    """

    scale: float
    girth: float
    head: float
    chest: float
    pelvis: float
    depth: float
    stout: Float[np.ndarray, " label"]
    tilt: float
    kyphosis_cm: float
    scoliosis_cm: float
    turn_deg: float
    nod_deg: float
    elbow_cm: tuple[float, float]
    wrist_cm: tuple[float, float]
    knee_cm: tuple[float, float]
    ankle_cm: tuple[float, float]
    foot_deg: tuple[float, float]
    toe_out_deg: tuple[float, float]
    female: bool


def draw_build(plan: Plan, rng: np.random.Generator) -> Build:
    """Proportions and position of one patient.

    Source: breadths and their spread by sex from the Hong Kong body size survey (City University
    of Hong Kong); growth on lying down, the same;
    thoracic kyphosis and age, J Appl Physiol 1987;62:1872. Scaling rules and the
    spread of positions: our choice.
    """
    person = plan.person
    female = person.sex == "female"
    scale = (person.height_cm + _LYING_CM) / STATURE_CM
    breadth = scale**-0.3  # bones grow with height to the power 0.7 across
    girth = float(np.sqrt(person.bmi / 22))
    chest = breadth * rng.lognormal(0, 0.04) * (0.94 if female else 1.0) * girth**0.2
    pelvis = breadth * rng.lognormal(0, 0.035) * (1.04 if female else 1.0)
    old = max(0.0, (person.age - 50) / 10)
    stout = rng.lognormal(0, 0.05, len(BONES) + 1) * breadth * (0.93 if female else 1.0)
    stout[BY_NAME["skull"].label] = 1.0  # its vault is as wide as the head, see ``head``
    hip = 16.6 * girth * pelvis
    waist = 15.2 * girth * chest
    apart, legs = abs(float(rng.normal(0, 1.2))), float(np.clip(rng.normal(0.1, 0.7), -0.8, 1.8))

    def two(mean: float, spread: float) -> tuple[float, float]:
        left, right = mean + spread * rng.standard_normal(2)
        return float(left), float(right)

    return Build(
        scale=scale,
        girth=girth,
        head=breadth * float(rng.lognormal(0, 0.03)),
        chest=chest,
        pelvis=pelvis,
        depth=breadth * float(rng.lognormal(0, 0.05)) * (1 + 0.03 * old),
        stout=stout,
        tilt=float(rng.normal(-0.02, 0.05)),
        kyphosis_cm=0.5 * old * float(rng.lognormal(0, 0.4)),
        scoliosis_cm=plan.scoliosis_cm / scale,
        turn_deg=float(rng.normal(0, 7)),
        nod_deg=float(rng.normal(3, 4)),
        elbow_cm=two(waist + 4.6 * girth + 0.8 + apart, 0.8),
        wrist_cm=two(hip + 3.4 * girth + 0.5 * apart, 1.0),
        knee_cm=two(8.2 * max(1.0, girth**0.8) + legs, 0.5),
        ankle_cm=two(5.9 * max(1.0, girth**0.8) + 1.5 * legs, 0.8),
        foot_deg=two(21.0, 3.0),
        toe_out_deg=two(4.0, 6.0),
        female=female,
    )


class Pose:
    """Moves places of the standard man to where they are in this patient.

    Args:
        build: Proportions and position.

    Attributes:
        joints: Joint centres of this patient by name and side, cm.
    """

    def __init__(self, build: Build) -> None:
        self.build = build
        joints: dict[str, Float[np.ndarray, " 3"]] = {}
        for side, sign in _SIDES:
            flip = np.array([sign, 1.0, 1.0])
            for upper, chain in (("shoulder", ("elbow", "wrist")), ("hip", ("knee", "ankle"))):
                anchor = self._trunk(np.array([CENTRES[upper]]) * flip)[0]
                joints[f"{upper}_{side}"] = anchor
                before, centre = upper, anchor
                for name in chain:
                    reach = (np.array(CENTRES[name]) - np.array(CENTRES[before])) * flip
                    centre = self._hung(centre, reach, name, side, sign)
                    joints[f"{name}_{side}"] = centre
                    before = name
        self.joints = {name: place * build.scale for name, place in joints.items()}
        self._unscaled = joints

    def place(self, skeleton: Skeleton) -> Float[np.ndarray, "n 3"]:
        """Where the points of the skeleton are in this patient, cm."""
        stout = self.build.stout[skeleton.label]
        place = skeleton.axis + skeleton.offset * stout[:, None]
        moved = np.empty_like(place)
        for names, move in self._movers():
            for name in names:
                here = skeleton.bone(BY_NAME[name].label)
                moved[here] = move(place[here])
        scaled: Float[np.ndarray, "n 3"] = moved * self.build.scale
        return scaled

    def trunk(self, place: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Where places of the standard man's trunk, such as kidneys, are in this patient, cm."""
        return self._trunk(place) * self.build.scale

    def head(self, place: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """The same for the head and the neck, which also turn."""
        return self._trunk_or_head(place) * self.build.scale

    def _movers(self) -> Iterator[tuple[list[str], Move]]:
        """Which bones move together, and how."""
        limbs = ("humerus", "forearm", "hand", "femur", "patella", "tibia", "fibula", "foot")
        yield [b.name for b in BONES if b.name.rsplit("_", 1)[0] not in limbs], self._trunk_or_head
        for side, sign in _SIDES:
            for bones, top, end in (
                (("humerus",), "shoulder", "elbow"),
                (("forearm",), "elbow", "wrist"),
                (("femur", "patella"), "hip", "knee"),
                (("tibia", "fibula"), "knee", "ankle"),
            ):
                names = [f"{bone}_{side}" for bone in bones]
                yield names, partial(self._limb, top=top, end=end, side=side, sign=sign)
            yield [f"hand_{side}"], partial(self._hand, side=side, sign=sign)
            yield [f"foot_{side}"], partial(self._foot, side=side, sign=sign)

    def _trunk_or_head(self, place: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        return self._trunk(self._nodded(place))

    def _nodded(self, place: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Head turned and bent back; the neck follows in part."""
        share = np.clip((place[:, 2] - 143.0) / 8.0, 0, 1)
        forward = place[:, 1] > 2.5  # the jaw hangs below the neck's upper end but turns with it
        share = np.where(forward & (place[:, 2] > 145), 1.0, share)
        share = share * share * (3 - 2 * share)
        rel = place - np.array(_NECK)
        turn, nod = np.deg2rad(self.build.turn_deg) * share, np.deg2rad(self.build.nod_deg) * share
        x = rel[:, 0] * np.cos(turn) + rel[:, 1] * np.sin(turn)
        y = -rel[:, 0] * np.sin(turn) + rel[:, 1] * np.cos(turn)
        y, z = (
            y * np.cos(nod) - rel[:, 2] * np.sin(nod),
            y * np.sin(nod) + rel[:, 2] * np.cos(nod),
        )
        turned: Float[np.ndarray, "n 3"] = np.stack([x, y, z], axis=1) + np.array(_NECK)
        return turned

    def _trunk(self, place: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        build = self.build
        x, y, z = place.T
        wide = np.interp(
            z,
            (80.0, 100.0, 110.0, 122.0, 142.0, 147.0),
            (build.pelvis, build.pelvis, build.chest, build.chest, build.chest, build.head),
        )
        deep = np.interp(z, (100.0, 112.0, 140.0, 147.0), (1.0, build.depth, build.depth, 1.0))
        chest = _bump(z, 100.0, 148.0)
        shift = build.scoliosis_cm * chest * np.sin(2 * np.pi * (z - 98.0) / 60.0)
        near_spine = np.clip(1.15 - np.abs(y + 4.0) / 14.0, 0.15, 1.0)
        back = build.kyphosis_cm * _bump(z, 108.0, 148.0)
        # The trunk's ribs and sternum, not the collar bones and shoulders above them.
        front = np.clip(y + 5.0, 0, None) * np.clip((141.0 - z) / 6.0, 0, 1) * (z > 105)
        return np.stack(
            [
                x * wide + shift * near_spine,
                -4.0 + (y + 4.0) * deep - back * near_spine,
                z + build.tilt * front,
            ],
            axis=1,
        )

    def _hung(
        self,
        above: Float[np.ndarray, " 3"],
        reach: Float[np.ndarray, " 3"],
        name: str,
        side: str,
        sign: float,
    ) -> Float[np.ndarray, " 3"]:
        """The next joint down a limb, at its distance from the mid-line and from the last one."""
        asked = getattr(self.build, f"{name}_cm")[0 if side == "left" else 1]
        length = float(np.linalg.norm(reach))
        dx = np.clip(sign * asked - above[0], -0.4 * length, 0.4 * length)
        # The limb sinks towards the table as far as the standing man's does not.
        dy = reach[1] + {"elbow": -3.5, "wrist": 0.5, "knee": -2.0, "ankle": -3.0}[name]
        dz = -np.sqrt(length**2 - dx**2 - dy**2)
        below: Float[np.ndarray, " 3"] = above + np.array([dx, dy, dz])
        return below

    def _limb(
        self, place: Float[np.ndarray, "n 3"], top: str, end: str, side: str, sign: float
    ) -> Float[np.ndarray, "n 3"]:
        """A bone between two joints: turned as a whole, without a change of length."""
        flip = np.array([sign, 1.0, 1.0])
        a, b = np.array(CENTRES[top]) * flip, np.array(CENTRES[end]) * flip
        to_a, to_b = self._unscaled[f"{top}_{side}"], self._unscaled[f"{end}_{side}"]
        moved: Float[np.ndarray, "n 3"] = (place - a) @ _turn(b - a, to_b - to_a).T + to_a
        return moved

    def _hand(
        self, place: Float[np.ndarray, "n 3"], side: str, sign: float
    ) -> Float[np.ndarray, "n 3"]:
        """The hand lies on its edge beside the hip, thumb up, fingers a little bent."""
        rel = place - np.array(CENTRES["wrist"]) * np.array([sign, 1.0, 1.0])
        edge = np.deg2rad(55.0)
        x = rel[:, 0] * np.cos(edge) - sign * rel[:, 1] * np.sin(edge)
        y = sign * rel[:, 0] * np.sin(edge) + rel[:, 1] * np.cos(edge)
        inwards = np.deg2rad(8.0) * sign
        x = x + rel[:, 2] * np.sin(inwards)
        z = rel[:, 2] * np.cos(inwards) * 0.93
        moved: Float[np.ndarray, "n 3"] = np.stack([x, y, z], axis=1)
        moved += self._unscaled[f"wrist_{side}"]
        return moved

    def _foot(
        self, place: Float[np.ndarray, "n 3"], side: str, sign: float
    ) -> Float[np.ndarray, "n 3"]:
        at = 0 if side == "left" else 1
        rel = place - np.array(CENTRES["ankle"]) * np.array([sign, 1.0, 1.0])
        down, outward = np.deg2rad(self.build.foot_deg[at]), np.deg2rad(self.build.toe_out_deg[at])
        y = rel[:, 1] * np.cos(down) + rel[:, 2] * np.sin(down)
        z = -rel[:, 1] * np.sin(down) + rel[:, 2] * np.cos(down)
        # Legs at rest roll outwards or inwards as a whole: toes move sideways as they go down.
        x = rel[:, 0] - sign * z * np.sin(outward)
        moved: Float[np.ndarray, "n 3"] = np.stack([x, y, z * np.cos(outward)], axis=1)
        moved += self._unscaled[f"ankle_{side}"]
        return moved

    @property
    def toes(self) -> float:
        """Lowest point of the feet, cm."""
        lowest = []
        for side, sign in _SIDES:
            tip = np.array([[sign * 6.0, 23.5, 0.5]])
            lowest.append(self._foot(tip, side, sign)[0, 2])
        return float(min(lowest)) * self.build.scale

    @property
    def crown(self) -> float:
        """Highest point of the skull, cm."""
        vault = np.array([[0.0, 0.3, 166.9]])
        return float(self._trunk_or_head(vault)[0, 2]) * self.build.scale


def breathing(
    skeleton: Skeleton, place: Float[np.ndarray, "n 3"], depth_cm: float
) -> Float[np.ndarray, "n 3"]:
    """The chest as a camera sees it in minutes: every point somewhere along its breath.

    Args:
        skeleton: The standard skeleton.
        place: Of its points in this patient, cm.
        depth_cm: How far ribs and sternum move up and down, from the middle.
    """
    share = np.zeros(len(BONES) + 1)
    for bone in BONES:
        share[bone.label] = {"ribs": 1.0, "sternum": 0.8, "shoulder": 0.4}.get(bone.region, 0.0)
    phase = np.arange(len(place)) * (np.sqrt(5) - 1) / 2  # even, and in step with no pattern
    # Ribs swing about their joints with the spine: more in front than behind.
    swing = np.clip((place[:, 1] + 8.0) / 10.0, 0.1, 1.0)
    moved = place.copy()
    moved[:, 2] += depth_cm * share[skeleton.label] * swing * np.cos(2 * np.pi * phase)
    return moved


def _bump(z: Float[np.ndarray, " n"], low: float, high: float) -> Float[np.ndarray, " n"]:
    """From 0 to 1 and back between two heights, smoothly."""
    bump: Float[np.ndarray, " n"] = np.sin(np.pi * np.clip((z - low) / (high - low), 0, 1)) ** 2
    return bump


def _turn(a: Float[np.ndarray, " 3"], b: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation that takes direction ``a`` to direction ``b`` the shortest way (Rodrigues)."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    v, c = np.cross(a, b), float(a @ b)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    turn: Float[np.ndarray, "3 3"] = np.eye(3) + k + k @ k / (1 + c)
    return turn
