"""The impression: what the findings mean, and how sure one is."""

from collections.abc import Sequence

import numpy as np

from mmseg_bone.phantom.dice import chance, one_of
from mmseg_bone.phantom.wording.benign import joint_of, side_of, warm_joints
from mmseg_bone.phantom.wording.content import Statement, in_order
from mmseg_bone.phantom.wording.reading import Habits, Opinion, Reading

_ROLE = {"high": "i_metastasis", "middle": "i_likely", "low": "i_suspicious"}
_MANY = 3  # so many metastases can be called multiple without naming them
_DESTROYED = ("ct_lytic", "ct_blastic")
_COURSE = {"progress": "worse", "stable": "alike", "better": "better"}


def impression(
    opinion: Opinion, findings: Sequence[Statement], rng: np.random.Generator, habits: Habits
) -> list[Statement]:
    """Metastases, doubtful foci, benign findings, advice.

    Args:
        opinion: What was read.
        findings: What was told of it; the impression adds nothing to that.
        rng: Where the draws come from.
        habits: Of the hospital.
    """
    superscan = bool(opinion.plan.superscan)
    said = [_superscan(opinion)] if superscan else _metastases(opinion, rng, habits)
    said += _doubtful(opinion, rng)
    told = {r.focus.number for s in findings for r in s.mentions}
    told |= {f.number for s in findings for f in s.crowd}
    # A finding told of nothing in particular (the spine at large) is not listed here by name.
    roles = {s.role for s in findings if s.mentions or not s.crowd}
    benign = _benign(opinion, rng, told, roles)
    spread = any(r.certainty in _ROLE for r in opinion.readings) or superscan
    closing = one_of(rng, ("i_no_more", "i_rest"))
    explicit = chance(rng, 0.3)
    if not said and not benign:
        return [Statement(role="i_no_metastasis" if explicit else "i_normal")]
    if not spread:
        role = "i_no_more" if said else "i_no_metastasis"
        first = chance(rng, 0.4) and not said
        end = Statement(role=role)
        benign = [end, *benign] if first else [*benign, end]
    elif benign and closing == "i_rest" and not superscan:
        benign.append(Statement(role="i_rest", spare=True))
    if chance(rng, habits.advice):
        benign.append(Statement(role="i_advice", spare=True))
    return said + benign


def _superscan(opinion: Opinion) -> Statement:
    if opinion.plan.superscan == "metabolic":
        return Statement(role="i_metabolic")
    return Statement(role="i_superscan", crowd=tuple(r.focus for r in opinion.clear))


def _metastases(opinion: Opinion, rng: np.random.Generator, habits: Habits) -> list[Statement]:
    hot = in_order(r for r in opinion.clear if r.focus.ratio >= 1)
    cold = in_order(r for r in opinion.clear if r.focus.ratio < 1)
    said: list[Statement] = []
    fewer, by_name = chance(rng, habits.subset), chance(rng, 0.35)
    undetermined = chance(rng, 0.4)
    months = one_of(rng, ("3", "6"))
    left_out = int(rng.integers(6))
    if hot:
        certainty = hot[0].certainty
        crowd = tuple(r.focus for r in hot)
        if len(hot) >= _MANY and certainty == "high" and not (by_name and len(hot) <= 8):
            said.append(Statement(role="i_multiple", crowd=crowd))
        elif len(hot) >= _MANY and certainty == "high":
            listed = _fewer(hot, left_out) if fewer else hot
            facts = frozenset({"listed"})
            said.append(Statement(role="i_multiple", mentions=listed, crowd=crowd, facts=facts))
        elif len(hot) == 1 and certainty == "low" and undetermined:
            said.append(Statement(role="i_undetermined", mentions=hot, words={"months": months}))
        else:
            listed = _fewer(hot, left_out) if fewer or len(hot) > 6 else hot
            said.append(Statement(role=_ROLE[certainty], mentions=listed, crowd=crowd))
    if cold:
        role = "i_cold" if cold[0].certainty == "high" else "i_lytic"
        said.append(Statement(role=role, mentions=cold))
    course = _COURSE.get(opinion.course)
    if course and hot:
        said.append(Statement(role="i_course", words={"course": course}))
    return said


def _fewer(readings: tuple[Reading, ...], left_out: int) -> tuple[Reading, ...]:
    """A shorter list: one left out of few, the first four of many."""
    if len(readings) < 2:
        return readings
    if len(readings) > 6:
        return readings[:4]
    gone = left_out % len(readings)
    return readings[:gone] + readings[gone + 1 :]


def _doubtful(opinion: Opinion, rng: np.random.Generator) -> list[Statement]:
    """Each ambiguous focus by name, always: here its label is given."""
    said: list[Statement] = []
    for reading in in_order(opinion.doubtful):
        undetermined, plain = chance(rng, 0.5), chance(rng, 0.4)
        words = {"months": one_of(rng, ("3", "6"))}
        facts: set[str] = set()
        if reading.certainty == "benign":
            role = "i_exclude" if reading.exclude else _benign_role(reading)
        elif reading.certainty == "low" and undetermined:
            role = "i_undetermined"
        else:
            role = _ROLE[reading.certainty]
        if role == "i_metastasis" and reading.evidence in _DESTROYED and not plain:
            facts.add("destruction")
        if role == "i_benign" and reading.evidence == "ct_sclerosis":
            facts.add("sclerosis")
        said.append(Statement(role=role, mentions=(reading,), facts=frozenset(facts), words=words))
    return said


def _benign_role(reading: Reading) -> str:
    if reading.focus.kind == "fracture":
        return "i_fracture"
    return "i_degenerative" if reading.focus.kind == "degeneration" else "i_benign"


def _benign(
    opinion: Opinion, rng: np.random.Generator, told: set[int], roles: set[str]
) -> list[Statement]:
    """What the findings told and is worth repeating."""
    said: list[Statement] = []

    def noticed(*kinds: str) -> tuple[Reading, ...]:
        return in_order(r for r in opinion.benign(*kinds) if r.focus.number in told)

    broken = noticed("fracture")
    if len(broken) > 1:
        words = {"side": side_of(broken[0])}
        crowd = tuple(r.focus for r in broken)
        facts = frozenset({"several"})
        said.append(Statement(role="i_rib_fractures", words=words, crowd=crowd, facts=facts))
    elif broken:
        one = frozenset({"one_rib"})
        said.append(Statement(role="i_rib_fractures", mentions=broken, facts=one))
    for reading in noticed("compression_fracture"):
        said.append(Statement(role="i_compression", mentions=(reading,)))
    for reading in noticed("benign_tumour"):
        facts = frozenset({"sclerosis"} if reading.evidence == "ct_sclerosis" else ())
        said.append(Statement(role="i_benign", mentions=(reading,), facts=facts))
    for reading in noticed("paget"):
        said.append(Statement(role="i_paget", mentions=(reading,)))
    for reading in noticed("necrosis"):
        said.append(Statement(role="i_necrosis", words={"side": side_of(reading)}))
    for reading in noticed("prosthesis"):
        words = {"side": side_of(reading), "joint": joint_of(reading)}
        said.append(Statement(role="i_prosthesis", words=words))
    if noticed("costochondritis"):
        said.append(Statement(role="i_costochondritis"))
    said += _worn(opinion, rng, noticed("degeneration"), roles)
    blocked = opinion.plan.notes.get("hydronephrosis")
    if blocked:
        said.append(Statement(role="i_hydronephrosis", words={"side": blocked}))
    return said


def _worn(
    opinion: Opinion, rng: np.random.Generator, worn: tuple[Reading, ...], roles: set[str]
) -> list[Statement]:
    joints = warm_joints(opinion) if "joints" in roles else ()
    worth = tuple(j for j in joints if j in ("knee", "shoulder", "hip"))
    by_name = chance(rng, 0.35)
    if worn and by_name and "degeneration" in roles:
        said = [Statement(role="i_degenerative", mentions=worn)]
        words = {"joints": ",".join(worth)}
        return said + ([Statement(role="i_joints", words=words)] if worth else [])
    if worn or worth:
        listed = (("spine",) if worn else ()) + worth
        crowd = tuple(r.focus for r in worn)
        return [Statement(role="i_joints", words={"joints": ",".join(listed)}, crowd=crowd)]
    return []
