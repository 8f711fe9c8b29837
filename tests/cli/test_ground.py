"""A network whose reading is known: each side lights up if its word is in the report."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.study import Focus, Report, Study

SITES = ("rib_left_5", "rib_right_3")
REPORT = Report(
    findings="左侧第5肋、右侧第3肋见异常放射性浓聚。", impression="双侧多根肋骨转移可能性大。"
)


def focus(number, bone):
    return Focus(
        number=number,
        bone=bone,
        kind="metastasis",
        metastatic=True,
        mentioned=True,
        named=bone,
        certainty="middle",
        ratio=5.0,
        diameter_mm=20.0,
    )


@pytest.fixture
def store(tmp_path):
    """A phantom with a lesion on either side, and a study with a single site."""
    instances = np.zeros((1, 16, 16), np.uint16)
    instances[0, 5:8, 10:13], instances[0, 5:8, 2:5] = 1, 2  # her left, her right
    bones = np.full(instances.shape, BY_NAME[SITES[1]].label, np.uint8)
    bones[:, :, 8:] = BY_NAME[SITES[0]].label
    study = Study(
        id="s1",
        patient="p1",
        views=("anterior",),
        counts=10 + 50 * (instances > 0),
        spacing_mm=(2.3, 2.3),
        mask=instances > 0,
        instances=instances,
        bones=bones,
        foci=(focus(1, SITES[0]), focus(2, SITES[1])),
        report=REPORT,
    )
    single = replace(study, id="s0", patient="p0", report=Report(findings="左侧第5肋见浓聚。"))
    return Store.write(tmp_path / "store", [single, study], {"p0": 0, "p1": 0})


@pytest.fixture
def run(tmp_path):
    encode = {
        "_target_": "mmseg_bone.data.encode.EncodeStudy",
        "tokens": {"_target_": "tests.cli.networks.characters"},
    }
    config = {
        "name": "lit",
        "seed": 0,
        "model": {"_target_": "tests.cli.networks.LitByWords"},
        "data": {"encode": encode},
    }
    run = Run.start(tmp_path / "run", config, {"store_digest": "another"})
    save_file({"listens": torch.tensor(1.0)}, run.path / "weights.safetensors")
    return run


def test_each_lesion_read_the_word_of_its_side_and_the_untrained_network_none(
    run, store, command, tmp_path
):
    out = tmp_path / "out"
    said = command("ground", run.path, "--store", store.path, "--out", out)

    # The impression still says 双侧, but neither 左 nor 右.
    assert "| trained | 2 | 1.00 | 1.000 | 0.500 |" in said
    assert "| untrained | 2 | 0.00 | 0.500 | 0.500 |" in said
    kept = json.loads((out / "grounding.json").read_text("utf-8"))
    assert kept["studies"].keys() == {"s1"}  # a single site leaves nothing to choose
    assert kept["studies"]["s1"]["sites"] == list(SITES)
    # Marked is all of the view: it is one lesion, which fades by half without either word.
    (lesion,) = kept["studies"]["s1"]["lesions"]
    assert set(lesion["bones"]) == set(SITES)
    assert lesion["falls"][SITES[0]] == pytest.approx(0.4933, abs=1e-3)
    assert Image.open(BytesIO((out / "s1.png").read_bytes())).width > 500


def test_the_model_that_ships_is_asked_by_its_name(run, store, command, tmp_path, monkeypatch):
    monkeypatch.setattr("mmseg_bone.io.model._SHIPPED", run.path)
    monkeypatch.chdir(tmp_path)  # where no folder is called so
    said = command("ground", "shipped", "--store", store.path, "--out", tmp_path / "out")
    assert "| trained | 2 | 1.00 | 1.000 | 0.500 |" in said


def test_no_word_of_a_report_comes_out(run, store, command, tmp_path):
    said = command("ground", run.path, "--store", store.path, "--out", tmp_path / "out")
    text = (tmp_path / "out" / "grounding.json").read_text("utf-8")
    assert not [word for word in ("肋", "浓聚", "转移") if word in said + text]


def test_a_network_that_reads_no_report_is_refused(run, store, command, tmp_path):
    config = run.config | {"model": {"_target_": "tests.cli.networks.HotSpots"}}
    blind = Run.start(tmp_path / "blind", config, {"store_digest": "another"})
    save_file({"level": torch.tensor(0.9)}, blind.path / "weights.safetensors")
    said = command("ground", blind.path, "--store", store.path, "--out", tmp_path / "out")
    assert "reads image and no report" in said


def test_a_network_that_diverged_is_told(run, store, command, tmp_path):
    save_file({"listens": torch.tensor(torch.nan)}, run.weights)
    said = command("ground", run.path, "--store", store.path, "--out", tmp_path / "out")
    assert f"{run.path}: prediction of 's1' ranges from nan" in said
    assert not (tmp_path / "out").exists()


def test_reports_without_a_choice_of_sites_are_told(run, store, command, tmp_path):
    few = Store.write(tmp_path / "few", [store["s0"]], {"p0": 0})
    said = command("ground", run.path, "--store", few.path, "--out", tmp_path / "out")
    assert "has no report in Chinese that names two sites" in said


def test_earlier_answers_are_not_lost_without_saying_so(run, store, command, tmp_path):
    words = ["ground", run.path, "--store", store.path, "--out", tmp_path / "out"]
    command(*words, "--pictures", 0)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["grounding.json"]
    assert "already holds grounding.json" in command(*words)
    assert "1 studies" in command(*words, "--overwrite")


def test_no_picture_of_earlier_answers_is_left_beside_the_new_ones(run, store, command, tmp_path):
    out = tmp_path / "out"
    other = replace(store["s1"], id="t1", patient="p1")
    another = Store.write(tmp_path / "another", [other], {"p1": 0})
    words = ["ground", run.path, "--out", out, "--store"]
    command(*words, store.path)
    (out / "notes.png").write_text("mine")

    command(*words, another.path, "--overwrite")
    assert sorted(path.name for path in out.iterdir()) == ["grounding.json", "notes.png", "t1.png"]

    (out / "grounding.json").unlink()
    assert "already holds t1.png" in command(*words, another.path)
