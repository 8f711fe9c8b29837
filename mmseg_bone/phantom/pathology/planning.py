"""A patient's plan from a seed: what is wrong, where, how big and how hot."""

from dataclasses import replace

import numpy as np

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.dice import between, chance, log_normal, one_of, weighted
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.phantom.pathology.lesions import ambiguous_foci, clear_metastases
from mmseg_bone.phantom.pathology.mimics import MIMICS, degeneration, extravasation, frequency
from mmseg_bone.phantom.pathology.sites import Occupied, any_side
from mmseg_bone.phantom.person import sample_person
from mmseg_bone.phantom.plan import Person, Plan, PlannedFocus

_ALONE = {1: 0.50, 2: 0.35, 3: 0.15}  # ambiguous foci of a patient without clear metastases
_BESIDE = {1: 0.75, 2: 0.25}  # and of a patient with some
_RIM = 0.5  # share of cold metastases and of prostheses within a hot ring
# Uptake over muscle times ml, per kg: with more, a bladder holds a tenth of the counts of a scan.
# Patients empty theirs beforehand; our choice.
_MOST_URINE = 110
_PLACES = ("elbow", "hand", "wrist")


def sample_plan(rng: np.random.Generator, settings: Cohort | None = None) -> Plan:
    """Plan one patient; the same generator state gives the same plan.

    ``Plan.notes`` may hold, beside what its own docstring lists: ``status`` (normal, ambiguous,
    metastatic) and ``stratum`` of the count mixture; ``rims``, the numbers of cold foci in a
    hot ring; ``extravasation`` and ``hydronephrosis`` with the side; ``tram_track``. Only the
    rims, the last two and nothing else are to be drawn from the notes.

    Ambiguous foci close their bones to everything else, so that a report that names the bone
    names the focus. What is drawn of an ambiguous focus must not depend on its ``kind``.

    Args:
        rng: Where every draw comes from.
        settings: The cohort; None for the default one.
    """
    cohort = settings or Cohort()
    person = sample_person(rng, cohort.population)
    status = weighted(rng, cohort.status)
    stratum = weighted(rng, cohort.counts) if status == "metastatic" else ""
    occupied = Occupied()
    foci = ambiguous_foci(rng, cohort, _ambiguous_count(rng, cohort, status, stratum), occupied)
    if stratum:
        foci += clear_metastases(rng, person, cohort, stratum, occupied)
    superscan = "metastatic" if stratum == "superscan" else ""
    if status == "normal" and chance(rng, cohort.mimics.get("metabolic_superscan", 0.0)):
        superscan = "metabolic"
    scoliosis = _scoliosis(rng, cohort)
    if not superscan:
        foci += _mimics(rng, person, cohort, occupied, scoliosis)
    notes = {"status": status} | ({"stratum": stratum} if stratum else {})
    injection = _injection(rng, cohort)
    if injection and chance(rng, frequency("extravasation", person, cohort)):
        injection = (injection[0], "elbow", between(rng, 60, 200))
        notes["extravasation"] = injection[0]
        foci += extravasation(rng, cohort, occupied, injection[0])
    if chance(rng, frequency("tram_track", person, cohort)):
        notes["tram_track"] = "yes"
    kidneys, blocked = _kidneys(rng, cohort)
    if blocked:
        notes["hydronephrosis"] = blocked
    numbered = _numbered(foci)
    rims = [f.number for f in numbered if f.ratio < 1 and _has_rim(rng, f)]
    if rims:
        notes["rims"] = ",".join(map(str, rims))
    bladder_ml, bladder_uptake = _bladder(rng, person, cohort)
    return Plan(
        person=person,
        foci=numbered,
        superscan=superscan,
        joints={} if superscan else _joints(rng, person, cohort),
        kidneys=kidneys,
        bladder_ml=bladder_ml,
        bladder_uptake=bladder_uptake,
        injection=injection,
        scoliosis_cm=scoliosis,
        notes=notes,
    )


def _ambiguous_count(rng: np.random.Generator, cohort: Cohort, status: str, stratum: str) -> int:
    alone, beside = weighted(rng, _ALONE), weighted(rng, _BESIDE)
    if status == "ambiguous":
        return alone
    few_enough = stratum in ("1", "2-5", "6-20")
    return beside if few_enough and chance(rng, cohort.ambiguous_beside) else 0


def _mimics(
    rng: np.random.Generator, person: Person, cohort: Cohort, occupied: Occupied, scoliosis: float
) -> list[PlannedFocus]:
    found: list[PlannedFocus] = []
    for name, draw in MIMICS.items():
        if chance(rng, frequency(name, person, cohort)):
            found += draw(rng, cohort, occupied)
    if chance(rng, frequency("degeneration", person, cohort)):
        # The spine bends to one side and is compressed on the other.
        bent = abs(scoliosis) > 1
        concave = ("right" if scoliosis > 0 else "left") if bent else ""
        found += degeneration(rng, cohort, occupied, concave)
    return found


def _numbered(foci: list[PlannedFocus]) -> tuple[PlannedFocus, ...]:
    """From head to foot, whatever they are: the number must not tell the label."""
    last = len(BY_NAME) + 1
    ordered = sorted(foci, key=lambda f: BY_NAME[f.bone].label if f.bone else last)
    return tuple(replace(focus, number=n) for n, focus in enumerate(ordered, start=1))


def _has_rim(rng: np.random.Generator, focus: PlannedFocus) -> bool:
    if focus.kind in ("metastasis", "prosthesis"):
        return chance(rng, _RIM)
    return focus.kind == "necrosis"


def _scoliosis(rng: np.random.Generator, cohort: Cohort) -> float:
    """Largest shift of the spine, cm; most people have a little."""
    bent = chance(rng, cohort.mimics.get("scoliosis", 0.0))
    shift = between(rng, 1.2, 2.5) if bent else abs(0.3 * float(rng.standard_normal()))
    return round(min(shift, 2.5) * one_of(rng, (-1.0, 1.0)), 2)


def _joints(rng: np.random.Generator, person: Person, cohort: Cohort) -> dict[str, float]:
    """Warm pairs of joints, commoner with age."""
    older = max(0.4 + 0.6 * (person.age - 30) / 30, 0.0)
    warm = {name: chance(rng, min(p * older, 0.95)) for name, p in cohort.joints.items()}
    return {name: round(between(rng, 1.3, 2.3), 2) for name, is_warm in warm.items() if is_warm}


def _injection(rng: np.random.Generator, cohort: Cohort) -> tuple[str, str, float] | None:
    if not chance(rng, cohort.mimics.get("injection", 0.0)):
        return None
    strong = chance(rng, 0.1)
    strength = between(rng, 15, 40) if strong else between(rng, 3, 12)
    return any_side(rng), one_of(rng, _PLACES), round(strength, 1)


def _kidneys(rng: np.random.Generator, cohort: Cohort) -> tuple[tuple[float, float], str]:
    """Uptake of left and right, and the side of a blocked one."""
    pair = [float(np.exp(0.15 * rng.standard_normal()))] * 2
    side = any_side(rng)
    one = 0 if side == "left" else 1
    if chance(rng, cohort.mimics.get("kidney_asymmetry", 0.0)):
        pair[one] *= one_of(rng, (0.45, 0.55, 1.7, 2.0))
    blocked = chance(rng, cohort.mimics.get("hydronephrosis", 0.0))
    if blocked:
        pair = [pair[1 - one]] * 2
        pair[one] *= between(rng, 1.8, 2.8)
    return (round(pair[0], 2), round(pair[1], 2)), side if blocked else ""


def _bladder(rng: np.random.Generator, person: Person, cohort: Cohort) -> tuple[float, float]:
    """Filling, ml, and uptake over muscle.

    What the kidneys excreted since the patient last went is diluted by what they drank. So the
    activity is drawn, and uptake follows: a full bladder is large rather than bright. Half of
    the bladders are ten times as bright as the thigh, as the reference scan's is (NEMA NM1).
    """
    full = chance(rng, cohort.mimics.get("full_bladder", 0.0))
    filling = between(rng, 260, 420) if full else between(rng, 50, 250)
    # Twice the filling holds half as much again: more time went by, and more was drunk.
    usual = 24 * 150 * (filling / 150) ** 0.65
    most = _MOST_URINE * person.bmi * (person.height_cm / 100) ** 2
    activity = log_normal(rng, usual, 0.22, 0.75 * usual, min(1.4 * usual, most))
    return float(round(filling)), round(float(np.clip(activity / filling, 10, 150)), 1)
