"""The whole benchmark on studies of a few pixels: cut off, carried on, compared without runs."""

import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
import yaml
from safetensors.torch import load_file

from mmseg_bone.cli import CONF, benchmark_job, main
from mmseg_bone.cli import benchmark as command
from mmseg_bone.cli.benchmark_plan import read_accepted, read_plan, select
from mmseg_bone.errors import PlanError
from mmseg_bone.io.lock import alone
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.tasks.segmentation import SegmentationTask
from tests.cli.studies import SECRET, patients

TINY = [
    "model.base_channels=4",
    "model.depth=3",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "data.batch_size=2",
    "trainer.max_epochs=2",
]
PLAN = {
    "common": TINY,
    "seeds": [0, 1],
    "controls": ["empty"],
    "shifted": ["shifted"],
    "stages": {
        "text": {
            "free": {"train": ["experiment=text_free"], "controls": []},
            "fused": {"train": ["experiment=text_fused"], "seeds": [0]},
        }
    },
}
PLANS = sorted(file.stem for file in (CONF / "benchmark").glob("*.yaml"))
OF_A_RESULT = {"config.yaml", "environment.json", "summary.json", "scores.csv", "scans.csv"}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Six patients to learn from, two of another camera, in a folder named after somebody."""
    root = tmp_path_factory.mktemp("wang_xiaoming")
    studies = patients(8)
    Store.write(root / "main", studies[:6], {f"p{i}": i % 3 for i in range(6)})
    Store.write(root / "shifted", studies[6:], {"p6": 0, "p7": 0})
    return root


@pytest.fixture
def bench(stores, tmp_path, monkeypatch, capsys):
    """Run the plan, its jobs in this process; what it printed, and what it ended with."""

    def in_this_process(words, **_):
        monkeypatch.setattr(sys, "argv", words[2:])
        try:
            benchmark_job.main()
        except SystemExit as end:
            return subprocess.CompletedProcess(words, end.code if end.code == 75 else 1)
        return subprocess.CompletedProcess(words, 0)

    # In this module only: others ask git for the commit.
    ours = SimpleNamespace(run=in_this_process, STDOUT=None)
    monkeypatch.setattr(command, "subprocess", ours)

    def run(plan=PLAN, *words, store=stores):
        path = tmp_path / "plan.yaml"
        path.write_text(yaml.safe_dump(plan, sort_keys=False))
        where = [f"--runs={tmp_path}/runs", f"--results={tmp_path}/results"]
        with pytest.raises(SystemExit) as end:
            main(["benchmark", str(store), f"--plan={path}", *where, *words])
        return capsys.readouterr().out + str(end.value.code or "")

    return run


def told(text, what):
    """The jobs of which this was said, in order."""
    return [line.split()[2] for line in text.splitlines() if f"  {what}" in line]


def cut_off(monkeypatch, error):
    """Break the second epoch of what reads reports."""
    step = SegmentationTask.training_step

    def training_step(self, batch, index):
        if self.current_epoch == 1 and "tokens" in self.network.reads:
            raise error
        return step(self, batch, index)

    monkeypatch.setattr(SegmentationTask, "training_step", training_step)


def test_a_benchmark_that_was_cut_off_is_carried_on_and_compared_without_its_runs(
    bench, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as broken:
        cut_off(broken, ValueError(SECRET))
        first = bench()
    assert told(first, "done") == ["free/seed-0", "free/seed-1"]  # the others run on
    assert told(first, "FAILED") == ["fused/seed-0"]
    assert "1 job(s) failed" in first
    assert "--only fused/seed-0" in first
    assert "fused/seed-0: ValueError" in first
    assert SECRET not in first  # a library may quote the report it was given
    assert not (tmp_path / "results" / "fused").exists()
    last = tmp_path / "runs" / "fused" / "seed-0" / "checkpoints" / "last.ckpt"
    assert last.exists()

    epochs = []
    start = SegmentationTask.on_train_epoch_start
    monkeypatch.setattr(
        SegmentationTask,
        "on_train_epoch_start",
        lambda self: (epochs.append(self.current_epoch), start(self))[1],
    )
    second = bench()
    assert told(second, "finished") == ["free/seed-0", "free/seed-1"]
    assert told(second, "done") == ["fused/seed-0"]
    assert epochs == [1]  # the first epoch is not trained again, nor is another row

    shutil.rmtree(tmp_path / "runs")
    third = bench()  # as on another machine, which has the results only
    assert told(third, "finished") == ["free/seed-0", "fused/seed-0", "free/seed-1"]
    results = tmp_path / "results"
    main_runs = sorted(map(str, results.glob("*/seed-*")))
    out = tmp_path / "comparison"
    options = [f"--out={out}", "--resamples=50"]
    with pytest.raises(SystemExit) as end:
        main(["compare", *main_runs, f"{results}/fused/seed-0/empty", *options])
    assert not end.value.code
    table = (out / "comparison.md").read_text()
    assert all(name in table for name in ("free", "fused", "fused, empty"))


def test_results_hold_scores_and_settings_and_neither_folders_nor_reports_nor_weights(
    bench, tmp_path
):
    assert told(bench(PLAN, "--only", "fused"), "done") == ["fused/seed-0"]
    result = tmp_path / "results" / "fused" / "seed-0"
    names = {path.relative_to(result).as_posix() for path in result.rglob("*") if path.is_file()}
    applied = {f"{name}/{file}" for name in ("empty", "shifted") for file in OF_A_RESULT}
    assert names == OF_A_RESULT | {"lesions.csv", "froc.csv"} | applied
    kept = b"".join((result / name).read_bytes() for name in names)
    assert b"xiaoming" not in kept
    assert str(tmp_path).encode() not in kept
    assert SECRET.encode() not in kept

    trained, empty, shifted = (Run(result / part) for part in ("", "empty", "shifted"))
    assert (trained.name, trained.seed, trained.config["store"]) == ("fused", 0, "store")
    assert empty.name == "fused, empty"
    assert shifted.name == "fused, on shifted"
    assert len(shifted.read_scores()) == 4  # two studies, two views


def test_what_was_made_with_other_settings_or_of_another_store_is_not_taken_for_finished(
    bench, stores, tmp_path
):
    plan = PLAN | {"stages": {"text": {"free": {"train": [], "controls": [], "seeds": [0]}}}}
    assert told(bench(plan), "done") == ["free/seed-0"]

    longer = bench(plan | {"common": [*TINY, "trainer.max_epochs=3"]})
    assert "was made with trainer.max_epochs=2, and 3 is asked for" in longer
    assert told(bench(plan), "finished") == ["free/seed-0"]  # and the note is gone

    other = tmp_path / "others"
    shutil.copytree(stores, other)
    manifest = other / "main" / "manifest.csv"
    manifest.write_text(manifest.read_text() + "\n")
    assert "is of another store than" in bench(plan, store=other)


def test_an_application_is_added_later_if_the_weights_are_here_and_asked_for_if_not(
    bench, tmp_path
):
    row = {"train": ["experiment=text_fused"], "seeds": [0]}
    plan = PLAN | {"shifted": [], "stages": {"text": {"fused": row}}}
    bench(plan)
    more = plan | {"controls": ["empty", "shuffled"]}
    assert told(bench(more), "done") == ["fused/seed-0"]
    assert (tmp_path / "results/fused/seed-0/shuffled/summary.json").exists()

    shutil.rmtree(tmp_path / "runs")
    most = plan | {"controls": ["empty", "shuffled", "side_flipped"]}
    assert "holds no weights, for it was trained on another machine" in bench(most)


def test_a_job_is_a_process_and_one_at_a_time(stores, tmp_path):
    """For real: a second process does not touch the run of a first one."""
    plan = tmp_path / "plan.yaml"
    plan.write_text(yaml.safe_dump(PLAN))
    (job, *_) = read_plan(str(plan))
    folders = benchmark_job.Folders(stores, tmp_path / "runs", tmp_path / "results")
    run = folders.runs / job.key
    with alone(run):
        assert not command._in_a_process(job, folders, jobs=2)
    assert "another process is at it" in (run / "failed.txt").read_text()
    assert not (run / "config.yaml").exists()


def test_stages_come_in_order_and_seeds_before_rows(tmp_path):
    plan = PLAN | {"stages": PLAN["stages"] | {"more": {"third": {"train": ["model.depth=4"]}}}}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    jobs = read_plan(str(tmp_path / "plan.yaml"))
    order = ["free/seed-0", "fused/seed-0", "free/seed-1", "third/seed-0", "third/seed-1"]
    assert [job.key for job in jobs] == order
    assert jobs[-1].train == (*TINY, "model.depth=4")
    assert (jobs[0].controls, jobs[1].controls) == ((), ("empty",))
    assert [job.key for job in select(jobs, ["more", "free/seed-1"])] == order[2:]
    with pytest.raises(PlanError, match="no stage, row or ROW/seed-N"):
        select(jobs, ["fourth"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": {}}, "has the key 'stage', which means nothing here"),
        ({"stages": {"a": {"b": {"trian": []}}}}, "has the key 'trian'"),
        ({"stages": {"a": {"b": {"controls": ["emtpy"]}}}}, "has the control 'emtpy'; expected"),
        ({"stages": {"a": {"b/c": {}}}}, "becomes a folder"),
        ({"stages": {"a": {"b": {}}, "c": {"b": {}}}}, "is there twice"),
        ({"seeds": 3}, r"plan.yaml: seeds is 3; expected a list of whole numbers"),
        ({"seeds": ["0"]}, r"seeds is \['0'\]; expected a list of whole numbers"),
        ({"controls": None}, "controls is None; expected a list of texts"),
        ({"common": "size=demo"}, "common is 'size=demo'; expected a list"),
        ({"stages": ["a"]}, r"plan.yaml: stages is \['a'\]; expected stages by name"),
        ({"stages": {"a": ["b"]}}, r"the stage 'a' is \['b'\]; expected rows by name"),
        ({"stages": {"a": {"b": None}}}, "plan.yaml: b is None; expected controls, seeds"),
        ({"stages": {"a": {"b": {"controls": None}}}}, "plan.yaml: b: controls is None"),
        ({"stages": {"a": {"b": {"train": "size=demo"}}}}, "b: train is 'size=demo'; expected"),
        ({"stages": {"a": {3: {}}}}, "the row 3 becomes a folder"),
    ],
)
def test_a_plan_that_cannot_be_read_says_what_is_wrong(change, message, tmp_path):
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN | change))
    with pytest.raises(PlanError, match=message):
        read_plan(str(tmp_path / "plan.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "plan.yaml is None; expected accepted, common"),
        (b"- a", r"plan.yaml is \['a'\]; expected accepted, common"),
        (b"seeds: [0", "plan.yaml, line 1, column 10 is no YAML"),
        (b"seeds: \xff", "plan.yaml is no YAML .*; expected a plan"),
        (b"accepted: best > a", "accepted is 'best > a'; expected a list of texts"),
    ],
)
def test_a_file_that_is_no_plan_says_where_and_what_was_expected(text, message, tmp_path):
    (tmp_path / "plan.yaml").write_bytes(text)
    with pytest.raises(PlanError, match=message):
        read_accepted(str(tmp_path / "plan.yaml"))


def test_a_plan_that_is_none_names_those_there_are():
    with pytest.raises(PlanError, match=r"no plan 'papper'. Take one of .*, paper, "):
        read_plan("papper")


@pytest.mark.parametrize("plan", PLANS)
def test_every_row_of_a_plan_composes_under_a_name_of_its_own(plan, tmp_path):
    folders = benchmark_job.Folders(tmp_path / "stores", tmp_path / "runs", tmp_path / "results")
    for job in read_plan(plan):
        if job.seed == 0:
            cfg = benchmark_job.settings(job, folders)
            assert cfg.data.store == str(tmp_path / "stores" / "main")
            assert cfg.trainer.default_root_dir == str(tmp_path / "runs" / job.row / "seed-0")


def test_without_a_main_store_it_says_how_to_make_one(tmp_path):
    with pytest.raises(SystemExit, match="mmseg-bone phantom cohort=quick"):
        main(["benchmark", str(tmp_path)])


def test_a_row_that_starts_from_another_keeps_its_image_part(bench, tmp_path):
    free = {"train": ["experiment=text_free"], "controls": [], "shifted": [], "seeds": [0]}
    added = {
        "train": ["experiment=text_fused", "model.report_dropout=0"],
        "start": "free",
        "seeds": [0],
        "controls": ["empty"],
        "shifted": [],
    }
    plan = PLAN | {"stages": {"text": {"free": free, "added": added}}}

    early = bench(plan, "--only=added")
    assert "starts from the network of free/seed-0, whose weights are not" in early
    assert told(bench(plan), "done") == ["free/seed-0", "added/seed-0"]
    begun, learnt = (
        load_file(tmp_path / "runs" / row / "seed-0" / "weights.safetensors")
        for row in ("free", "added")
    )
    assert all(torch.equal(value, learnt[f"unet.{name}"]) for name, value in begun.items())
    moved = [learnt[name] for name in learnt if name.startswith("fusion") and ".out." in name]
    assert any(value.any() for value in moved)  # they were zero at first
    results = tmp_path / "results"
    unread = Run(results / "added" / "seed-0" / "empty").read_scores()
    alone = Run(results / "free" / "seed-0").read_scores()
    assert unread.tp.tolist() == alone.tp.tolist()
    assert unread.fp.tolist() == alone.fp.tolist()
    assert told(bench(plan), "finished") == ["free/seed-0", "added/seed-0"]

    for part in ("", "empty"):  # which row it was, and no folder that rows lie in
        assert Run(results / "added" / "seed-0" / part).config["start"] == "free/seed-0"
    shutil.rmtree(tmp_path / "runs")  # as on another machine, which calls its folder as it likes
    assert told(bench(plan), "finished") == ["free/seed-0", "added/seed-0"]


def test_a_row_learns_on_from_another(bench, tmp_path):
    free = {"train": ["experiment=text_free"], "controls": [], "shifted": [], "seeds": [0]}
    on = free | {"train": ["experiment=text_free", "optimizer.lr=0"], "weights": "free"}
    plan = PLAN | {"stages": {"text": {"free": free, "on": on}}}
    assert told(bench(plan), "done") == ["free/seed-0", "on/seed-0"]
    begun, ended = (
        load_file(tmp_path / "runs" / row / "seed-0" / "weights.safetensors")
        for row in ("free", "on")
    )
    assert all(torch.equal(value, ended[name]) for name, value in begun.items())
    assert told(bench(plan), "finished") == ["free/seed-0", "on/seed-0"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": "b"}, "start: b, which is no row above it"),
        ({"weights": "a"}, "weights: a, which is no row above it"),
        ({"start": "a", "weights": "b"}, "both start and weights"),
    ],
)
def test_a_row_begins_with_one_network_of_a_row_above_it(bench, given, said):
    rows = {"a": {"train": []} | given, "b": {"train": []}}
    assert said in bench(PLAN | {"stages": {"text": rows}})


def test_a_row_waits_for_the_one_it_starts_from_also_when_there_is_room(
    bench, tmp_path, monkeypatch
):
    ended = []

    def process(job, folders, jobs):
        known = list(ended)
        time.sleep(0.3 if job.row == "free" else 0.0)
        ended.append(job.row)
        return job.start is None or job.start in known

    monkeypatch.setattr(command, "_in_a_process", process)
    monkeypatch.setattr(command, "_dice", lambda result: "")
    rows = {
        "free": {"train": ["experiment=text_free"], "controls": []},
        "added": {"train": ["experiment=text_fused"], "start": "free"},
        "other": {"train": ["experiment=text_fused"]},
    }
    plan = PLAN | {"seeds": [0], "stages": {"text": rows}}
    said = bench(plan, "--jobs=3")
    assert ended[0] == "other"  # nobody else waits
    assert sorted(told(said, "done")) == ["added/seed-0", "free/seed-0", "other/seed-0"]
