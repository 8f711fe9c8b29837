"""Where in the skeleton a focus comes to lie, and what that place is called.

Places are drawn in the terms of ``plan.PlannedFocus``. Beyond the parts it lists, a skull
focus may say ``vault`` or ``maxilla``, and a spot outside bone says where on the body it is:
``groin``, ``thigh``, ``axilla``, ``breast`` or ``chest``, with the sign of ``across`` for its
side (1 is the patient's left).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmseg_bone.anatomy import BY_NAME, RIBS
from mmseg_bone.phantom.dice import between, chance, one_of, weighted

# Share of metastases by site. Source: proportions of 638 Chinese patients (per lesion) and of
# series by primary (Oncol Lett 2012, 10.3892/ol.2012.1005; World J Radiol 2024;16:265; Head
# Neck 2017, Osorio; Phil J Nucl Med 2018;13:23), rounded to one table by us.
_SITES = (
    *("cervical", "thoracic", "lumbar", "sacrum", "ribs", "pelvis", "limbs", "skull"),
    *("sternum", "clavicle", "scapula"),
)
_SHARES = {
    "prostate": (0.02, 0.16, 0.18, 0.06, 0.18, 0.24, 0.06, 0.03, 0.03, 0.02, 0.02),
    "breast": (0.03, 0.16, 0.11, 0.03, 0.24, 0.16, 0.08, 0.06, 0.08, 0.02, 0.03),
    "lung": (0.03, 0.17, 0.12, 0.03, 0.33, 0.15, 0.07, 0.03, 0.03, 0.01, 0.03),
    "kidney": (0.02, 0.13, 0.18, 0.05, 0.15, 0.27, 0.12, 0.03, 0.02, 0.01, 0.02),
    "thyroid": (0.03, 0.15, 0.13, 0.04, 0.13, 0.25, 0.10, 0.05, 0.05, 0.02, 0.05),
    "other": (0.03, 0.16, 0.12, 0.03, 0.30, 0.18, 0.10, 0.033, 0.012, 0.012, 0.023),
}
SITE_SHARES: Mapping[str, Mapping[str, float]] = {
    primary: dict(zip(_SITES, shares, strict=True)) for primary, shares in _SHARES.items()
}

_VERTEBRA_PARTS = {"body": 0.75, "posterior_elements": 0.20, "left_edge": 0.025}
_VERTEBRA_PARTS |= {"right_edge": 0.025}
_PELVIS = {"ilium": 0.62, "ischium": 0.20, "pubis": 0.18}
_LIMBS = {"femur": 0.60, "humerus": 0.26, "tibia": 0.07, "forearm": 0.03, "fibula": 0.02}
_LIMBS |= {"foot": 0.02}
_STERNUM = {"sternum": 0.65, "manubrium": 0.35}
# How many foci one bone may hold; a bone not listed holds one, a long bone one per part.
_ROOM = {"skull": 3, "sacrum": 2, "sternum": 2, "ilium": 2}
LONG_BONES = ("humerus", "forearm", "femur", "tibia", "fibula")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A spot in a bone, in the terms of ``PlannedFocus``."""

    bone: str
    part: str = ""
    along: float = 0.5
    across: float = 0.0
    elongation: float = 1.0


class Occupied:
    """The bones that hold foci already.

    Two foci of one bone cannot be told apart by a report that names bones, so a bone takes
    few, and a bone that is closed takes none.
    """

    def __init__(self) -> None:
        self._closed: set[str] = set()
        self._parts: list[tuple[str, str]] = []

    def free(self, bone: str, part: str = "") -> bool:
        """Whether one more focus may go there."""
        inside = [p for b, p in self._parts if b == bone]
        kind = kind_of(bone)
        if bone in self._closed or (kind in LONG_BONES and part in inside):
            return False
        return len(inside) < (3 if kind in LONG_BONES else _ROOM.get(kind, 1))

    def take(self, bone: str, part: str = "") -> None:
        """Put a focus there."""
        self._parts.append((bone, part))

    def close(self, bone: str) -> None:
        """Keep the whole bone, and its neighbours by number, for what is there."""
        self._closed.update((bone, *neighbours(bone)))


def kind_of(bone: str) -> str:
    """The bone's name without side and level: ``rib``, ``T``, ``femur``."""
    found = BY_NAME[bone]
    if found.region == "ribs":
        return "rib"
    return found.name[0] if found.level else found.name.removesuffix(f"_{found.side}")


def vertebra_at(index: int) -> str:
    """Name of a vertebra by its place in the column, 0 for C1 and 23 for L5."""
    if index < 7:
        return f"C{index + 1}"
    return f"T{index - 6}" if index < 19 else f"L{index - 18}"


def column_index(bone: str) -> int:
    """Place of a vertebra in the column, 0 for C1 and 23 for L5."""
    return {"C": -1, "T": 6, "L": 18}[bone[0]] + int(bone[1:])


def neighbours(bone: str) -> tuple[str, ...]:
    """The ribs or vertebrae next to it on its side; none for other bones."""
    found = BY_NAME[bone]
    if found.level is None:
        return ()
    if found.region == "ribs":
        levels = [n for n in (found.level - 1, found.level + 1) if 1 <= n <= RIBS]
        return tuple(f"rib_{found.side}_{n}" for n in levels)
    index = column_index(bone)
    return tuple(vertebra_at(i) for i in (index - 1, index + 1) if 0 <= i < 24)


def rib_part(level: int, along: float) -> str:
    """What a report calls this stretch of a rib; the floating ribs have no front."""
    if level == RIBS or along < (0.6 if level == RIBS - 1 else 0.4):
        return "posterior"
    return "lateral" if level == RIBS - 1 or along < 0.65 else "anterior"


def long_part(along: float) -> str:
    """Third of a long bone."""
    return "proximal" if along < 1 / 3 else "middle" if along < 2 / 3 else "distal"


def any_side(rng: np.random.Generator) -> str:
    """Left or right."""
    return one_of(rng, ("left", "right"))


def rib_place(rng: np.random.Generator, side: str, level: int, along: float) -> Place:
    """A stretch of one rib."""
    along = round(along, 3)
    return Place(
        bone=f"rib_{side}_{level}",
        part=rib_part(level, along),
        along=along,
        elongation=between(rng, 2, 4),
    )


def vertebra_place(rng: np.random.Generator, bone: str, part: str) -> Place:
    """A part of one vertebra; its edges are where osteophytes grow."""
    across = {"left_edge": 0.9, "right_edge": -0.9}.get(part)
    if across is None:
        across = between(rng, -0.6, 0.6)
    along = one_of(rng, (0.08, 0.92)) if part.endswith("edge") else between(rng, 0.3, 0.7)
    return Place(bone=bone, part=part, along=along, across=across, elongation=between(rng, 1, 1.5))


def metastasis_place(rng: np.random.Generator, site: str) -> Place:
    """Somewhere in a site of ``SITE_SHARES``, where red marrow is."""
    if site == "ribs":
        level = int(rng.integers(1, RIBS + 1))
        return rib_place(rng, any_side(rng), level, between(rng, 0.06, 0.97))
    if site in ("cervical", "thoracic", "lumbar"):
        levels = {"cervical": range(2, 8), "thoracic": range(1, 13), "lumbar": range(1, 6)}[site]
        weights = {n: 1.0 + (0.08 * n if site == "thoracic" else 0) for n in levels}
        bone = f"{site[0].upper()}{weighted(rng, weights)}"
        return vertebra_place(rng, bone, weighted(rng, _VERTEBRA_PARTS))
    if site == "limbs":
        return _limb_place(rng, weighted(rng, _LIMBS))
    if site == "skull":
        return skull_vault_place(rng)
    if site in ("sacrum", "sternum"):
        bone = "sacrum" if site == "sacrum" else weighted(rng, _STERNUM)
        spread = 0.7 if bone == "sacrum" else 0.4
        along, across = between(rng, 0.1, 0.9), between(rng, -spread, spread)
        return Place(bone=bone, along=along, across=across, elongation=between(rng, 1, 1.6))
    name = weighted(rng, _PELVIS) if site == "pelvis" else site
    return Place(
        bone=f"{name}_{any_side(rng)}",
        along=between(rng, 0.1, 0.9),
        across=between(rng, -0.6, 0.6),
        elongation=between(rng, 1, 1.6),
    )


def skull_vault_place(rng: np.random.Generator) -> Place:
    """Somewhere in the vault."""
    along, across = between(rng, 0.05, 0.45), between(rng, -0.75, 0.75)
    return Place(
        bone="skull", part="vault", along=along, across=across, elongation=between(rng, 1, 1.6)
    )


def _limb_place(rng: np.random.Generator, name: str) -> Place:
    bone = f"{name}_{any_side(rng)}"
    if name == "foot":
        return Place(bone=bone, along=between(rng, 0.1, 0.9))
    # Marrow is red near the trunk: two in three lie in the proximal third.
    near = chance(rng, 0.67)
    along = between(rng, 0.02, 0.33) if near else between(rng, 0.33, 0.92)
    return Place(
        bone=bone,
        part=long_part(along),
        along=along,
        across=between(rng, -0.3, 0.3),
        elongation=between(rng, 2, 4) if along > 0.15 else between(rng, 1, 1.6),
    )
