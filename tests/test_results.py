"""What BENCHMARK.md and README.md say of systems is what results/benchmark comes to."""

from pathlib import Path

import pytest

from mmseg_bone.analysis.comparison import compare
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.io.runs import Run

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "benchmark"
ATLAS = "text_fused_atlas"
CONTROLS = ("empty", "shuffled", "side_flipped", "findings_only", "impression_only")


@pytest.fixture(scope="module")
def compared():
    runs = [Run(path) for path in sorted(RESULTS.glob("*/seed-*"))]
    runs += [
        Run(path / control) for path in RESULTS.glob(f"{ATLAS}/seed-*") for control in CONTROLS
    ]
    return compare(collect(runs), baseline="text_free", resamples=200)


def signed(value):
    return f"{value:+.3f}".replace("-", "−")


def test_each_system_has_three_seeds(compared):
    assert set(compared.scores["seeds"]) == {3}


@pytest.mark.parametrize("page", ["BENCHMARK.md", "README.md"])
def test_scores_on_the_page_are_those_of_the_results(compared, page):
    text = (ROOT / page).read_text("utf-8")
    rows = compared.scores.query("metric == 'dice' and aggregation == 'patient'")
    rows = rows.set_index("experiment")["value"]
    for name in ("text_free", "text_fused", ATLAS, f"{ATLAS}, empty", f"{ATLAS}, shuffled"):
        assert f"{rows[name]:.3f}" in text
    gaps = compared.differences.query("metric == 'dice' and aggregation == 'patient'")
    gaps = gaps.set_index("experiment")["difference"]
    for name in ("text_fused", ATLAS, f"{ATLAS}, empty", f"{ATLAS}, shuffled"):
        assert signed(gaps[name]) in text


def test_no_result_names_a_folder_or_holds_a_word_of_a_report():
    for path in RESULTS.rglob("*"):
        if path.is_file():
            content = path.read_text("utf-8")
            assert "/home" not in content
            assert "浓聚" not in content
