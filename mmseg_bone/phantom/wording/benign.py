"""Findings: what is benign, physiological or an artefact."""

import numpy as np

from mmseg_bone.phantom.dice import chance, one_of
from mmseg_bone.phantom.plan import Plan
from mmseg_bone.phantom.wording.content import Statement, facts_of_one, in_order
from mmseg_bone.phantom.wording.reading import Habits, Opinion, Reading

JOINTS = ("shoulder", "elbow", "wrist", "sacroiliac", "hip", "knee", "ankle", "foot")


def side_of(reading: Reading) -> str:
    """The patient's side of a focus, by its bone or by where it lies across the body."""
    for side in ("left", "right"):
        if side in reading.bone:
            return side
    return "left" if reading.focus.across > 0 else "right"


def benign_findings(opinion: Opinion, rng: np.random.Generator, habits: Habits) -> list[Statement]:
    """Every benign thing that was noticed in bone."""
    said = _fractures(opinion)
    worn = in_order(opinion.benign("degeneration"))
    if worn:
        if chance(rng, 0.65):
            said.append(Statement(role="degeneration", mentions=worn))
        else:
            said.append(Statement(role="degeneration", crowd=tuple(r.focus for r in worn)))
    if abs(opinion.plan.scoliosis_cm) > 1:
        bent = "left" if opinion.plan.scoliosis_cm > 0 else "right"
        said.append(Statement(role="scoliosis", words={"side": bent}, spare=True))
    for reading in in_order(opinion.benign("compression_fracture")):
        said.append(Statement(role="compression", mentions=(reading,)))
    for reading in in_order(opinion.benign("benign_tumour")):
        facts = facts_of_one(reading, opinion.readings)
        said.append(Statement(role="focus", mentions=(reading,), facts=facts))
        if reading.evidence:
            said.append(Statement(role="ct", words={"ct": reading.evidence}, joined=True))
    treated = in_order(opinion.benign("radiotherapy"))
    if treated:
        said.append(Statement(role="radiotherapy", mentions=treated))
    beaded = opinion.benign("costochondritis")
    if beaded:
        said.append(Statement(role="beading", crowd=tuple(r.focus for r in beaded)))
    return said + _joints(opinion, rng, habits) + _whole_bones(opinion) + _head(opinion)


def _fractures(opinion: Opinion) -> list[Statement]:
    broken = in_order(opinion.benign("fracture"))
    if len(broken) > 1:
        return [Statement(role="rib_line", mentions=broken)]
    said = []
    for reading in broken:
        facts = facts_of_one(reading, opinion.readings)
        said.append(Statement(role="focus", mentions=(reading,), facts=facts))
        if reading.evidence:
            said.append(Statement(role="ct", words={"ct": reading.evidence}, joined=True))
    return said


def warm_joints(opinion: Opinion) -> tuple[str, ...]:
    """Joint pairs warm enough to be told."""
    return tuple(j for j in JOINTS if opinion.plan.joints.get(j, 1.0) > 1.4)


def _joints(opinion: Opinion, rng: np.random.Generator, habits: Habits) -> list[Statement]:
    said = []
    worn = opinion.benign("arthritis")
    told = chance(rng, habits.joints)
    joints = warm_joints(opinion)
    if joints and told:
        said.append(Statement(role="joints", words={"joints": ",".join(joints)}))
    corner: tuple[Reading, ...] = ()
    for reading in worn:
        if reading.bone.startswith("tibia"):
            inner = (reading.focus.across > 0) == (side_of(reading) == "right")
            words = {"side": side_of(reading), "compartment": "inner" if inner else "outer"}
            said.append(Statement(role="compartment", mentions=(reading,), words=words))
        elif reading.focus.along > 0.5:
            said.append(Statement(role="manubriosternal", mentions=(reading,)))
        else:
            corner = (reading,)
    warm = opinion.plan.joints.get("sternoclavicular", 1.0) > 1.4
    if corner:
        facts = frozenset({"both"} if warm else {"one"})
        words = {"side": side_of(corner[0])}
        said.append(Statement(role="sternoclavicular", mentions=corner, facts=facts, words=words))
    elif warm and told:
        said.append(Statement(role="sternoclavicular", facts=frozenset({"pair"}), spare=True))
    return said


def _whole_bones(opinion: Opinion) -> list[Statement]:
    rims = opinion.plan.notes.get("rims", "").split(",")
    said = [Statement(role="paget", mentions=(r,)) for r in opinion.benign("paget")]
    said += [Statement(role="metal", mentions=(r,)) for r in opinion.benign("metal")]
    for reading in opinion.benign("necrosis"):
        words = {"side": side_of(reading)}
        said.append(Statement(role="necrosis", mentions=(reading,), words=words))
    for reading in opinion.benign("prosthesis"):
        facts = frozenset({"rim"} if str(reading.focus.number) in rims else ())
        words = {"side": side_of(reading), "joint": joint_of(reading), "degree": "slight"}
        said.append(Statement(role="prosthesis", mentions=(reading,), facts=facts, words=words))
    if opinion.plan.notes.get("tram_track"):
        said.append(Statement(role="tram_track"))
    return said


def joint_of(reading: Reading) -> str:
    """Which joint was replaced."""
    return "hip" if reading.focus.part == "proximal" else "knee"


def _head(opinion: Opinion) -> list[Statement]:
    said = []
    for reading in opinion.benign("dental"):
        facts = frozenset({"upper" if reading.bone == "skull" else "lower"})
        said.append(Statement(role="dental", mentions=(reading,), facts=facts, spare=True))
    for reading in opinion.benign("sinusitis"):
        words = {"side": side_of(reading)}
        said.append(Statement(role="sinus", mentions=(reading,), words=words))
    return said


def body_findings(opinion: Opinion, rng: np.random.Generator, habits: Habits) -> list[Statement]:
    """Kidneys, bladder, and what normally takes up tracer."""
    plan = opinion.plan
    said = []
    kidneys = _kidneys(plan)
    retained = plan.bladder_ml > 330
    if not plan.superscan:
        # The pattern for a full bladder also calls the kidneys alike.
        full = plan.bladder_ml > 200 and not kidneys and not retained
        facts = frozenset({"full"} if full else ())
        said.append(Statement(role="excretion", facts=facts, spare=True))
    said += kidneys
    if retained and not plan.superscan:
        said.append(Statement(role="retention", spare=True))
    extras = ["physiological", "nasopharynx"]
    if plan.person.age > 60 and plan.person.sex == "female":
        extras.append("cartilage")
    if plan.person.age < 20:
        extras = ["growth"]
    chosen = one_of(rng, extras)
    if chance(rng, habits.physiology) and not plan.superscan:
        said.append(Statement(role=chosen, spare=True))
    return said


def _kidneys(plan: Plan) -> list[Statement]:
    blocked = plan.notes.get("hydronephrosis")
    if blocked:
        return [Statement(role="hydronephrosis", words={"side": blocked})]
    left, right = plan.kidneys
    if not plan.superscan and max(left, right) > 1.4 * min(left, right):
        # Told of the odd one: the kidney further from normal.
        odd = "left" if abs(np.log(left)) > abs(np.log(right)) else "right"
        own, other = (left, right) if odd == "left" else (right, left)
        words = {"side": odd, "paleness": "paler" if own < other else "denser"}
        return [Statement(role="kidney", words=words)]
    return []


def artefact_findings(
    opinion: Opinion, rng: np.random.Generator, habits: Habits
) -> list[Statement]:
    """What is not of the body."""
    plan = opinion.plan
    said = []
    node = opinion.benign("lymph_node")
    if node:
        words = {"side": plan.notes.get("extravasation", side_of(node[0]))}
        said.append(Statement(role="extravasation", mentions=node, words=words))
    told = chance(rng, 0.4)
    if plan.injection and not plan.notes.get("extravasation") and told:
        words = {"side": plan.injection[0], "place": plan.injection[1]}
        said.append(Statement(role="injection", words=words, spare=True))
    for reading in opinion.benign("contamination"):
        words = {"side": side_of(reading)}
        said.append(Statement(role="contamination", mentions=(reading,), words=words))
    for reading in opinion.benign("ornament"):
        said.append(Statement(role="ornament", mentions=(reading,)))
    for reading in opinion.benign("soft_tissue"):
        words = {"side": side_of(reading)}
        said.append(Statement(role="soft_tissue", mentions=(reading,), words=words))
    return said
