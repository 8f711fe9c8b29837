"""Metastases, and the foci of which the image cannot tell what they are."""

import math

import numpy as np

from mmseg_bone.phantom.dice import between, chance, log_normal, weighted
from mmseg_bone.phantom.pathology.cohort import (
    COLD_SHARE,
    COLD_SHARE_ELSEWHERE,
    COUNT_RANGES,
    Cohort,
)
from mmseg_bone.phantom.pathology.sites import (
    SITE_SHARES,
    Occupied,
    Place,
    any_side,
    kind_of,
    long_part,
    metastasis_place,
    rib_place,
    skull_vault_place,
    vertebra_at,
    vertebra_place,
)
from mmseg_bone.phantom.plan import Person, PlannedFocus

# Our choice: where readers hesitate on planar images.
AMBIGUOUS_SITES = {
    "rib": 0.36,
    "vertebral_edge": 0.26,
    "iliac_wing": 0.13,
    "femoral_shaft": 0.10,
    "sternum": 0.08,
    "skull": 0.07,
}
# What an ambiguous focus is when it is not a metastasis.
_BENIGN_KIND = {"rib": "fracture", "T": "degeneration", "L": "degeneration"}
_SUPERSCAN_RATIO = (2.0, 0.4, 1.3, 5.0)  # heavily involved skeletons: each lesion is less hot
_COLD_RATIO = (0.2, 0.6)
_TRIES = 400


def focus_at(
    place: Place,
    kind: str,
    ratio: float,
    diameter_mm: float,
    *,
    metastatic: bool = False,
    ambiguous: bool = False,
) -> PlannedFocus:
    """A focus not yet numbered."""
    return PlannedFocus(
        number=0,
        bone=place.bone,
        part=place.part,
        along=round(place.along, 3),
        across=round(place.across, 3),
        kind=kind,
        metastatic=metastatic,
        ambiguous=ambiguous,
        ratio=round(ratio, 2),
        diameter_mm=round(diameter_mm, 1),
        elongation=round(place.elongation, 2),
    )


def count_of(rng: np.random.Generator, stratum: str) -> int:
    """How many clear metastases; few are likelier than many within a wide stratum."""
    low, high = COUNT_RANGES[stratum]
    return math.floor(math.exp(between(rng, math.log(low), math.log(high + 1))))


def clear_metastases(
    rng: np.random.Generator, person: Person, cohort: Cohort, stratum: str, occupied: Occupied
) -> list[PlannedFocus]:
    """The metastases of a stratum of ``Cohort.counts``, in bones that have room for them."""
    found: list[PlannedFocus] = []
    count = count_of(rng, stratum)
    for _ in range(_TRIES):
        if len(found) == count:
            break
        place = metastasis_place(rng, weighted(rng, SITE_SHARES[person.primary]))
        if not occupied.free(place.bone, place.part):
            continue
        occupied.take(place.bone, place.part)
        found.append(_metastasis(rng, person, cohort, place, superscan=stratum == "superscan"))
    return found


def _metastasis(
    rng: np.random.Generator, person: Person, cohort: Cohort, place: Place, *, superscan: bool
) -> PlannedFocus:
    diameter = log_normal(rng, *cohort.diameter_mm)
    ratio = log_normal(rng, *(_SUPERSCAN_RATIO if superscan else cohort.ratio))
    cold_share = COLD_SHARE.get(person.primary, COLD_SHARE_ELSEWHERE)
    if chance(rng, cold_share) and not superscan:
        # A lytic lesion below 2 cm is hardly seen on planar images (EANM guideline 2016, p. 51).
        ratio, diameter = between(rng, *_COLD_RATIO), max(diameter, 22.0)
    return focus_at(place, "metastasis", ratio, diameter, metastatic=True)


def ambiguous_foci(
    rng: np.random.Generator, cohort: Cohort, count: int, occupied: Occupied
) -> list[PlannedFocus]:
    """Foci of the ambiguous pool, each in a bone that nothing else will share.

    Everything the image shows is drawn first; the label is the last draw.
    """
    found: list[PlannedFocus] = []
    for _ in range(_TRIES):
        if len(found) == count:
            break
        place = _ambiguous_place(rng)
        if not occupied.free(place.bone):
            continue
        occupied.close(place.bone)
        ratio = log_normal(rng, *cohort.ambiguous_ratio)
        diameter = log_normal(rng, *cohort.ambiguous_diameter_mm)
        metastatic = chance(rng, cohort.ambiguous_metastatic)
        benign = _BENIGN_KIND.get(kind_of(place.bone), "benign_tumour")
        kind = "metastasis" if metastatic else benign
        found.append(focus_at(place, kind, ratio, diameter, metastatic=metastatic, ambiguous=True))
    return found


def _ambiguous_place(rng: np.random.Generator) -> Place:
    site = weighted(rng, AMBIGUOUS_SITES)
    side = any_side(rng)
    if site == "rib":
        return rib_place(rng, side, int(rng.integers(2, 11)), between(rng, 0.08, 0.95))
    if site == "vertebral_edge":
        return vertebra_place(rng, vertebra_at(int(rng.integers(11, 24))), f"{side}_edge")
    if site == "skull":
        return skull_vault_place(rng)
    if site == "sternum":
        return Place(bone="sternum", along=between(rng, 0.1, 0.9), across=between(rng, -0.3, 0.3))
    if site == "femoral_shaft":
        along = between(rng, 0.3, 0.75)
        elongation = between(rng, 1.5, 3)
        return Place(
            bone=f"femur_{side}", part=long_part(along), along=along, elongation=elongation
        )
    along, across = between(rng, 0.08, 0.5), between(rng, -0.6, 0.6)
    return Place(bone=f"ilium_{side}", along=along, across=across)
