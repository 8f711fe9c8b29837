"""The benchmark of two spots: what its plan wants shown, and how results are held against it."""

import json

import pytest

from mmseg_bone.cli import benchmark_job, main
from mmseg_bone.cli.benchmark_job import Folders
from mmseg_bone.cli.benchmark_plan import read_accepted, read_plan

GOOD = {
    "text_free": {"": 0.64},
    "text_fused": {"": 0.70, "empty": 0.63, "shuffled": 0.60, "side_flipped": 0.55},
    "text_fused_atlas": {"": 0.85, "empty": 0.63, "shuffled": 0.30, "side_flipped": 0.20},
}


@pytest.fixture
def judged(tmp_path, capsys):
    """Judge results of these pooled Dice, the same for every seed; what it printed."""

    def judge(dice, seeds=(0, 1, 2), plan="two_spots"):
        for row, controls in dice.items():
            for seed in seeds:
                for control, value in controls.items():
                    folder = tmp_path / row / f"seed-{seed}" / control
                    folder.mkdir(parents=True, exist_ok=True)
                    summary = {"micro": {"dice": value}, "patient": {"dice": 0.9}}
                    (folder / "summary.json").write_text(json.dumps(summary))
        words = [f"--plan={plan}", f"--results={tmp_path}", "--judge"]
        with pytest.raises(SystemExit) as end:
            main(["benchmark", "nowhere", *words])  # neither stores nor runs are read
        return capsys.readouterr().out + str(end.value.code or "")

    return judge


def test_results_that_show_everything_pass_before_all_rows_were_run(judged):
    text = judged(GOOD)
    assert "best: text_fused_atlas" in text
    assert text.count("pass") == 5
    assert "FAIL" not in text
    assert "| text_fused_atlas | 0.850 (0.85, 0.85, 0.85) | 0.630 (" in text
    assert "| text_fused_film | - | - | - | - |" in text


@pytest.mark.parametrize(
    ("row", "control", "value", "line"),
    [
        ("text_fused_atlas", "", 0.78, "best >= text_free + 0.15"),
        ("text_fused", "", 0.64, "text_fused > text_free"),
        ("text_fused_atlas", "shuffled", 0.67, "best, shuffled <= text_free + 0.02"),
        ("text_fused_atlas", "side_flipped", 0.64, "best, side_flipped < text_free"),
        ("text_fused_atlas", "empty", 0.61, "best, empty >= text_free - 0.02"),
    ],
)
def test_each_line_of_the_plan_can_fail(judged, row, control, value, line):
    text = judged(GOOD | {row: GOOD[row] | {control: value}})
    assert f"FAIL  {line}" in text
    assert "1 of 5 lines of the plan two_spots do not hold" in text


def test_a_seed_too_few_is_no_pass(judged):
    assert "5 of 5 lines" in judged(GOOD, seeds=(0, 1))


def test_a_plan_that_wants_nothing_shown_says_so(judged):
    assert "the plan paper has no key accepted" in judged({}, plan="paper")
    assert read_accepted("paper") == []


def test_the_plan_is_made_of_settings_that_exist(tmp_path):
    folders = Folders(tmp_path, tmp_path / "runs", tmp_path / "results")
    jobs = read_plan("two_spots")
    assert {job.seed for job in jobs} == {0, 1, 2}
    for job in jobs:
        if job.seed == 0:
            cfg, row = benchmark_job.settings(job, folders), job.row.removesuffix("_bf16")
            assert cfg.model.get("fusion", "none") in row or row in ("text_free", "text_fused")
            assert (cfg.trainer.precision == "bf16-mixed") == job.row.endswith("_bf16")
    rows = {scored[0] for line in read_accepted("two_spots") for scored in (line.left, line.right)}
    assert rows <= {job.row for job in jobs} | {"best"}
