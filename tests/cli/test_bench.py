"""The cost of networks, on images of a few pixels, and the table of goals by hand."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmseg_bone.cli import CONF, bench_augment, bench_networks, bench_worker
from mmseg_bone.cli.bench import _ask, _cropped, bench, read_plan
from mmseg_bone.cli.bench_table import GOALS, Goal, Results, goal_table, network_table
from mmseg_bone.errors import PlanError

COMMON = {"kind": "ours", "image": [32, 16], "tokens": 5, "threads": 1, "device": "cpu"}
SMALL = ["model.base_channels=4", "model.depth=3"]
CONVOLUTION = {
    "_target_": "torch.nn.Conv2d",
    "in_channels": 1,
    "out_channels": 1,
    "kernel_size": 3,
    "padding": 1,
}
PLAN = """
image: [32, 16]
tokens: 5
phantoms: 1
peers:
  here: {says: one convolution, network: {_target_: torch.nn.Conv2d, in_channels: 1,
    out_channels: 1, kernel_size: 3, padding: 1}}
  elsewhere: {says: not here, elsewhere: true, network: {_target_: torch.nn.Identity}}
augmentation:
  absent: {says: not there, takes: views, transform: {_target_: nowhere_to_be_found.Flip}}
  wrong: {says: misspelt, takes: views, transform: {_target_: json.NoSuchThing}}
"""


@pytest.fixture(autouse=True)
def _as_many_threads_as_before():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_the_flop_of_a_convolution_are_those_counted_by_hand():
    timed = bench_networks.peer(COMMON | {"network": CONVOLUTION}, "cpu")
    forward = 2 * 9 * 32 * 16  # of one image; a multiplication and an addition each
    optimizer = torch.optim.SGD(timed.module.parameters(), lr=0.1)
    for precision in bench_worker.PRECISIONS:
        numbers = bench_worker.network(timed, optimizer, precision, "cpu")
        infer_flop = numbers["infer_rate"] * numbers["infer_s"]
        assert infer_flop == pytest.approx(forward)
        # Two images, forwards, and backwards to the weights only: images learn nothing.
        assert numbers["train_flop"] == 2 * 2 * forward
        assert numbers["train_rate"] == pytest.approx(4 * forward / numbers["train_s"])


def test_the_image_of_a_study_costs_half_of_what_its_two_views_do():
    timed = bench_networks.ours(COMMON | {"train": ["experiment=text_free", *SMALL]}, "cpu")
    assert timed.images == 2
    assert timed.infer().shape == (1, 2, 32, 16)
    assert timed.loss().requires_grad


@pytest.mark.parametrize(("text", "readings"), [("frozen", 1), ("default", 3)])
def test_a_frozen_text_encoder_reads_the_report_once(text, readings):
    words = ["experiment=text_fused", f"text={text}", *SMALL]
    timed = bench_networks.ours(COMMON | {"train": words}, "cpu")
    timed.module.eval()  # in training, chance leaves some reports unread
    read = []
    timed.module.network.text.bert.register_forward_hook(lambda *_: read.append(1))
    for call in (timed.infer, timed.loss, timed.infer):
        call()
    assert len(read) == readings


def test_only_the_precisions_asked_for_are_measured():
    words = {"kind": "convolution", "precisions": ["float32"]}
    assert bench_worker.measure(COMMON | words).keys() == {"float32.rate"}


def test_the_memory_of_a_step_grows_with_the_image():
    words = {"train": ["experiment=text_free", *SMALL]}
    small, large = (
        bench_worker.measure(COMMON | words | {"image": size}) for size in ([64, 32], [512, 256])
    )
    activation = 2 * 4 * 512 * 256 * 4 / 2**20  # the finest level, two images, four channels
    grown = large["float32.train_mib"] - small["float32.train_mib"]
    assert activation < grown < 100 * activation
    assert small["parameters"] == large["parameters"]


def test_one_command_measures_what_is_there_and_says_what_is_not(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    bench(plan=tmp_path / "plan.yaml", rounds=1)
    out = capsys.readouterr().out
    rows = {line.split(" | ")[0].strip("| "): line for line in out.splitlines() if "|" in line}
    assert "| 0.00 |" in rows["one convolution"]
    assert "no --peer-python" in rows["not here"]
    assert "nowhere_to_be_found is not installed" in rows["not there"]
    assert "no attribute 'NoSuchThing'" in rows["misspelt"]
    assert "CPU s" in rows["one phantom"]
    assert rows["the same, bfloat16"].endswith("open: not measured |")


@pytest.mark.parametrize(("takes", "images"), [("study", 2), ("views", 1), ("tensor", 1)])
def test_augmentation_is_counted_in_images_and_a_study_is_two(takes, images, monkeypatch, tmp_path):
    views = np.zeros((1, 2, 32, 16))
    views[..., 8, 8] = 9
    at = tmp_path / "phantoms.npz"
    np.savez(at, counts=views.astype(np.uint16), mask=views > 0)
    clock = SimpleNamespace(process_time=itertools.count().__next__)  # a second between two looks
    monkeypatch.setattr(bench_augment, "time", clock)
    mock = {"_target_": "unittest.mock.Mock"}
    spec = COMMON | {"takes": takes, "transform": mock, "phantoms_at": str(at)}
    assert bench_augment.augmentation(spec) == {"images_s": bench_augment._CALLS * images}


def test_a_crop_is_what_a_network_pads_it_to():
    found = results(phantoms=[{"height": 790.5, "width": 256.0}])
    assert _cropped(found) == [800, 256]


def test_an_interpreter_that_is_none_is_told(tmp_path):
    said = _ask(COMMON, str(tmp_path / "no-python"))
    assert said.startswith("not measured: ")
    assert said.endswith("no-python cannot be started (No such file or directory)")


def results(**rows):
    found = Results(dict.fromkeys(rows, "row"))
    for row, rounds in rows.items():
        for numbers in rounds:
            found.add(row, numbers)
    return found


def test_a_ratio_is_of_each_round_by_itself():
    # The machine was twice as slow in the second round: for both.
    found = results(a=[{"s": 1}, {"s": 2}, {"s": 9}], b=[{"s": 2}, {"s": 4}, {"s": 9}])
    assert found.ratio(("a", "s"), ("b", "s")) == 0.5
    assert found.median("a", "s") == 2
    assert found.ratio(("a", "s"), ("c", "s")) is None


def test_a_goal_is_met_at_its_bound_and_missed_beyond():
    less = Goal("less", ("a", "s"), ("b", "s"), 0.5)
    more = Goal("more", ("a", "s"), ("b", "s"), 0.5, at_least=True)
    assert [less.is_met(x) for x in (0.49, 0.5, 0.51)] == [True, True, False]
    assert [more.is_met(x) for x in (0.49, 0.5, 0.51)] == [False, True, True]


def test_goals_are_told_as_pass_fail_or_open():
    goals = [
        Goal("met", ("a", "s"), ("b", "s"), 0.5),
        Goal("missed", ("b", "s"), ("a", "s"), 0.5),
        Goal("open", ("a", "s"), ("c", "s"), 0.5),
        Goal("untold", ("a", "mib"), ("b", "mib"), 0.5),
    ]
    nan = float("nan")
    found = results(a=[{"s": 1.0, "mib": nan}], b=[{"s": 2.0, "mib": nan}])
    *_, met, missed, left, untold = goal_table(found, [], goals).splitlines()
    assert met == "| met | ≤ 0.50 | 0.50 | pass |"
    assert missed == "| missed | ≤ 0.50 | 2.00 | **fail** |"
    assert left == "| open | ≤ 0.50 |  | open: not measured |"
    assert untold == "| untold | ≤ 0.50 |  | open: not measured |"


def test_the_cheapest_peer_is_the_one_of_the_least_inference():
    goals = [Goal("image", ("fused", "bfloat16.infer_s"), ("cheapest", "float32.infer_s"), 0.7)]
    found = results(
        fused=[{"bfloat16.infer_s": 0.3}],
        dear=[{"float32.infer_s": 1.0}],
        cheap=[{"float32.infer_s": 0.5}],
    )
    assert "| 0.60 | pass |" in goal_table(found, ["dear", "cheap"], goals)


def test_a_network_has_its_share_of_the_machine_s_best():
    found = results(
        net=[{"parameters": 2e6, "float32.train_rate": 80.0, "float32.train_s": 1.5}],
        convolution=[{"float32.rate": 100.0}],
    )
    assert network_table(found, ["net"]).splitlines()[-1] == (
        "| row | 2.00 | 1.50 /  | 0.80 /  |  /  |  /  |"
    )


def test_every_goal_is_of_rows_that_the_plan_has():
    rows = read_plan(CONF / "bench" / "cost.yaml")
    named = {row for goal in GOALS for row, _ in (goal.over, goal.under)}
    assert named - {"cheapest"} <= rows.keys()
    assert rows["fused_body"]["cropped"]


@pytest.mark.parametrize("text", ["image: [1", "tokens: 3", "[]", PLAN + "\nothers: {}"])
def test_a_plan_that_is_none_is_refused(text, tmp_path):
    (tmp_path / "plan.yaml").write_text(text, "utf-8")
    with pytest.raises(PlanError, match=r"plan\.yaml"):
        read_plan(tmp_path / "plan.yaml")
