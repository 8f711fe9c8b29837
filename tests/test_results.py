"""What BENCHMARK.md and README.md say of systems is what the committed results come to."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.lesions import references
from mmseg_bone.cli.benchmark_judge import hold_against
from mmseg_bone.cli.benchmark_plan import read_accepted
from mmseg_bone.io.model import shipped_model
from mmseg_bone.io.runs import Run

ROOT = Path(__file__).parents[1]
RESULTS, MANY, FULL, HOSPITAL = (
    ROOT / "results" / name for name in ("benchmark", "many", "full", "hospital")
)
CONTROLS = ("empty", "shuffled", "side_flipped", "findings_only", "impression_only")
TOLD = [  # of every row, in this order
    ("dice", "patient"),
    ("dice", "image_pos"),
    ("dice", "micro"),
    ("lesion_sensitivity", "lesion"),
    ("false_positives", "scan"),
]
SHIPS = "text_kept_bones_peaks_full"  # the one tuned, with three tenths of its weights before
TOLD_PEAKS = "text_added_bones_peaks_full"  # told what stands out on a bone
ON_ATLAS = "text_added_atlas_peaks_full"  # the same, with heads that change an atlas
TUNED = "text_tuned_bones_peaks_full"  # told what stands out, then let learn on as a whole
PEAKS = "text_added_bones_peaks_many"
TOGETHER = "text_fused_bones_words_many"  # image and report trained together
# What a row is set against, which is trained as it is without a report, and the rows.
AGAINST = {
    "text_free": (
        "text_fused",
        "text_fused_atlas",
        "text_added_atlas",
        "text_fused_atlas_words",
        "text_added_atlas_words",
    ),
    "text_free_long": ("text_added_atlas_words_long", "text_added_atlas_words_wary"),
    "text_free_bones_long": ("text_fused_bones_words_wary", "text_added_bones_words_long"),
    "text_free_bones_many": (
        TOGETHER,
        "text_added_bones_words_many",
        "text_free_bones_on_many",
        PEAKS,
    ),
    "text_free_many": ("text_free_bones_many", TOGETHER, "text_free_bf16_many"),
    TOGETHER: ("text_fused_bones_words_bf16_many",),
    "text_free_bones_full": ("text_added_bones_words_full", TOLD_PEAKS, ON_ATLAS, TUNED, SHIPS),
    "text_free_full": (
        "text_free_bones_full",
        "text_added_bones_words_full",
        TOLD_PEAKS,
        ON_ATLAS,
        TUNED,
        SHIPS,
    ),
    "text_free_anew": (
        "text_fused_anew",
        "shipped_as_it_is",
        "shipped_learns",
        "shipped_learns_kept",
    ),
}
BLIND = {  # on cohorts used for no choice: what is set against what, and where it is
    "text_free_bones_many, on store 2ba40c7c": ("fourth", ("free*", "words_many*", "wary*")),
    "text_added_bones_words_full, on store 2ba40c7c, empty": ("fourth", ("words_full*",)),
    "text_added_bones_words_full, on store 364a416e, empty": ("fifth", ("*",)),
    "text_added_bones_peaks_full, on store 4960e118, empty": ("sixth", ("*",)),
    "text_kept_bones_peaks_full, on store 32944733, empty": ("seventh", ("*",)),
}
IN_README = {
    "text_fused",
    "text_fused_atlas",
    "text_fused_atlas_words",
    "text_added_bones_words_full",
    TOLD_PEAKS,
    SHIPS,
}


def folder_of(row):
    return next(path for path in (RESULTS, MANY, FULL, HOSPITAL) if (path / row).is_dir())


def compared(baseline, rows, controls=(), first=None, measures=TOLD, resamples=200):
    results = folder_of(baseline)
    runs = [Run(path) for row in (baseline, *rows) for path in results.glob(f"{row}/seed-*")]
    read = [run.path / control for run in runs for control in controls if run.name in rows]
    runs += [Run(path) for path in read if path.is_dir()]
    found = collect(runs)
    if first is not None:
        few = {name: scores[scores.id < f"s{first:06}"] for name, scores in found.scores.items()}
        found = replace(found, scores=few, tables={})
    return compare(found, baseline=baseline, measures=measures, resamples=resamples)


def signed(value):
    return f"{value:+.3f}".replace("-", "−")


def told(table, column, measure=TOLD[0]):
    """One measure of each experiment."""
    metric, aggregation = measure
    rows = table[(table.metric == metric) & (table.aggregation == aggregation)]
    return rows.set_index("experiment")[column]


def tail(scores, name):
    """The last cells of a row of a page."""
    values = [told(scores, "value", measure)[name] for measure in TOLD[1:]]
    return " | ".join([*(f"{value:.3f}" for value in values[:-1]), f"{values[-1]:.2f} |"])


def test_each_system_has_three_seeds_or_is_called_exploratory():
    page = (ROOT / "BENCHMARK.md").read_text("utf-8").splitlines()
    for path in (*RESULTS.iterdir(), *MANY.iterdir(), *FULL.iterdir()):
        seeds = len(list(path.glob("seed-*")))
        told = any(f"{path.name} (exploratory" in line for line in page)
        assert told == (seeds < 3), path.name


@pytest.mark.parametrize("baseline", AGAINST)
def test_scores_on_the_pages_are_those_of_the_results(baseline):
    page, readme = ((ROOT / name).read_text("utf-8") for name in ("BENCHMARK.md", "README.md"))
    found = compared(baseline, AGAINST[baseline], CONTROLS)
    scores, gaps = told(found.scores, "value"), told(found.differences, "difference")
    seeds = told(found.scores, "seeds")
    assert f"{scores[baseline]:.3f}" in page
    assert f"{scores[baseline]:.3f}" in readme or not IN_README & set(AGAINST[baseline])
    for name in gaps.index:
        row, _, control = name.partition(", ")
        assert seeds[name] == (1 if row == "shipped_as_it_is" else 3)
        cells = f"| {scores[name]:.3f} [", f"| {signed(gaps[name])} [", tail(found.scores, name)
        assert any(all(cell in line for cell in cells) for line in page.splitlines()), name
        if row in IN_README and (not control or (row == SHIPS and control in CONTROLS[:2])):
            assert f"{scores[name]:.3f}" in readme, name
            assert signed(gaps[name]) in readme, name


def test_the_page_says_how_both_do_on_the_patients_of_the_quick_cohort():
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    found = compared("text_free_bones_many", [TOGETHER], first=100)
    alone, read = told(found.scores, "value")
    assert set(told(found.scores, "patients")) == {100}
    assert f"{alone:.3f} (learnt from 300: " in page
    assert f"with the report at {read:.3f} (" in page
    assert f": {signed(told(found.differences, 'difference').iloc[0])} [" in page


def test_how_many_ambiguous_metastases_are_found_by_how_far_they_stand_out():
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    edges, labels = [-math.inf, 1, 2, 3, math.inf], ["< 1", "1–2", "2–3", "≥ 3"]
    found = []
    for row in ("text_free_bones_full", SHIPS):
        of_seeds = [Run(FULL / row / f"seed-{seed}").read_table("lesions") for seed in range(3)]
        lesions = references(pd.concat(of_seeds))
        lesions = lesions[(lesions.ambiguous == 1) & (lesions.kind == "metastasis")]
        band = pd.cut(lesions.cnr, edges, right=False, labels=labels)
        found.append(lesions.groupby(band, observed=True).hit.agg(["size", "mean"]))
    alone, read = found
    assert f"of the {alone['size'].sum() // 3} ambiguous metastases" in page
    for label in labels:
        shares = f"{alone['mean'][label]:.3f} | {read['mean'][label]:.3f} |"
        assert f"| {label} | {alone['size'][label] // 3} | {shares}" in page


def test_what_a_gain_is_made_of_is_that_of_the_results():
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    table = page.split("### What a gain is made of\n")[1].split("\n### ")[0].splitlines()
    rows = [line for line in table if line.startswith("| text_")]
    firsts = [line.split(" | ")[1].strip() == "" for line in rows]
    assert sum(firsts) == 5  # baselines, which have no report
    measures = [("dice", "patient"), ("dice", "patient_pos")]
    for start in (at for at, first in enumerate(firsts) if first):
        end = next((at for at in range(start + 1, len(rows)) if firsts[at]), len(rows))
        names = [line.split("|")[1].strip() for line in rows[start:end]]
        found = compared(names[0], names[1:], measures=measures)
        for name, line in zip(names[1:], rows[start + 1 : end], strict=True):
            for measure in measures:
                score = told(found.scores, "value", measure)[name]
                gap = told(found.differences, "difference", measure)[name]
                assert f"| {score:.3f} | {signed(gap)} [" in line


@pytest.mark.parametrize(
    ("baseline", "row", "measure"),
    [
        ("msa_net", "cgan", ("dice", "patient")),
        ("cgan", "text_cgan", ("dice", "patient")),
        ("cgan", "text_cgan", ("dice", "patient_pos")),
        ("text_free_10", "text_fused_atlas_10", ("dice", "patient")),
        ("text_free_30", "text_fused_atlas_30", ("dice", "patient")),
        ("drawn_10", "report_semi_10", ("dice", "patient")),
        ("drawn_10", "report_semi_10", ("dice", "patient_pos")),
        ("text_free_10", "report_semi_10", ("dice", "patient_pos")),
        ("drawn_10", "fuzzy_semi_10", ("dice", "patient")),
        ("drawn_10", "fuzzy_semi_10", ("dice", "micro")),
        (TOLD_PEAKS, ON_ATLAS, ("dice", "patient")),
        (TOLD_PEAKS, TUNED, ("dice", "patient")),
        (TOLD_PEAKS, TUNED, ("dice", "patient_pos")),
        (TOLD_PEAKS, SHIPS, ("dice", "patient")),
        (TOLD_PEAKS, SHIPS, ("dice", "patient_pos")),
    ],
)
def test_differences_told_in_words_are_those_of_the_results(baseline, row, measure):
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    gaps = compared(baseline, (row,), measures=[measure], resamples=10_000).differences
    (gap,) = gaps.to_dict("records")
    value, low, high = (signed(gap[name]) for name in ("difference", "low", "high"))
    assert f"{value} [{low}, {high}]" in page


def test_intervals_with_seeds_are_those_of_the_results():
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    table = page.split("### With trainings drawn as well\n")[1].split("\n### ")[0].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table if "| text_" in line]
    assert len(rows) == 23
    measures = [("dice", "patient"), ("dice", "patient_pos")]
    for baseline in dict.fromkeys(row[1] for row in rows):
        own = {name: cells for name, against, *cells in rows if against == baseline}
        names = {name.split(",")[0] for name in own}
        found = compared(baseline, names, ["shuffled"], measures=measures, resamples=10_000)
        for name, cells in own.items():
            experiment = name.replace("another patient's", "shuffled")
            for at, measure in enumerate(measures):
                gap, *ends = (
                    signed(told(found.differences, column, measure)[experiment])
                    for column in ("difference", "low", "high", "low_with_seeds", "high_with_seeds")
                )
                assert cells[2 * at] == f"{gap} [{ends[0]}, {ends[1]}]"
                assert cells[2 * at + 1] == f"[{ends[2]}, {ends[3]}]"


def test_what_the_parts_are_worth_is_that_of_the_results():
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    table = page.split("### What the parts are worth\n")[1].split("\n### ")[0].splitlines()
    rows = {line.split("|")[1].split("(")[0].strip(): line for line in table if " | " in line}
    parts = [path.name for path in RESULTS.iterdir() if path.name in rows]
    assert len(parts) == 23
    found = compared("text_free", parts, ("empty", "shuffled", "side_flipped"))
    scores, gaps = told(found.scores, "value"), told(found.differences, "difference")
    for name in parts:
        read = [f"{name}, {control}" for control in ("empty", "shuffled", "side_flipped")]
        last = [signed(gaps[control]) if control in gaps else "" for control in read]
        for measure in (("dice", "image_pos"), ("lesion_sensitivity", "lesion")):
            last.append(f"{told(found.scores, 'value', measure)[name]:.3f}")
        last.append(f"{told(found.scores, 'value', ('false_positives', 'scan'))[name]:.2f}")
        assert f"| {scores[name]:.3f} | {signed(gaps[name])} [" in rows[name]
        assert rows[name].endswith("] | " + " | ".join(last) + " |"), name


@pytest.mark.parametrize("baseline", BLIND)
def test_what_is_told_of_patients_nobody_had_looked_at_is_that_of_the_results(baseline):
    page = (ROOT / "BENCHMARK.md").read_text("utf-8").splitlines()
    cohort, names = BLIND[baseline]
    found = collect(Run(p) for name in names for p in (ROOT / "results" / cohort).glob(name))
    found = compare(found, baseline=baseline, measures=TOLD, resamples=200)
    scores, gaps = told(found.scores, "value"), told(found.differences, "difference")
    for name in gaps.index:
        cells = f"| {scores[name]:.3f} [", f"| {signed(gaps[name])} [", tail(found.scores, name)
        assert any(all(cell in line for cell in cells) for line in page), name


def test_what_ships_is_of_the_results_and_its_card_says_their_scores():
    shipped = Run(shipped_model())
    result = Run(FULL / SHIPS / f"seed-{shipped.seed}")
    assert (shipped.name, shipped.store_digest) == (result.name, result.store_digest)
    dice = json.loads((result.path / "summary.json").read_text("utf-8"))["patient"]["dice"]
    assert f"{dice:.3f}" in (shipped.path / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("row", "alone"),
    [
        (row, alone)
        for alone, rows in AGAINST.items()
        for row in rows
        # text_free_full learns no bones; the image part of what ships was rounded on its way
        if row.startswith("text_added")
        and alone != "text_free_full"
        and row not in (TOLD_PEAKS, ON_ATLAS)
    ],
)
def test_without_a_report_what_was_added_to_an_image_part_changes_nothing(row, alone):
    for path in sorted(folder_of(row).glob(f"{row}/seed-*")):
        unread, without = (
            Run(of).read_scores().set_index(["id", "view"])[["tp", "fp", "fn"]]
            for of in (path / "empty", folder_of(row) / alone / path.name)
        )
        assert unread.equals(without)


def test_all_that_is_accepted_of_two_spots_is_shown(capsys):
    hold_against("two_spots", ROOT / "results" / "two_spots")  # raises where a line does not hold
    told = capsys.readouterr().out
    assert told.count("pass  ") == len(read_accepted("two_spots"))
    page = (ROOT / "BENCHMARK.md").read_text("utf-8")
    table = [line for line in told.splitlines() if line.startswith("| text_")]
    for cell in (number for line in table for number in re.findall(r"0\.\d{3}", line)):
        assert cell in page


def test_no_result_names_a_folder_or_holds_a_word_of_a_report():
    for path in (ROOT / "results").rglob("*"):
        if path.is_file():
            content = path.read_text("utf-8")
            assert "/home" not in content
            assert "浓聚" not in content
