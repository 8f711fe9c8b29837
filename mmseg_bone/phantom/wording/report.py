"""The report of a phantom patient, written from its plan."""

from collections.abc import Collection, Sequence

import numpy as np

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.dice import chance
from mmseg_bone.phantom.plan import Plan
from mmseg_bone.phantom.wording.benign import artefact_findings, benign_findings, body_findings
from mmseg_bone.phantom.wording.chinese import ChineseWriter
from mmseg_bone.phantom.wording.content import Content, Statement
from mmseg_bone.phantom.wording.english import EnglishWriter
from mmseg_bone.phantom.wording.impression import impression
from mmseg_bone.phantom.wording.lesions import doubtful_findings, lesion_findings
from mmseg_bone.phantom.wording.reading import Habits, Opinion, read
from mmseg_bone.phantom.wording.styles import Style, style
from mmseg_bone.study import Focus, Report


def write_report(
    plan: Plan, rng: np.random.Generator, style_name: str | Style = "standard"
) -> tuple[Report, tuple[Focus, ...]]:
    """Write what a colleague would have written of this patient, and keep the truth beside it.

    The report never names a wrong side or bone, and it always names an ambiguous focus and
    says what it is. Like a real one it passes over some things, names many lesions together,
    and is one level off now and then: ``Focus.named`` holds what it says, ``Focus.bone`` what
    is so. No draw depends on a side, so the mirrored plan has the mirrored report. It holds no
    identity.

    Args:
        plan: The patient.
        rng: Where every draw comes from.
        style_name: A hospital style, or its name, see ``style_names``.

    Returns:
        The report, and the foci of the plan with what the report says of each.

    Raises:
        ReportError: There is no style of this name.
    """
    hospital = style(style_name) if isinstance(style_name, str) else style_name
    opinion = read(plan, rng, hospital.habits)
    content = compose(opinion, rng, hospital.habits)
    ct = opinion.means == "ct"
    writer: ChineseWriter | EnglishWriter = (
        EnglishWriter(rng, hospital, ct=ct)
        if hospital.language == "english"
        else ChineseWriter(rng, hospital, ct=ct)
    )
    findings = [(s, writer.say(s)) for s in content.findings]
    items = [(s, writer.say(s)) for s in content.impression]
    findings, items = _within(findings, items, writer.limit(_extent(opinion)))
    report = writer.finish(findings, items)
    foci = truth(opinion, [s for s, _ in findings], [s for s, _ in items], writer.ALONE)
    return report, foci


def compose(opinion: Opinion, rng: np.random.Generator, habits: Habits) -> Content:
    """All that is to be said, in the order in which it is said."""
    plan = opinion.plan
    opening = []
    for role, share in (
        ("technique", habits.technique),
        ("position", habits.position),
        ("quality", habits.quality),
    ):
        if chance(rng, share):
            opening.append(Statement(role=role, spare=True))
    lesions, doubtful = lesion_findings(opinion, rng), doubtful_findings(opinion, rng)
    bone = lesions + doubtful if chance(rng, 0.6) else doubtful + lesions
    benign = benign_findings(opinion, rng, habits)
    body = body_findings(opinion, rng, habits)
    artefacts = artefact_findings(opinion, rng, habits)
    late = chance(rng, 0.5)
    if plan.superscan == "metabolic":
        bone = lesion_findings(opinion, rng)
    if not bone and not benign:
        obese = frozenset({"obese"} if plan.person.bmi > 27 else ())
        skeleton = [Statement(role="normal", facts=obese)]
    elif plan.superscan:
        skeleton = bone + benign
    else:
        skeleton = bone + benign + [Statement(role="rest")]
    rest = body + artefacts if late else artefacts + body
    findings = opening + skeleton + rest
    return Content(
        findings=tuple(findings), impression=tuple(impression(opinion, findings, rng, habits))
    )


def _extent(opinion: Opinion) -> str:
    """Which of the lengths of a report this one should keep to."""
    if len(opinion.clear) + len(opinion.doubtful) > 2:
        return "checked" if opinion.means != "history" else "many"
    return "few" if opinion.readings else "normal"


# What is told by a joint or an organ, in words that name no bone.
_BY_JOINT = ("prosthesis", "compartment", "sternoclavicular", "manubriosternal", "dental", "sinus")
Said = list[tuple[Statement, str]]


def _within(findings: Said, items: Said, longest: int) -> tuple[Said, Said]:
    """Leave out what can be spared, last first, until the report is short enough."""
    findings, items = list(findings), list(items)
    for part in (findings, items):
        for said in reversed([pair for pair in part if pair[0].spare]):
            if sum(len(text) for _, text in findings + items) <= longest:
                break
            part.remove(said)
    return findings, items


def truth(
    opinion: Opinion,
    findings: Sequence[Statement],
    items: Sequence[Statement],
    alone: Collection[str],
) -> tuple[Focus, ...]:
    """Every focus of the plan, with what the report says of it.

    Args:
        opinion: What was read.
        findings: The statements that were kept.
        items: Those of the impression.
        alone: Regions whose bones are named one by one even in a crowd.
    """
    said = [*findings, *items]
    pointed = [(s.role, r) for s in said for r in (*s.mentions, *s.most)]
    named = {r.focus.number: r.bone for role, r in pointed if role not in _BY_JOINT}
    for statement in findings:
        if statement.role in ("foci", "widespread"):
            for focus in statement.crowd:
                if BY_NAME[focus.bone].region in alone:
                    named.setdefault(focus.number, focus.bone)
    told = {r.focus.number for _, r in pointed} | {f.number for s in said for f in s.crowd}
    certainty = {r.focus.number: r.certainty for r in opinion.readings}
    return tuple(
        Focus(
            number=focus.number,
            bone=focus.bone,
            part=focus.part,
            kind=focus.kind,
            metastatic=focus.metastatic,
            ambiguous=focus.ambiguous,
            mentioned=focus.number in told,
            named=named.get(focus.number, ""),
            certainty=certainty[focus.number] if focus.number in told else "",
            ratio=focus.ratio,
            diameter_mm=focus.diameter_mm,
        )
        for focus in opinion.plan.foci
    )
