"""The bones a bone scan shows: the one vocabulary of phantom, report, atlas and burden.

A *bone* is what a pixel of a ``bones`` map is labelled with. Its name is an identifier
(``T7``, ``rib_left_5``); its Chinese name is what a report calls it.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Side = Literal["left", "right", "midline"]

_CHINESE_SIDE: dict[Side, str] = {"left": "左侧", "right": "右侧", "midline": ""}
_VERTEBRAE = {
    "C": ("cervical", "颈椎", 7),
    "T": ("thoracic", "胸椎", 12),
    "L": ("lumbar", "腰椎", 5),
}
_MIDLINE = {
    "skull": ("head", "颅骨"),
    "mandible": ("head", "下颌骨"),
    "sacrum": ("sacrum", "骶骨"),
    "manubrium": ("sternum", "胸骨柄"),
    "sternum": ("sternum", "胸骨体"),
}
_PAIRED = {
    "clavicle": ("shoulder", "锁骨"),
    "scapula": ("shoulder", "肩胛骨"),
    "humerus": ("limbs", "肱骨"),
    "forearm": ("limbs", "前臂骨"),
    "hand": ("limbs", "手"),
    "ilium": ("pelvis", "髂骨"),
    "ischium": ("pelvis", "坐骨"),
    "pubis": ("pelvis", "耻骨"),
    "femur": ("limbs", "股骨"),
    "patella": ("limbs", "髌骨"),
    "tibia": ("limbs", "胫骨"),
    "fibula": ("limbs", "腓骨"),
    "foot": ("limbs", "足"),
}
RIBS = 12


@dataclass(frozen=True, slots=True)
class Bone:
    """One bone, or one that planar imaging cannot part from its neighbours.

    Attributes:
        name: Identifier, unique.
        label: Value in a ``bones`` map, from 1; 0 is no bone.
        region: Coarse place: head, cervical, thoracic, lumbar, sacrum, ribs, sternum,
            shoulder, pelvis or limbs.
        side: The patient's side.
        level: Number of a vertebra or rib; None for the others.
        chinese: Name without its side and level, as reports write it.
    """

    name: str
    label: int
    region: str
    side: Side
    level: int | None
    chinese: str

    @property
    def chinese_side(self) -> str:
        """左侧, 右侧 or nothing."""
        return _CHINESE_SIDE[self.side]

    @property
    def chinese_name(self) -> str:
        """The whole name: 左侧第6肋, 第7胸椎, 右侧髂骨."""
        level = "" if self.level is None else f"第{self.level}"
        return f"{self.chinese_side}{level}{self.chinese}"


def _all() -> Iterator[tuple[str, str, Side, int | None, str]]:
    for name, (region, chinese) in _MIDLINE.items():
        yield name, region, "midline", None, chinese
    for letter, (region, chinese, count) in _VERTEBRAE.items():
        for level in range(1, count + 1):
            yield f"{letter}{level}", region, "midline", level, chinese
    sides: tuple[Side, Side] = ("left", "right")
    for side in sides:
        for level in range(1, RIBS + 1):
            yield f"rib_{side}_{level}", "ribs", side, level, "肋"
        for name, (region, chinese) in _PAIRED.items():
            yield f"{name}_{side}", region, side, None, chinese


# Labels are written into stores: append only, never reorder.
BONES: tuple[Bone, ...] = tuple(Bone(n, i, *rest) for i, (n, *rest) in enumerate(_all(), start=1))  # type: ignore[arg-type]
UNKNOWN = 255  # stands for a label nobody knows, where a map of bones has to say something
BY_NAME: dict[str, Bone] = {bone.name: bone for bone in BONES}
BY_LABEL: dict[int, Bone] = {bone.label: bone for bone in BONES}
REGIONS: tuple[str, ...] = tuple(dict.fromkeys(bone.region for bone in BONES))


@cache
def skeletal_mass() -> dict[str, float]:
    """Share of every bone of ``BONES`` in the mass of the skeleton, in percent.

    Source: see the head of ``skeletal_mass.csv``.
    """
    table = Path(__file__).with_name("skeletal_mass.csv").read_text("utf-8").splitlines()
    lines = [line for line in table if line[:1] != "#"]
    return {row["bone"]: float(row["percent"]) for row in csv.DictReader(lines)}


def mirrored(bone: Bone) -> Bone:
    """The same bone of the other side; a midline bone is its own mirror image."""
    swap = {"left": "right", "right": "left"}
    if bone.side == "midline":
        return bone
    return BY_NAME[bone.name.replace(bone.side, swap[bone.side])]
