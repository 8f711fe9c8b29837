"""What BENCHMARK.md and README.md say of systems is what the committed results come to."""

import json
import re
from pathlib import Path

import pytest

from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.cli.benchmark_judge import hold_against
from mmseg_bone.cli.benchmark_plan import read_accepted
from mmseg_bone.io.model import shipped_model
from mmseg_bone.io.runs import Run

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "benchmark"
ATLAS, ADDED = "text_fused_atlas", "text_added_atlas"
WORDS, ADDED_WORDS = "text_fused_atlas_words", "text_added_atlas_words"
LONG = "text_added_atlas_words_long"  # it ships
SYSTEMS = ("text_free", "text_fused", ATLAS, ADDED, WORDS, ADDED_WORDS)
DICE = [("dice", "patient")]  # what the pages tell of every row
CONTROLS = ("empty", "shuffled", "side_flipped", "findings_only", "impression_only")


@pytest.fixture(scope="module")
def compared():
    runs = [Run(path) for path in sorted(RESULTS.glob("*/seed-*"))]
    runs += [
        Run(path / control)
        for row in (ATLAS, ADDED, ADDED_WORDS)
        for path in RESULTS.glob(f"{row}/seed-*")
        for control in CONTROLS
    ]
    return compare(collect(runs), baseline="text_free", measures=DICE, resamples=200)


@pytest.fixture(scope="module")
def longer():
    """The longer stage, against the same training without a report."""
    runs = [Run(path) for path in sorted(RESULTS.glob("*_long/seed-*"))]
    runs += [Run(p / c) for p in RESULTS.glob(f"{LONG}/seed-*") for c in CONTROLS[:2]]
    return compare(collect(runs), baseline="text_free_long", measures=DICE, resamples=200)


def signed(value):
    return f"{value:+.3f}".replace("-", "−")


def test_each_system_has_three_seeds_or_is_called_exploratory(compared):
    page = (ROOT / "BENCHMARK.md").read_text("utf-8").splitlines()
    for name, seeds in compared.scores.set_index("experiment").seeds.items():
        if name.partition(",")[0] in SYSTEMS:
            assert seeds == 3, name
        elif seeds < 3:
            assert any(f"{name} (exploratory" in line for line in page), name


@pytest.mark.parametrize("page", ["BENCHMARK.md", "README.md"])
def test_scores_on_the_page_are_those_of_the_results(compared, page):
    text = (ROOT / page).read_text("utf-8")
    rows = compared.scores.set_index("experiment")["value"]
    controlled = [
        f"{row}, {control}" for row in (ATLAS, ADDED, ADDED_WORDS) for control in CONTROLS[:2]
    ]
    for name in (*SYSTEMS, *controlled):
        assert f"{rows[name]:.3f}" in text
    gaps = compared.differences.set_index("experiment")["difference"]
    for name in (*SYSTEMS[1:], *controlled):
        assert signed(gaps[name]) in text


@pytest.mark.parametrize("page", ["BENCHMARK.md", "README.md"])
def test_so_are_those_of_the_longer_training(longer, page):
    text = (ROOT / page).read_text("utf-8")
    rows = longer.scores.set_index("experiment")
    gaps = longer.differences.set_index("experiment")["difference"]
    assert rows.seeds[LONG] == rows.seeds["text_free_long"] == 3
    for name in ("text_free_long", LONG, f"{LONG}, shuffled"):
        assert f"{rows.value[name]:.3f}" in text
    for name in (LONG, f"{LONG}, shuffled"):
        assert signed(gaps[name]) in text


def test_what_ships_is_of_the_results_and_its_card_says_their_scores():
    shipped = Run(shipped_model())
    result = Run(RESULTS / LONG / f"seed-{shipped.seed}")
    assert (shipped.name, shipped.store_digest) == (result.name, result.store_digest)
    dice = json.loads((result.path / "summary.json").read_text("utf-8"))["patient"]["dice"]
    assert f"{dice:.3f}" in (shipped.path / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("row", "alone"), [(ADDED, "text_free"), (ADDED_WORDS, "text_free"), (LONG, "text_free_long")]
)
def test_without_a_report_what_was_added_to_an_image_part_changes_nothing(row, alone):
    for path in sorted(RESULTS.glob(f"{row}/seed-*")):
        unread, without = (
            Run(of).read_scores().set_index(["id", "view"])[["tp", "fp", "fn"]]
            for of in (path / "empty", RESULTS / alone / path.name)
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
