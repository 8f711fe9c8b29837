"""Findings: metastases, and foci that might be some."""

import numpy as np

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.dice import chance, one_of
from mmseg_bone.phantom.wording.content import (
    Statement,
    facts_of_many,
    facts_of_one,
    in_order,
    is_vertebra,
    region,
)
from mmseg_bone.phantom.wording.reading import Opinion, Reading

FEW, SOME = 6, 20  # up to FEW foci are all named; beyond SOME only the most striking are
_ALL_NAMED = 9  # a longer list is collapsed where it can be
_CHANGES = {"grown": ("denser", "wider"), "faded": ("fainter", "fainter")}
_AXIAL = ("head", "cervical", "thoracic", "lumbar", "sacrum", "ribs", "sternum", "pelvis")


def lesion_findings(opinion: Opinion, rng: np.random.Generator) -> list[Statement]:
    """What is said of the clear metastases, hot and cold."""
    hot = in_order(r for r in opinion.clear if r.focus.ratio >= 1)
    cold = in_order(r for r in opinion.clear if r.focus.ratio < 1)
    said = _superscan(opinion, rng, hot) if opinion.plan.superscan else _hot(opinion, rng, hot)
    rims = opinion.plan.notes.get("rims", "").split(",")
    ringed = tuple(r for r in cold if str(r.focus.number) in rims)
    if ringed:
        said.append(Statement(role="cold", mentions=ringed, facts=frozenset({"rim"})))
    if plain := tuple(r for r in cold if r not in ringed):
        said.append(Statement(role="cold", mentions=plain))
    return said + _course(opinion, rng, hot)


def _hot(opinion: Opinion, rng: np.random.Generator, hot: tuple[Reading, ...]) -> list[Statement]:
    if len(hot) <= 2:
        return [_single(opinion, reading) for reading in hot]
    if len(hot) <= FEW:
        if chance(rng, 0.5):
            return [_listed(opinion, hot, rng)]
        ribs = tuple(r for r in hot if region(r) == "ribs")
        spine = tuple(r for r in hot if is_vertebra(r))
        rest = tuple(r for r in hot if r not in ribs and r not in spine)
        groups = (spine, ribs, rest) if chance(rng, 0.5) else (ribs, spine, rest)
        return [_listed(opinion, group, rng) for group in groups if group]
    if len(hot) <= SOME:
        return [_collapsed(rng, hot)]
    return [_widespread(rng, hot)]


def _single(opinion: Opinion, reading: Reading) -> Statement:
    facts = facts_of_one(reading, opinion.readings)
    return Statement(role="focus", mentions=(reading,), facts=facts)


def _listed(opinion: Opinion, readings: tuple[Reading, ...], rng: np.random.Generator) -> Statement:
    if len(readings) == 1:
        return _single(opinion, readings[0])
    most = _most(readings, 1) if len(readings) > 2 and chance(rng, 0.5) else ()
    facts = facts_of_many(readings)
    if not most:
        facts -= {"vertebrae"}  # its pattern says which one stands out
    return Statement(role="foci", mentions=readings, most=most, facts=facts)


def _most(readings: tuple[Reading, ...], count: int) -> tuple[Reading, ...]:
    """The most striking ones, in bodily order."""
    struck = sorted(readings, key=lambda r: -r.focus.diameter_mm * r.focus.ratio)[:count]
    return in_order(struck)


def _collapsed(rng: np.random.Generator, hot: tuple[Reading, ...]) -> Statement:
    """A list in which ribs, vertebrae or pelvis are named together once there are many."""
    crowd: tuple[Reading, ...] = ()
    for test, enough in ((_is_rib, 3), (is_vertebra, 4), (_is_pelvic, 4)):
        group = tuple(r for r in hot if test(r))
        want = chance(rng, 0.75) or len(hot) > _ALL_NAMED
        if len(group) >= enough and want:
            crowd += group
    named = tuple(r for r in hot if r not in crowd)
    most = _most(crowd, int(rng.integers(1, 3))) if crowd else ()
    if not crowd:
        return Statement(role="foci", mentions=named, facts=frozenset({"many"}))
    return Statement(
        role="foci",
        mentions=named,
        most=most,
        crowd=tuple(r.focus for r in crowd),
        facts=frozenset({"many"}),
    )


def _is_rib(reading: Reading) -> bool:
    return region(reading) == "ribs"


def _is_pelvic(reading: Reading) -> bool:
    return region(reading) == "pelvis"


def _widespread(rng: np.random.Generator, hot: tuple[Reading, ...]) -> Statement:
    """Too many to list: regions, and the two or three that stand out."""
    regions = {region(r) for r in hot}
    crowd = tuple(r.focus for r in hot)
    most = _most(hot, int(rng.integers(2, 4)))
    spread = regions & set(_AXIAL) and regions & {"limbs", "shoulder"}
    if spread and chance(rng, 0.35):
        return Statement(role="countless", most=most, crowd=crowd)
    return Statement(role="widespread", most=most, crowd=crowd)


def _superscan(
    opinion: Opinion, rng: np.random.Generator, hot: tuple[Reading, ...]
) -> list[Statement]:
    axial = {"axial"} if opinion.plan.superscan == "metastatic" else set()
    most = _most(hot, 2) if hot and chance(rng, 0.4) else ()
    crowd = tuple(r.focus for r in hot)
    return [Statement(role="superscan", most=most, crowd=crowd, facts=frozenset(axial))]


def _course(
    opinion: Opinion, rng: np.random.Generator, hot: tuple[Reading, ...]
) -> list[Statement]:
    """How known metastases changed since the scan before."""
    if not opinion.course or not hot or opinion.plan.superscan:
        return []
    struck = _most(hot, 3)
    if opinion.course == "progress":
        return [Statement(role="progress", mentions=struck)]
    if opinion.course == "better":
        return [Statement(role="faded", mentions=struck)]
    return [Statement(role=opinion.course)]


def doubtful_findings(opinion: Opinion, rng: np.random.Generator) -> list[Statement]:
    """Each ambiguous focus by itself, with what settles it."""
    said: list[Statement] = []
    for reading in in_order(opinion.doubtful):
        one = (reading,)
        focus = _single(opinion, reading)
        months = one_of(rng, ("3", "6", "8", "12"))
        alone, doubt = chance(rng, 0.4), chance(rng, 0.25)
        match reading.evidence:
            case "grown" | "faded":
                words = {"when": months, "change": one_of(rng, _CHANGES[reading.evidence])}
                if alone:
                    role = "faded" if reading.evidence == "faded" and doubt else "compared"
                    said.append(Statement(role=role, mentions=one, words=words))
                else:
                    said += [focus, Statement(role="changed", words=words, joined=True)]
            case "new":
                said.append(Statement(role="new", mentions=one))
            case "ct_lytic" | "ct_blastic" | "ct_sclerosis" | "ct_fracture":
                words = {"ct": reading.evidence}
                said += [focus, Statement(role="ct", words=words, joined=alone)]
            case "ct_clear":
                planar = Statement(role="planar_inline", joined=True)
                said += [focus, *([planar] if alone else [])]
                said.append(Statement(role="ct_clear", joined=not alone))
            case "trauma" | "no_trauma" | "silent":
                said += [focus, Statement(role=reading.evidence, joined=True)]
            case _:
                said += _unsettled(opinion, reading, focus, alone=alone, doubt=doubt)
    return said


def _unsettled(
    opinion: Opinion, reading: Reading, focus: Statement, *, alone: bool, doubt: bool
) -> list[Statement]:
    if reading.certainty != "low":
        return [focus]
    if doubt and BY_NAME[reading.bone].region in ("ribs", "pelvis"):
        return [Statement(role="superficial", mentions=(reading,))]
    return [Statement(role="planar", mentions=(reading,))] if alone else [focus]
