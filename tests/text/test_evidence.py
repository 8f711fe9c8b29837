"""The parser, by hand and against the truth of written reports.

``pytest -s tests/text/test_evidence.py -k truth`` prints the scores.
"""

import sys
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest

from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.wording.report import write_report
from mmseg_bone.phantom.wording.styles import style_names
from mmseg_bone.study import Report
from mmseg_bone.text.evidence import mentions

N = 120
RANK = {"high": 3, "middle": 2, "low": 1, "benign": 0}


def read(findings="", impression=""):
    found = mentions(Report(findings=findings, impression=impression))
    return {m.bone: (m.label, m.certainty) for m in found if not m.collective and not m.negated}


def test_an_empty_report_mentions_nothing():
    assert mentions(Report()) == ()


def test_a_normal_report_mentions_nothing_positive():
    report = Report(
        findings="全身各骨显影清晰，左右对称，未见异常浓聚或缺损区。双肾及膀胱显影。",
        impression="全身骨显像未见明显异常。",
    )
    assert not [m for m in mentions(report) if not m.negated]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("骨代谢增高，考虑骨转移", ("metastatic", "high")),
        ("浓聚，符合骨转移", ("metastatic", "high")),
        ("浓聚，骨转移可能性大", ("metastatic", "middle")),
        ("浓聚，可疑骨转移，建议行CT或MRI检查", ("uncertain", "low")),
        ("浓聚，骨转移不除外", ("uncertain", "low")),
        ("点状浓聚，性质待定，建议3个月后复查", ("uncertain", "low")),
        ("浓聚，考虑外伤或炎性病变，转移待排", ("benign", "benign")),
        ("浓聚，考虑退行性变", ("benign", "benign")),
        ("浓聚，考虑肋骨骨折后改变", ("benign", "benign")),
        ("浓聚，同机CT示骨质破坏，考虑骨转移", ("metastatic", "high")),
        ("浓聚，同机CT示骨质硬化，考虑良性病变", ("benign", "benign")),
    ],
)
def test_each_hedge_has_its_certainty(verdict, expected):
    found = read("左侧第5前肋见一点状浓聚灶。", f"左侧第5前肋{verdict}。")
    assert found == {"rib_left_5": expected}


def test_two_foci_that_look_alike_are_parted_by_their_verdicts():
    found = read(
        "左侧第5前肋见点状浓聚灶，右侧第8后肋见点状浓聚灶。",
        "1.左侧第5前肋骨代谢增高，考虑骨转移。2.右侧第8后肋浓聚，考虑骨折后改变。",
    )
    assert found["rib_left_5"] == ("metastatic", "high")
    assert found["rib_right_8"] == ("benign", "benign")


def test_a_general_verdict_holds_for_all_that_has_none_of_its_own():
    found = read(
        "第3腰椎及左侧髂骨等处见多发异常浓聚灶。第5腰椎椎体边缘及小关节见条状放射性增高。",
        "1.全身多发骨代谢增高灶，符合多发骨转移。2.脊柱退行性改变。",
    )
    assert found["L3"] == found["ilium_left"] == ("metastatic", "high")
    assert found["L5"] == ("benign", "benign")


def test_findings_alone_carry_what_ct_and_history_say():
    found = read(
        "左侧第5前肋见点状浓聚灶，同机CT示相应部位溶骨性破坏。"
        "右侧第8后肋见点状浓聚灶，该处有外伤史。"
        "第3腰椎见点状浓聚灶。同机CT相应层面未见明确骨质破坏。"
    )
    assert found["rib_left_5"] == ("metastatic", "middle")
    assert found["rib_right_8"] == ("benign", "benign")
    assert found["L3"] == ("uncertain", "low")


def test_what_is_denied_is_denied():
    (only,) = mentions(Report(findings="左侧股骨未见异常浓聚。"))
    assert only.negated
    assert only.label == "benign"


def test_a_hidden_region_and_normal_uptake_are_no_mentions():
    text = "膀胱尿潴留，遮盖耻骨及骶骨下段，该区观察受限。胸骨柄及四肢大关节呈生理性浓聚。"
    assert mentions(Report(findings=text)) == ()


def test_bones_named_together_are_told_apart_from_bones_named():
    found = mentions(
        Report(
            findings="双侧多根肋骨见弥漫多发浓聚，以左侧第4后肋为著。", impression="多发骨转移。"
        )
    )
    named = [m for m in found if not m.collective]
    assert [m.bone for m in named] == ["rib_left_4"]
    assert named[0].label == "metastatic"
    assert len(found) == 24
    assert (named[0].side, named[0].level) == ("left", 4)


def test_widths_of_marks_and_letters_do_not_matter():
    full = read("左侧第５前肋见点状浓聚灶。", "左侧第５前肋浓聚，骨转移可能性大。")
    half = read("左侧第5前肋见点状浓聚灶.", "左侧第5前肋浓聚,骨转移可能性大.")
    assert full == half == {"rib_left_5": ("metastatic", "middle")}


class Score(NamedTuple):
    f1: float  # of (bone, benign or not)
    certainty: float  # share of named foci whose stratum is read rightly
    ambiguous_auc: float


def score(style, count=N):
    """The parser against what reports of one style say, and against the truth behind them."""
    hits = Counter()
    benign, spread = [], []
    for seed in range(count):
        plan = sample_plan(np.random.default_rng(seed))
        report, foci = write_report(plan, np.random.default_rng([seed, 1]), style)
        found = {m.bone: m for m in mentions(report) if not m.collective and not m.negated}
        said = {(f.named, f.certainty == "benign") for f in foci if f.named}
        heard = {(bone, m.label == "benign") for bone, m in found.items()}
        hits["both"] += len(said & heard)
        hits["one"] += len(said ^ heard)
        for f in foci:
            if f.named:
                hits["named"] += 1
                hits["sure"] += f.named in found and found[f.named].certainty == f.certainty
            if f.ambiguous:
                rank = RANK[found[f.bone].certainty] if f.bone in found else 1
                (spread if f.metastatic else benign).append(rank)
    difference = np.subtract.outer(spread, benign)
    auc = float((difference > 0).mean() + 0.5 * (difference == 0).mean())
    f1 = 2 * hits["both"] / (2 * hits["both"] + hits["one"])
    return Score(f1, hits["sure"] / hits["named"], auc)


@pytest.mark.parametrize("style", [*style_names(), *style_names(held_out=True)])
def test_reports_are_read_back_to_their_truth(style):
    found = score(style)
    sys.stdout.write(f"\n{style}: F1 {found.f1:.3f}, certainty {found.certainty:.3f}, ")
    sys.stdout.write(f"AUC of ambiguous foci {found.ambiguous_auc:.3f}\n")
    known = style in style_names()
    assert found.f1 >= (0.97 if known else 0.90)
    assert found.certainty >= (0.95 if known else 0.85)
    assert found.ambiguous_auc > 0.9
