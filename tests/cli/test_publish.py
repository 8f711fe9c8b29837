import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmseg_bone.cli.publish import publish as hand_on
from mmseg_bone.errors import RunError
from mmseg_bone.io.model import write_model
from mmseg_bone.io.runs import Run
from tests.cli import networks

SUMMARY = {
    "about": {"studies": 100},
    "patient": {"dice": 0.625},
    "image_pos": {"dice": 0.5},
    "micro": {"dice": None},
}
TOLD = "phantoms only"


@pytest.fixture
def run(tmp_path):
    """A scored run in a folder that is named after a person."""
    folder = tmp_path / "LiSi" / "run"
    config = {
        "name": "hot",
        "seed": 3,
        "fold": 0,
        "store": str(tmp_path / "LiSi" / "store"),
        "run": str(folder),
        "model": {"_target_": "tests.cli.networks.HotSpots"},
        "data": {"encode": {"_target_": "mmseg_bone.data.encode.EncodeStudy"}},
        "weights": "LiSi",
        "task": {"threshold": 0.5},
    }
    run = Run.start(folder, config, {"store_digest": "0123456789abcdef", "git_commit": None})
    save_file(networks.HotSpots().state_dict(), folder / "weights.safetensors")
    run.write_summary(SUMMARY)
    (folder / "scores.csv").write_text("id,patient\nA1001,LiSi\n")
    return run


def publish(run, out, *, packed=False, overwrite=False):
    hand_on(run.path, out, learnt_from=TOLD, packed=packed, overwrite=overwrite)


def test_a_model_is_what_predicting_needs_and_nothing_of_a_study(run, tmp_path):
    publish(run, tmp_path / "model")
    files = sorted(path.name for path in (tmp_path / "model").iterdir())
    assert files == ["README.md", "config.yaml", "environment.json", "weights.safetensors"]
    for path in (tmp_path / "model").iterdir():
        content = path.read_bytes()
        assert b"LiSi" not in content
        assert b"A1001" not in content
        assert str(tmp_path).encode() not in content
    weights = load_file(tmp_path / "model" / "weights.safetensors")
    assert torch.equal(weights["level"], torch.tensor(0.9))


def test_the_card_says_what_it_learnt_from_how_well_it_did_and_what_it_is_not(run, tmp_path):
    publish(run, tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text("utf-8")
    for said in (
        TOLD,
        "0123456789ab",
        "seed 3",
        "Not a medical device",
        "do not prove",
        "100 studies",
    ):
        assert said in card
    assert "| Dice, mean over patients | 0.625 |" in card
    assert "| Dice, pixels of all scans pooled | – |" in card  # not known is not nought


def test_weights_go_a_byte_each_where_asked_for_and_the_card_says_so(run, tmp_path):
    run = Run.start(run.path, run.config | {"model": {"_target_": "tests.cli.networks.Matrix"}}, {})
    save_file(networks.Matrix().state_dict(), run.weights)
    publish(run, tmp_path / "whole")
    publish(run, tmp_path / "model", packed=True)
    assert load_file(tmp_path / "model" / "weights.safetensors")["kernel"].dtype == torch.int8
    told = [(tmp_path / name / "README.md").read_text("utf-8") for name in ("whole", "model")]
    assert ["rounded" in card for card in told] == [False, True]


def test_an_earlier_model_is_kept_unless_it_is_to_be_replaced(run, tmp_path):
    publish(run, tmp_path / "model")
    with pytest.raises(RunError, match="already holds"):
        publish(run, tmp_path / "model")
    publish(run, tmp_path / "model", overwrite=True)


def test_a_run_is_not_replaced_by_its_own_model(run, tmp_path):
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    (tmp_path / "link").symlink_to(run.path)
    for out in (run.path, tmp_path / "link", run.path.parent / "other" / ".." / "run"):
        with pytest.raises(RunError, match="is the run itself"):
            publish(run, out, packed=True, overwrite=True)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_a_run_that_was_not_scored_or_not_finished_is_no_model(run, tmp_path):
    (run.path / "summary.json").unlink()
    with pytest.raises(RunError, match="was not scored"):
        publish(run, tmp_path / "model")
    (run.path / "weights.safetensors").unlink()
    with pytest.raises(RunError, match=r"weights\.safetensors"):
        publish(run, tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("model", ["/mnt/LiSi/encoder", "../encoder", "of/LiSi/encoder"])
def test_a_model_whose_text_encoder_would_stay_behind_is_refused(run, tmp_path, model):
    told = dict(run.config) | {"text": {"model": model}}  # whether it lies here or not
    other = Run.start(tmp_path / "other", told, run.environment)
    shutil.copy(run.path / "weights.safetensors", other.path)
    with pytest.raises(RunError, match="would not go with the model"):
        write_model(other, tmp_path / "model", "card")
