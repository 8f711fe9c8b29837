"""Whether a run that is there is taken for the one that is asked for."""

from copy import deepcopy
from pathlib import Path

import pytest

from mmseg_bone.cli import benchmark_job
from mmseg_bone.cli.benchmark_plan import read_plan
from mmseg_bone.cli.settings import refuse_another, refuse_going_on
from mmseg_bone.errors import PlanError, RunError
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store

RESULTS = Path(__file__).parents[2] / "results"
PLANS = {
    "paper": "benchmark",
    "many": "many",
    "full": "full",
    "hospital": "hospital",
    "two_spots": "two_spots",
}
CROP = {"_target_": "mmseg_bone.data.steps.CropBody", "margin_mm": 15.0}
CONFIG = {
    "seed": 0,
    "start": None,
    "steps": {},
    "augment": None,
    "model": {"_target_": "mmseg_bone.models.text_unet.TextUNet", "levels": [2, 3, 4], "depth": 4},
    "text": {"model": "default"},
    "trainer": {"callbacks": [{"studies": 4}]},
    "logger": {"csv": {"name": "log"}},
}


@pytest.fixture(autouse=True)
def _one_store(monkeypatch):
    """Every run is of the store that is asked for."""
    monkeypatch.setattr(Run, "store_digest", "abc")
    monkeypatch.setattr(Store, "__init__", lambda self, path: None)
    monkeypatch.setattr(Store, "digest", "abc")


def changed(key, value):
    """The settings with one of them set to a value, or left out."""
    config = deepcopy(CONFIG)
    *above, last = key.split(".")
    part = config
    for name in above:
        part = part[name]
    part[last] = value
    if value is ...:
        del part[last]
    return config


def hold(folder, then, now):
    Run.start(folder, then, {})
    refuse_another(folder, now, Path("store"))


@pytest.mark.parametrize(
    ("key", "then", "now"),
    [
        ("model.levels", None, [1, 2]),
        ("model.levels", [2, 3, 4], [2, 3]),
        ("model.levels", [2, 3, 4], None),
        ("model.levels", [2, 3, 4], []),
        ("steps", {}, {"body": CROP}),
        ("steps", {"body": CROP}, {}),
        ("steps", {"body": CROP}, {"body": CROP, "thorax": CROP}),
        ("steps", ..., {"body": CROP}),  # conf/train.yaml says that there is none
        ("augment", None, {"mirror": 0.5}),
        ("augment", {"mirror": 0.5}, None),
        ("model.patch", ..., 2),  # the network's default is 1
        ("model.patch", 2, ...),
        ("trainer.callbacks", [{"studies": 4}], [{"studies": 4}, {"studies": 8}]),
        ("trainer.callbacks", [{"studies": 4}], [{"studies": 8}]),
        ("start", None, "runs/free/seed-0"),
        ("start", "runs/free/seed-0", "runs/free_long/seed-0"),
        ("start", "seed-0", "runs/free/seed-1"),
        ("start", "start", None),
        ("weights", "weights", "shipped"),
        ("text.model", "default", "hfl/chinese-macbert-base"),
    ],
)
def test_a_run_of_other_settings_is_refused(key, then, now, tmp_path):
    with pytest.raises(PlanError, match=rf"was made with {key}.* is asked for"):
        hold(tmp_path, changed(key, then), changed(key, now))


@pytest.mark.parametrize(
    ("key", "then", "now"),
    [
        ("model.patch", ..., 1),
        ("model.patch", 1, ...),
        ("smallest_mm2", ..., 0),
        ("start", ..., None),
        ("text.lr", ..., 0.001),  # its default nobody knows
        ("name", "free, empty", ...),  # not asked about
        ("logger", {"csv": {"name": "log"}}, {"wandb": {"project": "bones"}}),
        ("start", "seed-0", "runs/free/seed-0"),  # results say no more, or
        ("start", "free/seed-0", "runs/benchmark/free/seed-0"),  # the row, wherever it lies
        ("weights", "/elsewhere/runs/free/seed-0", "runs/free/seed-0"),
        ("weights", "weights", "runs/free/seed-0"),  # handed on; which it was is not told
        ("text.model", "encoder", "encoders/encoder"),
        (
            "trainer.callbacks",
            [{"_target_": "pytorch_lightning.callbacks.ModelCheckpoint", "monitor": "val/dice"}],
            [{"_target_": "mmseg_bone.tasks.checkpoints.Checkpoints", "monitor": "val/dice"}],
        ),
    ],
)
def test_a_run_of_the_same_settings_is_taken_though_options_came_since(key, then, now, tmp_path):
    hold(tmp_path, changed(key, then), changed(key, now))


def test_a_run_that_was_not_begun_is_asked_nothing(tmp_path):
    refuse_another(tmp_path, CONFIG, Path("store"))


def go_on(folder, then, now, digest="abc"):
    Run.start(folder, then, {"store_digest": "abc"})
    refuse_going_on(folder, now, ("store=other", digest), ["start", "model", "steps"])


@pytest.mark.parametrize(
    ("key", "then", "now", "said"),
    [
        ("start", None, "runs/free/seed-0", "Give start=null as it was"),
        ("steps", {"body": CROP}, {}, r"steps=\{...\}, and \{...\} is asked"),
        ("model.depth", 4, 5, r"model\.depth=4, and 5 is asked for\. Give the experiment"),
        ("model.patch", 2, ..., "and 1 is asked for"),  # the network's default is 1
        ("model.ground", CROP, None, r"model\.ground=CropBody, and null is asked"),
    ],
)
def test_what_has_to_stay_is_named_when_a_run_would_go_on_as_another(
    key, then, now, said, tmp_path
):
    with pytest.raises(RunError, match=said):
        go_on(tmp_path, changed(key, then), changed(key, now))


@pytest.mark.parametrize(
    ("key", "then", "now"),
    [
        ("trainer.callbacks", [{"studies": 4}], []),
        ("seed", 0, 1),  # not asked about here
        ("steps", ..., {}),
        ("model.patch", ..., 1),
        ("start", "/elsewhere/free/seed-0", "runs/free/seed-0"),
    ],
)
def test_all_else_may_change_when_a_run_goes_on(key, then, now, tmp_path):
    go_on(tmp_path, changed(key, then), changed(key, now))


def test_a_run_goes_on_with_the_studies_it_was_begun_on_as_far_as_it_tells(tmp_path):
    with pytest.raises(RunError, match="has not learnt from store=other: the digests differ"):
        go_on(tmp_path, CONFIG, CONFIG, digest="def")
    (tmp_path / "environment.json").unlink()
    refuse_going_on(tmp_path, CONFIG, ("store=other", "def"), ["model"])


@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS)
def test_results_that_are_kept_beside_the_code_are_those_of_their_plan(plan, tmp_path):
    folders = benchmark_job.Folders(tmp_path, tmp_path / "runs", RESULTS / PLANS[plan])
    jobs = [job for job in read_plan(plan) if (folders.results / job.key).is_dir()]
    assert jobs
    for job in jobs:
        if job.seed == jobs[0].seed:  # others differ in nothing else
            benchmark_job.check(job, folders)
