"""``mmseg-bone audit``: what image and report each tell of a phantom's ambiguous foci."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.analysis.agreement.truth import Flags
    from mmseg_bone.io.store import Store
    from mmseg_bone.study import Focus, Study
    from mmseg_bone.text.evidence import Mention

# How suspicious a focus is by what the parser read of it; unmentioned, it stays in the middle.
_SUSPICION = {"high": 1.0, "middle": 0.8, "low": 0.5, "benign": 0.0}
_UNMENTIONED = 0.5


def main() -> None:
    """Read the command line."""
    typer.run(audit)


def audit(
    store: Annotated[Path, typer.Argument(help="A store of phantoms.")],
    first: Annotated[
        int | None, typer.Option(min=1, help="Only so many studies; else all.")
    ] = None,
) -> None:
    """Check a phantom store: the parser against the truth, the image against the report.

    Prints, by style of wording, how well the parser recovers site, side, level and class of
    the foci a report names (F1). Then, for the foci whose label the image must not give away,
    what a classifier makes of their true outlines, cross-validated by patient, and what the
    parser makes of the report: areas under the curve, 0.5 is a coin. Between the two, how well
    the discrepancies of report and true outlines are told, as the reports are and with errors
    planted in them: precision and recall of the flags.
    """
    from mmseg_bone.analysis.ambiguity import image_auc, measure_foci
    from mmseg_bone.io.store import Store

    shelf = Store(store)
    ids = shelf.ids[:first]
    _print_parser(shelf, ids)
    _print_agreement(shelf, ids)
    foci = measure_foci(shelf[id] for id in ids)
    patients = {shelf.rows[id]["patient"] for id in ids}
    carrying = foci["patient"].nunique() if len(foci) else 0
    print(f"\n{carrying} of {len(patients)} patients carry an ambiguous focus.")
    if not len(foci):
        return
    each = foci.groupby(["study", "focus"])["metastatic"].first()
    print(f"{len(each)} ambiguous foci, {int(each.sum())} of them metastases\n")
    print("| told by | AUC |\n|---|---|")
    for name, auc in image_auc(foci).items():
        print(f"| image: {name} on true outlines | {auc:.3f} |")
    print(f"| report: parser | {_report_auc(shelf, ids):.3f} |")


def _print_parser(store: "Store", ids: list[str]) -> None:
    counts: dict[str, Counter[str]] = {}
    for id in ids:
        study = store[id]
        style = study.notes.get("style", "unknown")
        counts.setdefault(style, Counter()).update(_agreement(study))
    print("| style | studies | foci named | F1 of site, side, level and class |\n|---|---|---|---|")
    for style, found in sorted(counts.items()):
        both, either = found["both"], found["said"] + found["heard"]
        f1 = 2 * both / either if either else float("nan")
        print(f"| {style} | {found['studies']} | {found['said']} | {f1:.3f} |")


def _agreement(study: "Study") -> Counter[str]:
    said = {(focus.named, focus.certainty == "benign") for focus in study.foci if focus.named}
    heard = {(bone, mention.label == "benign") for bone, mention in _mentions(study).items()}
    return Counter(studies=1, said=len(said), heard=len(heard), both=len(said & heard))


def _print_agreement(store: "Store", ids: list[str]) -> None:
    """Flags on the true outlines, so that what is wrong is the report or the flag."""
    import numpy as np

    from mmseg_bone.analysis.agreement.truth import total
    from mmseg_bone.data.planting import PLANTS, plant

    print("\n| planted | studies | discrepancies | flags | precision | recall |")
    print("|---|---|---|---|---|---|")
    for kind in PLANTS:
        rng = np.random.default_rng(0)
        planted = (plant(store[id], kind, rng) for id in ids)
        flags = [_flags(study) for study in planted if study is not None]
        found = total(flags)
        print(
            f"| {kind} | {len(flags)} | {found.expected} | {found.raised} "
            f"| {found.precision:.3f} | {found.recall:.3f} |"
        )


def _flags(study: "Study") -> "Flags":
    from mmseg_bone.analysis.agreement.judging import judge
    from mmseg_bone.analysis.agreement.truth import Flags, count_flags, true_flags
    from mmseg_bone.text.hearing import hear

    words = hear(study.report)
    if words is None or study.mask is None:
        return Flags()
    agreement = judge(study, study.mask, words).agreement
    raised = () if agreement is None else agreement.discrepancies
    return count_flags(raised, true_flags(study, everywhere=words.everywhere))


def _mentions(study: "Study") -> "dict[str, Mention]":
    from mmseg_bone.text.evidence import mentions

    if study.report is None:
        return {}
    found = mentions(study.report)
    return {m.bone: m for m in found if not m.collective and not m.negated}


def _report_auc(store: "Store", ids: list[str]) -> float:
    from mmseg_bone.analysis.ambiguity import reading_auc

    truth, suspicion = [], []
    for id in ids:
        study = store[id]
        read = _mentions(study)
        for focus in study.foci:
            if focus.ambiguous:
                truth.append(focus.metastatic)
                suspicion.append(_suspicion(focus, read))
    return reading_auc(truth, suspicion)


def _suspicion(focus: "Focus", read: "dict[str, Mention]") -> float:
    mention = read.get(focus.named or focus.bone)
    return _UNMENTIONED if mention is None else _SUSPICION[mention.certainty]
