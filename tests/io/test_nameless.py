import pytest

from mmseg_bone.io.nameless import lies_in_a_folder, nameless
from mmseg_bone.text import checkpoint


def test_a_nameless_configuration_says_of_no_path_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wang" / "atlas").mkdir(parents=True)
    config = {
        "store": "wang/main",
        "run": "/home/wang/seed-0",
        "data": {"store": "data/wang_xiaoming", "workers": 2},
        "callbacks": [{"dirpath": "/home/wang/seed-0/checkpoints"}, "wang/main/states", None],
        "text": {"model": "/home/wang/encoder", "hub": "hfl/chinese-macbert-base"},
        "several": ["~/wang/x", "../wang/y", "wang/atlas", "", 300 * "a" + "/b"],
    }
    told = {
        "store": "store",
        "run": "run",
        "data": {"store": "store", "workers": 2},
        "callbacks": [{"dirpath": "run/checkpoints"}, "store/states", None],
        "text": {"model": "encoder", "hub": "hfl/chinese-macbert-base"},
        "several": ["x", "y", "atlas", "", 300 * "a" + "/b"],
    }
    assert nameless(config) == told
    assert nameless(told) == told
    assert nameless({"name": "adopted"}) == {"name": "adopted"}


def test_what_is_a_path_is_told_by_its_key_where_nothing_of_it_lies_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {
        "run": "runs/a/seed-0",
        "weights": "runs/wang/seed-1",
        "start": "wang_xiaoming/seed-2",
        "ckpt_path": "runs/wang/last.ckpt",
        "reports": "wang/reports.xlsx",
        "model": {
            "encoder": {"model": "encoders/of/wang"},
            "grounding": {"atlas": {"path": "wang/atlas.safetensors"}},
        },
        "text": {"model": "/home/wang/encoder"},
        "callbacks": [{"save_dir": "wang/log", "monitor": "val/dice"}],
    }
    told = {
        "run": "run",
        "weights": "weights",
        "start": "start",
        "ckpt_path": "last.ckpt",
        "reports": "reports",
        "model": {
            "encoder": {"model": "wang"},
            "grounding": {"atlas": {"path": "atlas.safetensors"}},
        },
        "text": {"model": "encoder"},
        "callbacks": [{"save_dir": "log", "monitor": "val/dice"}],
    }
    assert nameless(config) == told
    assert nameless(told) == told
    single = {"weights": "shipped", "start": None, "ckpt_path": "last", "weight": {"weights": 2.0}}
    assert nameless(single) == single


@pytest.mark.parametrize("key", ["weights", "start", "reports", "out", "file"])
@pytest.mark.parametrize(
    "folder", ["wang_xiaoming_19560101", "wang/seed-0", "/home/wang", "run/wang", "../wang", "~"]
)
def test_of_what_was_begun_with_or_read_not_even_the_last_part_is_told(key, folder):
    config = {"run": "run", "data": {"also": [{key: folder}]}, key: folder}
    told = {"run": "run", "data": {"also": [{key: key}]}, key: key}
    assert nameless(config) == told
    assert nameless(told) == told


@pytest.mark.parametrize(
    ("model", "folder"),
    [
        ("default", False),
        ("hfl/chinese-macbert-base", False),
        ("encoder", True),  # no name on the hub is without an owner
        ("../wang/encoder", True),
        ("./encoder", True),
        ("/home/wang", True),
        ("wang/made/encoder", True),
    ],
)
def test_a_text_encoder_is_of_a_folder_or_of_the_hub_wherever_one_asks(model, folder):
    assert lies_in_a_folder(model) == folder
    assert folder or model == "default" or checkpoint._HUB_NAME.fullmatch(model)


def test_a_folder_that_is_called_like_a_model_on_the_hub_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "encoders" / "wang").mkdir(parents=True)
    assert lies_in_a_folder("encoders/wang")
