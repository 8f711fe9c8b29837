import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME, mirrored
from mmseg_bone.errors import ReportError
from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.plan import Person, Plan, PlannedFocus
from mmseg_bone.phantom.wording import report as wording
from mmseg_bone.phantom.wording.chinese import ChineseWriter
from mmseg_bone.phantom.wording.reading import Habits
from mmseg_bone.phantom.wording.report import write_report
from mmseg_bone.phantom.wording.styles import (
    Style,
    shared_patterns,
    style,
    style_names,
    styles,
)
from mmseg_bone.phantom.wording.surface import punctuated, with_slip, with_wide_digits

CHINESE = (*style_names(), *style_names(held_out=True))
SWAP = str.maketrans("左右", "右左")
PERSON = Person(sex="male", age=65, height_cm=168.0, bmi=23.0, primary="lung")


@pytest.fixture(scope="module")
def plans():
    return [sample_plan(np.random.default_rng(seed)) for seed in range(250)]


@pytest.fixture(scope="module")
def written(plans):
    """Every plan in a style of its own turn, with the truth of the report."""
    return [
        (plan, *write_report(plan, stream(i), CHINESE[i % len(CHINESE)]))
        for i, plan in enumerate(plans)
    ]


def focus(bone, number=1, **about):
    usual = {"kind": "metastasis", "metastatic": True, "ratio": 4.0, "diameter_mm": 20.0}
    return PlannedFocus(number=number, bone=bone, **(usual | about))


def stream(seed):
    """Not the stream the plan of this seed came from: the draws would go together."""
    return np.random.default_rng([seed, 1])


def report_of(plan, seed=0, name="standard"):
    return write_report(plan, stream(seed), name)


# --- An independent reader of names: it shares nothing with the writer. -------------------------

DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
NUMERALS = {"十二": "12", "十一": "11", "十": "10"} | {
    c: str(n) for n, c in enumerate("一二三四五六七八九", 1)
}
NOUNS = {
    "skull": "颅骨|颅顶|顶骨",
    "mandible": "下颌",
    "sacrum": "骶骨",
    "manubrium": "胸骨柄|胸骨角|胸锁关节",
    "sternum": "胸骨体",
    "clavicle": "锁骨",
    "scapula": "肩胛",
    "humerus": "肱骨",
    "forearm": "尺桡骨",
    "ilium": "髂骨|髂嵴|髋臼",
    "ischium": "坐骨",
    "pubis": "耻骨",
    "femur": "股骨",
    "tibia": "胫骨|膝关节",
    "fibula": "腓骨",
    "foot": "足",
}


def numbers(text):
    """All levels that a list or range like 3、5至第7 stands for."""
    for spelt, digits in NUMERALS.items():
        text = text.replace(spelt, digits)
    found = set()
    for part in re.split("[、,，]", text.replace("第", "")):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        found |= set(range(ends[0], ends[-1] + 1)) if ends else set()
    return found


def places(text):
    """Every bone that a text names: (bone stem, side or '', level or None)."""
    text = text.translate(DIGITS)
    n = r"(?:第?(?:\d+|[一二三四五六七八九十]+)(?:[、至-]第?)?)+"
    found = set()
    for side, levels in re.findall(rf"([左右])侧?肋?({n})[^肋锁、，。]{{0,2}}(?:肋|\()", text):
        found |= {("rib", side, level) for level in numbers(levels)}
    for levels, name in re.findall(rf"({n})([颈胸腰])椎", text):
        found |= {(name, "", level) for level in numbers(levels)}
    for name, levels in re.findall(rf"([颈胸腰])(?:椎第)?({n})", text):
        found |= {(name, "", level) for level in numbers(levels)}
    for first, low, high in re.findall(r"([CTL])(\d+)(?:-[CTL](\d+))?", text):
        name = {"C": "颈", "T": "胸", "L": "腰"}[first]
        found |= {(name, "", level) for level in range(int(low), int(high or low) + 1)}
    for stem, nouns in NOUNS.items():
        for side in re.findall(rf"([左右双两])?侧?(?:{nouns})", text):
            both = side in ("双", "两")
            found |= {(stem, s, None) for s in ("左右" if both else side or [""])}
    return found


def expected(name):
    bone = BY_NAME[name]
    side = {"left": "左", "right": "右", "midline": ""}[bone.side]
    if bone.region == "ribs":
        return "rib", side, bone.level
    if bone.level:
        return {"C": "颈", "T": "胸", "L": "腰"}[name[0]], "", bone.level
    return name.removesuffix(f"_{bone.side}"), side, None


def is_named(name, text):
    stem, side, level = expected(name)
    return any(
        stem == s and level == n and (side == d or not side) for s, d, n in places(unslipped(text))
    )


def unslipped(text):
    return text.replace("骼骨", "髂骨").replace("骼嵴", "髂嵴").replace("勒", "肋")


def test_the_independent_reader_reads():
    assert ("rib", "左", 5) in places("左侧第3至第6前肋")
    assert places("右3、5后肋") == {("rib", "右", 3), ("rib", "右", 5)}
    assert ("胸", "", 12) in places("第十二胸椎")
    assert ("股", "左", None) not in places("左侧股骨上段")
    assert ("femur", "左", None) in places("双侧股骨上段")


# --- What is said is so. -------------------------------------------------------------------------


def test_every_focus_it_names_stands_in_the_text_with_side_and_level(written):
    named = 0
    for _, report, foci in written:
        for f in foci:
            if f.named:
                assert is_named(f.named, report.text), (f, report.text)
                named += 1
    assert named > 700


def test_it_names_no_bone_that_holds_nothing(written):
    """Every numbered rib and vertebra in the text, and every side, is one of the patient's."""
    for plan, report, foci in written:
        true = {expected(f.named or f.bone) for f in foci if f.bone}
        allowed = {p for p in true if p[2]}
        said = {p for p in places(unslipped(report.findings)) if p[2]}
        assert said <= allowed, (said - allowed, report.findings, plan.foci)
        for stem in ("femur", "ilium", "clavicle", "pubis", "ischium", "scapula"):
            sides = {d for s, d, _ in places(unslipped(report.findings)) if s == stem and d}
            have = {d for s, d, _ in true if s == stem}
            exempt = stem == "pubis" or any(f.kind in ("prosthesis", "necrosis") for f in plan.foci)
            assert exempt or sides <= have, (stem, report.findings)


def test_ambiguous_foci_are_always_named_and_never_miscounted(written):
    strata = Counter()
    for _, report, foci in written:
        for f in foci:
            if f.ambiguous:
                assert f.mentioned
                assert f.named == f.bone
                assert is_named(f.bone, report.findings)
                assert is_named(f.bone, report.impression), report.text
                strata[f.certainty, f.metastatic] += 1
    for stratum, low in (("high", 1.0), ("middle", 0.65), ("low", 0.25)):
        spread, benign = strata[stratum, True], strata[stratum, False]
        assert spread / (spread + benign) >= low, stratum
    assert strata["benign", True] < 0.1 * strata["benign", False]


def test_levels_are_miscounted_as_often_as_asked(written):
    ribs, spine = [], []
    for _, _, foci in written:
        for f in foci:
            if f.named and not f.ambiguous and BY_NAME[f.bone].level:
                off = BY_NAME[f.named].level - BY_NAME[f.bone].level
                assert abs(off) <= 1
                assert BY_NAME[f.named].region == BY_NAME[f.bone].region
                assert BY_NAME[f.named].side == BY_NAME[f.bone].side
                (ribs if BY_NAME[f.bone].region == "ribs" else spine).append(off != 0)
    assert 0.02 <= np.mean(ribs) <= 0.11
    assert 0.015 <= np.mean(spine) <= 0.07


def test_what_is_passed_over_is_mostly_faint_and_never_everything(written):
    for _, _, foci in written:
        clear = [f for f in foci if f.metastatic and not f.ambiguous]
        if clear:
            assert any(f.mentioned for f in clear)
        for f in foci:
            assert bool(f.certainty) == f.mentioned
            assert f.mentioned or not f.named
            if not f.metastatic and not f.ambiguous and f.mentioned:
                assert f.certainty == "benign"
    several = [[f for f in foci if f.metastatic and not f.ambiguous] for _, _, foci in written]
    faint = [f for fs in several if len(fs) > 1 for f in fs if 1 < f.ratio < 2]
    assert 0.05 <= np.mean([not f.mentioned for f in faint]) <= 0.22


METASTASIS = re.compile("骨转移|转移瘤")
DENIED = re.compile("[^，。；,.;]*(?:未见|无)[^，。；,.;]*转移[^，。；,.;]*")


def test_a_patient_without_metastases_is_told_so(written):
    for plan, report, _ in written:
        if plan.notes["status"] == "normal" and plan.superscan != "metabolic":
            rest = DENIED.sub("", report.impression)
            assert not METASTASIS.search(rest), report.impression
            assert re.search("未见|无明显异常|无骨转移", report.impression)


def test_a_patient_with_clear_metastases_is_told_so(written):
    for plan, report, _ in written:
        if plan.notes["status"] == "metastatic":
            rest = DENIED.sub("", report.impression)
            assert re.search("转移|性质待定|性质难定", rest), report.text
            assert "全身骨显像未见" not in report.impression


@pytest.mark.parametrize("name", CHINESE)
def test_the_mirrored_patient_has_the_mirrored_report(plans, name):
    for seed, plan in enumerate(plans[:25]):
        there, foci = report_of(plan, seed, name)
        back, others = report_of(mirror(plan), seed, name)
        assert back.findings == there.findings.translate(SWAP).replace("右左对称", "左右对称")
        assert back.impression == there.impression.translate(SWAP).replace("右左对称", "左右对称")
        assert [f.mentioned for f in foci] == [f.mentioned for f in others]


def mirror(plan):
    def turn(text):
        return text.replace("left", "?").replace("right", "left").replace("?", "right")

    foci = tuple(
        replace(
            f,
            bone=mirrored(BY_NAME[f.bone]).name if f.bone else "",
            part=turn(f.part),
            across=-f.across,
        )
        for f in plan.foci
    )
    side, *rest = plan.injection or ("", "", 0.0)
    return replace(
        plan,
        foci=foci,
        kidneys=plan.kidneys[::-1],
        injection=(turn(side), *rest) if plan.injection else None,
        scoliosis_cm=-plan.scoliosis_cm,
        notes={k: turn(v) for k, v in plan.notes.items()},
    )


def test_the_same_seed_writes_the_same_report(plans):
    for plan in plans[:20]:
        assert report_of(plan, 3) == report_of(plan, 3)
    assert report_of(plans[0], 3)[0] != report_of(plans[0], 4)[0]


# --- Patients by hand. ---------------------------------------------------------------------------


def test_nothing_at_all_is_a_normal_report():
    for seed in range(20):
        report, foci = report_of(Plan(person=PERSON, foci=()), seed, "formal")
        assert re.search("未见异常浓聚或缺损区|放射性分布未见|未见局灶性", report.findings)
        assert report.impression.startswith(("全身骨", "WBS"))
        assert "未见" in report.impression
        assert foci == ()


def test_one_metastasis_is_named_in_both_parts():
    for seed in range(20):
        plan = Plan(person=PERSON, foci=(focus("rib_right_5", part="anterior"),))
        report, (only,) = report_of(plan, seed)
        assert only.mentioned
        assert is_named(only.named, report.findings)
        assert is_named(only.named, report.impression)
        assert "左" not in report.text.replace("左右对称", "")


def test_one_side_spreads_and_the_other_was_broken():
    """The two look alike; only the words part them, in both parts of the report."""
    foci = (
        focus("rib_left_5", 1, part="lateral", ambiguous=True),
        focus("rib_right_8", 2, part="lateral", ambiguous=True, metastatic=False, kind="fracture"),
    )
    settled = 0
    for seed in range(60):
        report, said = report_of(Plan(person=PERSON, foci=foci), seed)
        items = re.split(r"\d\.(?!\d)", report.impression)
        left = next(item for item in items if "左" in item)
        right = next(item for item in items if "右" in item)
        if said[0].certainty == "high":
            assert "考虑骨转移" in left
        if said[1].certainty == "benign":
            assert re.search("骨折|良性|转移待", right)
            settled += 1
    assert settled > 40


def test_a_superscan_is_called_one():
    foci = tuple(focus(f"T{n}", n) for n in range(1, 13))
    plan = Plan(person=PERSON, foci=foci, superscan="metastatic")
    for seed in range(10):
        report, said = report_of(plan, seed)
        assert re.search("弥漫性放射性增高|超级骨显像", report.findings)
        assert "弥漫性骨转移" in report.impression
        assert all(f.mentioned for f in said)
    report, _ = report_of(replace(plan, foci=(), superscan="metabolic"))
    assert "代谢性骨病" in report.impression
    assert "骨转移" not in report.impression


def test_many_metastases_are_named_together():
    foci = tuple(focus(f"rib_{s}_{n}", 0) for s in ("left", "right") for n in range(1, 13))
    foci = tuple(replace(f, number=i, part="posterior") for i, f in enumerate(foci, 1))
    report, said = report_of(Plan(person=PERSON, foci=foci))
    assert re.search("[双两]侧多根肋骨", report.findings)
    assert sum(bool(f.named) for f in said) < 6
    assert sum(f.mentioned for f in said) >= len(foci) - 3


def test_an_unknown_style_is_refused_by_name():
    with pytest.raises(ReportError, match="no report style 'poetic'; there are standard, formal"):
        report_of(Plan(person=PERSON, foci=()), 0, "poetic")


# --- Patterns, styles and lengths. ---------------------------------------------------------------

GROUPS = {"T": 4, "N": 6, "P": 7, "S": 9, "M": 8, "U": 2, "C": 4, "B": 13, "A": 5, "Q": 4}
GROUPS |= {"R": 5, "I": 21}


def test_all_88_patterns_are_there():
    ids = {p.id for p in shared_patterns("chinese")}
    wanted = {f"{letter}{n}" for letter, count in GROUPS.items() for n in range(1, count + 1)}
    assert len(wanted) == 88
    assert wanted <= ids


def test_every_pattern_of_every_style_is_reached(monkeypatch, plans):
    said = set()
    choose = ChineseWriter._pattern

    def noting(self, statement):
        pattern = choose(self, statement)
        said.add(pattern.id)
        return pattern

    monkeypatch.setattr(ChineseWriter, "_pattern", noting)
    monkeypatch.setattr(wording, "truth", lambda *_: ())  # not asked for here, and slow to check
    ribs = ("rib_left_3", "rib_right_5", "ilium_left")
    doubtful = [
        Plan(
            person=PERSON,
            foci=tuple(focus(b, n, ambiguous=True, metastatic=m) for n, b in enumerate(ribs, 1)),
        )
        for m in (True, False, False)
    ]
    rare = [
        Plan(person=replace(PERSON, age=16), foci=()),
        Plan(person=PERSON, foci=(), notes={"tram_track": "yes", "hydronephrosis": "left"}),
        Plan(person=PERSON, foci=(), superscan="metabolic"),
        Plan(person=PERSON, foci=(benign("tibia_left", "metal", ratio=0.3),)),
        Plan(person=PERSON, foci=(benign("femur_left", "necrosis", part="proximal", ratio=0.3),)),
        Plan(person=PERSON, foci=(benign("ilium_left", "paget"),)),
        Plan(person=PERSON, foci=(benign("skull", "sinusitis", across=0.3, ratio=2.0),)),
        Plan(
            person=PERSON,
            foci=(benign("manubrium", "arthritis", along=0.1, across=0.8),),
            joints={"sternoclavicular": 2.0},
        ),
        Plan(
            person=PERSON,
            foci=(benign("femur_left", "prosthesis", part="proximal", ratio=0.1),),
            notes={"rims": "1"},
        ),
        Plan(person=PERSON, foci=some("pubis_left", "ischium_left", "pubis_right")),
        Plan(person=PERSON, foci=some("T3", "L1", "ilium_left")),
        Plan(person=PERSON, foci=some("T3", "L1", "L4")),
        Plan(person=PERSON, foci=some("rib_left_3", "rib_left_5", "rib_right_7")),
        Plan(person=PERSON, foci=(focus("L3", ratio=0.4),)),
        Plan(person=PERSON, foci=(benign("manubrium", "arthritis", along=0.1, across=-0.8),)),
        Plan(person=replace(PERSON, bmi=31.0), foci=()),
    ]
    everyone = [p for p in rare for _ in range(10)] + list(plans[:70])
    everyone += [p for p in doubtful for _ in range(30)]
    for seed, plan in enumerate(everyone):
        for name in ("standard", "distant"):
            asked = replace(style(name), habits=wordy(seed % 3))
            write_report(plan, stream(seed), asked)
    asked = [ps for name in ("standard", "distant") for ps in style(name).patterns.values()]
    assert {p.id for ps in asked for p in ps} - said == set()


def wordy(means):
    """Says all it can; checks by history, CT or an earlier scan."""
    often = {"position": 0.5, "quality": 0.5, "physiology": 0.9, "advice": 0.5}
    return Habits(ct=float(means == 1), followup=float(means == 2), **often)


def some(*bones):
    return tuple(focus(bone, i, diameter_mm=40.0) for i, bone in enumerate(bones, 1))


def benign(bone, kind, number=1, **about):
    return focus(bone, number, kind=kind, metastatic=False, **about)


def test_styles_have_names_and_one_is_held_out():
    assert style_names() == ("standard", "formal", "terse", "hybrid")
    assert style_names(held_out=True) == ("distant",)
    assert style_names(language="english") == ("english",)


def test_every_style_can_say_everything():
    roles = {p.role for p in shared_patterns("chinese")}
    for found in styles().values():
        if found.language == "chinese":
            assert roles <= found.patterns.keys(), found.name
            assert all(p.role in roles for ps in found.patterns.values() for p in ps)


def test_reports_are_as_long_as_real_ones(written):
    plain, single, several = [], [], []
    for _, report, foci in written:
        length = len(report.findings) + len(report.impression)
        suspicious = [f for f in foci if f.metastatic or f.ambiguous]
        assert 40 < length < 480, report.text
        if not any(f.mentioned for f in foci) and len(report.impression) < 20:
            plain.append(length)
        elif len(suspicious) == 1:
            single.append(length)
        elif len(suspicious) > 2:
            several.append(length)
    assert 80 <= np.median(plain) <= 120
    assert 90 <= np.median(single) <= 180
    assert 180 <= np.median(several) <= 400
    assert np.percentile(several, 95) <= 420


# --- The surface. --------------------------------------------------------------------------------

SAFE = re.compile("[左右]|[肱股]|[前后]|增高|减低|见|未|良|恶|[0-9一二三四五六七八九十]")


def test_a_slip_never_changes_a_meaning(written):
    slips = Counter()
    for seed, (_, report, _) in enumerate(written[:200]):
        text = report.findings
        wrong = with_slip(text, np.random.default_rng(seed))
        assert SAFE.findall(wrong) == SAFE.findall(text)
        assert abs(len(wrong) - len(text)) <= 1
        slips[wrong != text] += 1
    assert slips[True] > 190


def test_synonyms_leave_sides_levels_and_certainty_alone(plans):
    swaps = replace(style("standard"), synonyms=1.0, typos=0.0)
    plain = replace(swaps, synonyms=0.0)
    words = re.compile("左|右|\\d+|转移可能性大|考虑|待定|良性")
    for seed, plan in enumerate(plans[:25]):
        a = write_report(plan, np.random.default_rng(seed), swaps)
        b = write_report(plan, np.random.default_rng(seed), plain)
        assert words.findall(a[0].text) == words.findall(b[0].text)
        assert a[1] == b[1]


def test_punctuation_and_digits_by_hand():
    assert punctuated("左侧第5肋浓聚，建议CT。", "half") == "左侧第5肋浓聚,建议CT."
    assert punctuated("左侧第5肋浓聚，建议CT。", "full") == "左侧第5肋浓聚，建议CT。"
    assert with_wide_digits("99mTc-MDP后3h，第5肋，L3") == "99mTc-MDP后3h，第５肋，L3"


def test_a_style_of_ones_own_can_be_handed_in():
    own = replace(style("standard"), name="own", vertebra={"latin": 1.0}, typos=0.0)
    assert isinstance(own, Style)
    report, _ = report_of(
        Plan(person=PERSON, foci=(focus("L3", ambiguous=True, part="body"),)), 0, own
    )
    assert "L3" in report.findings


def test_english_names_the_same_foci(plans):
    ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
    for seed, plan in enumerate(plans[:50]):
        report, foci = report_of(plan, seed, "english")
        text = report.text.lower()
        assert report.text.isascii()
        for f in foci:
            if not f.named or f.named in ("skull", "mandible", "manubrium"):
                continue
            bone = BY_NAME[f.named]
            if bone.region == "ribs":
                word = ordinals.split()[bone.level - 1]
                assert re.search(rf"{bone.side} ({word} \w+ rib|\w+ rib {bone.level})", text)
            elif bone.level and f.kind != "degeneration":
                assert re.search(rf"\b{bone.name.lower()}\b", text), (f, text)
            elif bone.side != "midline" and f.kind == "metastasis":
                assert bone.side in text


# --- Identity. -----------------------------------------------------------------------------------


def test_no_report_holds_an_identity(written):
    for _, report, _ in written:
        assert not re.search(r"姓名|医院|\d{4}[-年]\d|\d{8}|医师", report.text)
