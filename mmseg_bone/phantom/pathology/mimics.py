"""Everything hot or cold that is no metastasis: degeneration, fractures, artefacts.

Looks and frequencies follow the reading literature; the frequencies are ``Cohort.mimics``.
Source of the looks: Jacobson 1990 (rib foci in follow-up), Front Oncol 2019,
fonc.2019.00607 (solitary limb foci), EANM bone scintigraphy guideline 2016 (artefacts).
"""

from collections.abc import Callable

import numpy as np

from mmseg_bone.phantom.dice import between, chance, log_normal, one_of, weighted
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.phantom.pathology.lesions import focus_at
from mmseg_bone.phantom.pathology.sites import (
    Occupied,
    Place,
    any_side,
    long_part,
    rib_place,
    vertebra_at,
    vertebra_place,
)
from mmseg_bone.phantom.plan import Person, PlannedFocus

# Vertebrae that degenerate, as places in the column: C5, C6, T8-T12, L1-L5.
_DEGENERATE = {4: 0.05, 5: 0.05, 14: 0.03, 15: 0.03, 16: 0.04, 17: 0.05, 18: 0.05}
_DEGENERATE |= {19: 0.05, 20: 0.08, 21: 0.12, 22: 0.20, 23: 0.25}
_COMPRESSED = {13: 0.08, 14: 0.08, 16: 0.10, 17: 0.14, 18: 0.22, 19: 0.24, 20: 0.14}


def degeneration(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied, concave: str
) -> list[PlannedFocus]:
    """One to four warm vertebral edges or facets; on the concave side of a bent spine."""
    found = []
    for _ in range(int(rng.integers(1, 5))):
        bone = vertebra_at(weighted(rng, _DEGENERATE))
        side = concave or any_side(rng)
        part = one_of(rng, (f"{side}_edge", f"{side}_edge", "posterior_elements"))
        if not occupied.free(bone):
            continue
        occupied.take(bone)
        place = vertebra_place(rng, bone, part)
        ratio = min(log_normal(rng, *cohort.benign_ratio), 3.5)
        found.append(focus_at(place, "degeneration", ratio, log_normal(rng, 15, 0.25, 9, 28)))
    return found


def rib_fractures(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """One broken rib, or two to four neighbours broken in a line."""
    count = int(rng.integers(2, 5)) if chance(rng, 0.5) else 1
    side, first = any_side(rng), int(rng.integers(3, 11 - count))
    along = between(rng, 0.2, 0.92)
    bones = [f"rib_{side}_{level}" for level in range(first, first + count)]
    if not all(occupied.free(bone) for bone in bones):
        return []
    found = []
    for level, bone in enumerate(bones, start=first):
        occupied.close(bone)
        place = rib_place(rng, side, level, float(np.clip(along + rng.normal(0, 0.02), 0.1, 0.96)))
        ratio = log_normal(rng, 2.4, 0.4, 1.3, 6)
        found.append(focus_at(place, "fracture", ratio, log_normal(rng, 11, 0.2, 8, 18)))
    return found


def compression_fracture(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """A band across one vertebral body: wider than tall, so its elongation is below 1."""
    bone = vertebra_at(weighted(rng, _COMPRESSED))
    if not occupied.free(bone):
        return []
    occupied.close(bone)
    place = Place(bone=bone, part="body", along=between(rng, 0.2, 0.5), elongation=0.35)
    return [focus_at(place, "compression_fracture", log_normal(rng, 3.2, 0.4, 1.6, 7), 26.0)]


def costochondritis(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """Faint dots where ribs of both sides meet their cartilage."""
    found = []
    for level in range(int(rng.integers(2, 5)), int(rng.integers(6, 9))):
        for side in ("left", "right"):
            if chance(rng, 0.7) and occupied.free(f"rib_{side}_{level}"):
                occupied.take(f"rib_{side}_{level}")
                place = Place(bone=f"rib_{side}_{level}", part="anterior", along=0.98)
                found.append(focus_at(place, "costochondritis", between(rng, 1.4, 2.2), 10.0))
    return found


def paget(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """One bone hot from end to end."""
    bone = f"{one_of(rng, ('ilium', 'femur', 'tibia'))}_{any_side(rng)}"
    if not occupied.free(bone, "middle"):
        return []
    occupied.close(bone)
    elongation = 1.0 if bone.startswith("ilium") else 5.0
    place = Place(bone=bone, part="", elongation=elongation)
    return [focus_at(place, "paget", between(rng, 3, 6), 110.0)]


def benign_tumour(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """Fibrous dysplasia, enchondroma or bone island of a limb."""
    bone = f"{one_of(rng, ('femur', 'tibia', 'humerus'))}_{any_side(rng)}"
    along = between(rng, 0.1, 0.9)
    if not occupied.free(bone, long_part(along)):
        return []
    occupied.close(bone)
    place = Place(bone=bone, part=long_part(along), along=along, elongation=between(rng, 1, 2))
    return [
        focus_at(
            place,
            "benign_tumour",
            log_normal(rng, *cohort.benign_ratio),
            log_normal(rng, 18, 0.3, 9, 40),
        )
    ]


def dental(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """Dots along the teeth of the upper or lower jaw."""
    upper = chance(rng, 0.6)
    across = between(rng, -0.6, 0.6)
    if upper:
        place = Place(bone="skull", part="maxilla", along=0.95, across=0.4 * across)
    else:
        place = Place(bone="mandible", along=between(rng, 0.5, 0.8), across=across)
    return [focus_at(place, "dental", between(rng, 1.5, 3), between(rng, 8, 13))]


def sinusitis(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """A warm block beside the nose."""
    across = one_of(rng, (-0.35, 0.35))
    place = Place(bone="skull", part="maxilla", along=0.82, across=across)
    return [focus_at(place, "sinusitis", between(rng, 1.5, 2.6), between(rng, 18, 28))]


def manubriosternal(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """A midline spot at the sternal angle."""
    if not occupied.free("manubrium"):
        return []
    occupied.take("manubrium")
    place = Place(bone="manubrium", along=0.97)
    return [focus_at(place, "arthritis", between(rng, 1.3, 2.2), between(rng, 11, 18))]


def contamination(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """Urine on the skin of groin or thigh; the ratio is over muscle."""
    part = one_of(rng, ("groin", "thigh"))
    across = one_of(rng, (-1.0, 1.0)) * between(rng, 0.2, 0.6)
    place = Place(bone="", part=part, across=across, elongation=between(rng, 1, 2.5))
    return [focus_at(place, "contamination", between(rng, 8, 30), between(rng, 12, 35))]


def ornament(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """A pendant that shields a spot in front of the chest."""
    place = Place(bone="", part="chest", across=between(rng, -0.1, 0.1))
    return [focus_at(place, "ornament", 0.1, between(rng, 10, 18))]


def prosthesis(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """An artificial hip or knee: nothing where the metal is."""
    joint, side = one_of(rng, ("hip", "knee")), any_side(rng)
    bone, part, along = (
        (f"femur_{side}", "proximal", 0.06) if joint == "hip" else (f"femur_{side}", "distal", 0.96)
    )
    if not occupied.free(bone, part):
        return []
    occupied.take(bone, part)
    place = Place(bone=bone, part=part, along=along, elongation=1.8 if joint == "hip" else 1.0)
    return [focus_at(place, "prosthesis", 0.08, 48.0 if joint == "hip" else 60.0)]


def metal(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """A plate on a long bone, which shields it."""
    bone = f"{one_of(rng, ('femur', 'humerus', 'tibia'))}_{any_side(rng)}"
    if not occupied.free(bone, "middle"):
        return []
    occupied.close(bone)
    place = Place(bone=bone, part="middle", along=0.5, elongation=4.0)
    return [focus_at(place, "metal", between(rng, 0.2, 0.5), between(rng, 28, 40))]


def necrosis(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """A femoral head without blood: cold, with a hot arc (see the plan's ``rims``)."""
    bone = f"femur_{any_side(rng)}"
    if not occupied.free(bone, "proximal"):
        return []
    occupied.take(bone, "proximal")
    place = Place(bone=bone, part="proximal", along=0.03)
    return [focus_at(place, "necrosis", between(rng, 0.2, 0.45), between(rng, 28, 38))]


def radiotherapy(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """Three to five neighbouring vertebrae dimmed by an old treatment field."""
    first, count = int(rng.integers(9, 19)), int(rng.integers(3, 6))
    bones = [vertebra_at(i) for i in range(first, min(first + count, 24))]
    if not all(occupied.free(bone) for bone in bones):
        return []
    factor = between(rng, 0.35, 0.6)
    for bone in bones:
        occupied.close(bone)
    return [focus_at(Place(bone=bone, part="body"), "radiotherapy", factor, 60.0) for bone in bones]


def soft_tissue(rng: np.random.Generator, cohort: Cohort, occupied: Occupied) -> list[PlannedFocus]:
    """Diffuse uptake of a breast or chest wall."""
    place = Place(bone="", part="breast", across=one_of(rng, (-0.5, 0.5)))
    return [focus_at(place, "soft_tissue", between(rng, 2, 4), between(rng, 60, 100))]


def one_sided_arthritis(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied
) -> list[PlannedFocus]:
    """One compartment of a knee, or one corner of the manubrium."""
    side = any_side(rng)
    outward = 1.0 if side == "left" else -1.0
    if chance(rng, 0.7):
        place = Place(
            bone=f"tibia_{side}",
            part="proximal",
            along=0.03,
            across=outward * one_of(rng, (-0.6, 0.6)),
        )
    else:
        place = Place(bone="manubrium", along=0.1, across=0.8 * outward)
    if not occupied.free(place.bone, place.part):
        return []
    occupied.take(place.bone, place.part)
    return [focus_at(place, "arthritis", between(rng, 1.6, 3), between(rng, 16, 26))]


def extravasation(
    rng: np.random.Generator, cohort: Cohort, occupied: Occupied, side: str
) -> list[PlannedFocus]:
    """The armpit node that drains a missed vein; the arm itself is ``Plan.injection``."""
    place = Place(bone="", part="axilla", across=1.0 if side == "left" else -1.0)
    return [focus_at(place, "lymph_node", between(rng, 6, 20), between(rng, 10, 16))]


Mimic = Callable[[np.random.Generator, Cohort, Occupied], list[PlannedFocus]]
# In this order: what needs several free bones comes first.
MIMICS: dict[str, Mimic] = {
    "radiotherapy": radiotherapy,
    "rib_fractures": rib_fractures,
    "compression_fracture": compression_fracture,
    "paget": paget,
    "prosthesis": prosthesis,
    "necrosis": necrosis,
    "metal": metal,
    "benign_tumour": benign_tumour,
    "one_sided_arthritis": one_sided_arthritis,
    "manubriosternal": manubriosternal,
    "costochondritis": costochondritis,
    "dental": dental,
    "sinusitis": sinusitis,
    "contamination": contamination,
    "ornament": ornament,
    "soft_tissue": soft_tissue,
}


def frequency(name: str, person: Person, cohort: Cohort) -> float:
    """How often this person's like has this finding."""
    share = cohort.mimics.get(name, 0.0)
    if name == "degeneration":
        return share if person.age > 60 else 0.5 * share
    if name == "compression_fracture" and person.sex == "female" and person.age > 65:
        return 2 * share
    if name == "soft_tissue":
        return 2 * share if person.sex == "female" else 0.0
    if name == "tram_track":
        return 3 * share if person.primary == "lung" else 0.0
    return share
