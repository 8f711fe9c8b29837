"""Reports whose answers are known, and what an encoder makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float

from mmseg_bone.anatomy import BY_NAME, Bone
from mmseg_bone.cli.phantom_reports import write_reports
from mmseg_bone.data.questions import CutReport, MaskedReports, put_together
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.study import Focus, Report
from mmseg_bone.tasks.pretraining import PretrainingTask, words_right
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.masking import Masking, WordCutter
from mmseg_bone.text.tokens import ReportTokens

_BATCH = 32
LABELS = ("site", "side", "level", "class", "certainty")
# One focus a patient, and nothing else to write about: every word on bone is about it.
ONE_FOCUS = Cohort(
    status={"ambiguous": 0.6, "metastatic": 0.4},
    counts={"1": 1.0},
    ambiguous_beside=0.0,
    mimics={},
    joints={},
)
# The character that names a bone in every way of writing it.
_ANCHORS: Mapping[str, str] = {
    "颅骨": "颅额顶枕颞",
    "下颌骨": "颌",
    "骶骨": "骶",
    "胸骨柄": "柄",
    "胸骨体": "胸",
    "颈椎": "颈c",
    "胸椎": "胸t",
    "腰椎": "腰l",
    "肋": "肋",
    "锁骨": "锁",
    "肩胛骨": "胛",
    "肱骨": "肱",
    "前臂骨": "桡",
    "手": "手",
    "髂骨": "髂髋",
    "坐骨": "坐",
    "耻骨": "耻",
    "股骨": "股",
    "髌骨": "髌",
    "胫骨": "胫",
    "腓骨": "腓",
    "足": "足",
}


@dataclass(frozen=True)
class Case:
    """A report on one focus, and what there is to be known of it.

    Attributes:
        report: As written.
        bone: Where the report says the focus is.
        labels: ``site``, ``side``, ``level`` where the bone has one, ``class``, ``certainty``.
    """

    report: Report
    bone: Bone
    labels: Mapping[str, str]


def cases(n: int, seed: int, styles: Sequence[str] = ()) -> list[Case]:
    """Reports on a single focus, named and judged in it.

    Args:
        n: Patients; those with several foci, or one the report does not name, are left out.
        seed: Of the patients; give another than that of pre-training.
        styles: How they are written; none for all that are not held out.
    """
    return [
        Case(written.report, BY_NAME[written.foci[0].named], labels_of(written.foci[0]))
        for written in write_reports(n, seed, styles, cohort=ONE_FOCUS)
        if len(written.foci) == 1 and written.foci[0].named
    ]


def labels_of(focus: Focus) -> dict[str, str]:
    """What a report says of a focus, as labels."""
    bone = BY_NAME[focus.named]
    level = {} if bone.level is None else {"level": str(bone.level)}
    named = {"site": bone.chinese, "side": bone.side, "certainty": focus.certainty}
    return named | level | {"class": "metastasis" if focus.metastatic else "benign"}


def anchor(tokens: Sequence[str], bone: Bone) -> int | None:
    """Place of the token that names the bone; None if it is named in no known way."""
    characters = _ANCHORS[bone.chinese]
    for place, (token, following) in enumerate(pairwise([*tokens, ""])):
        # T7 is a thoracic vertebra, and Tc-99m is none.
        vertebra = following.startswith("##") and following[2:].isdecimal()
        if token in characters and (vertebra or not token.isascii()):
            return place
    return None


@torch.inference_mode()
def features(
    encoder: ReportEncoder, tokens: ReportTokens, asked: Sequence[Case]
) -> tuple[Float[np.ndarray, "n w"], Float[np.ndarray, "n w"]]:
    """Of each report, the mean over its tokens, and the features of the one that names the bone.

    The latter are nan where that token is not found.
    """
    encoder.eval()
    means, named = [], []
    for start in range(0, len(asked), _BATCH):
        some = asked[start : start + _BATCH]
        ids, mask = tokens.batch([case.report for case in some])
        states = encoder(ids, mask)
        for case, row, state, on in zip(some, ids, states, mask, strict=True):
            words = tokens.tokenizer.convert_ids_to_tokens(row[on].tolist())
            place = anchor(words, case.bone)
            means.append(state[on].mean(0))
            named.append(torch.full_like(state[0], torch.nan) if place is None else state[place])
    return torch.stack(means).numpy(), torch.stack(named).numpy()


@torch.inference_mode()
def masked_words(
    task: PretrainingTask, reports: Sequence[CutReport], masking: Masking, tokens: ReportTokens
) -> dict[str, float]:
    """Share of masked words put right, of all and of those changed, and of orders told."""
    task.eval()
    asked = MaskedReports(reports, masking, tokens, seed=0)
    places = sorted(range(len(asked)), key=lambda place: asked.lengths[place])
    right, changed, told = [], [], []
    for start in range(0, len(places), _BATCH):
        batch = put_together([asked[place] for place in places[start : start + _BATCH]])
        words, order, _ = task(batch)
        found = words_right(batch, words.argmax(dim=1))
        right.append(found[0])
        changed.append(found[1])
        known = batch["swapped"] >= 0
        told.append((order.argmax(dim=1) == batch["swapped"])[known])
    every, moved, orders = (torch.cat(part).numpy() for part in (right, changed, told))
    return {
        "words": float(every.mean()),
        "words_changed": float(every[moved].mean()),
        "order": float(orders.mean()) if len(orders) else float("nan"),
    }


def cut_reports(
    tokens: ReportTokens, n: int, seed: int, styles: Sequence[str] = (), english: float | int = 0
) -> list[CutReport]:
    """Reports of patients of all kinds, cut at their words; see ``write_reports``."""
    cut = WordCutter(tokens.tokenizer)
    return [
        CutReport(cut(w.report.findings), cut(w.report.impression))
        for w in write_reports(n, seed, styles, english)
    ]
