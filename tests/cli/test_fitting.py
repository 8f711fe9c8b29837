import pytest
from omegaconf import OmegaConf

from mmseg_bone.cli.fitting import checkpoint_to_go_on_from, name_whole
from mmseg_bone.errors import RunError


@pytest.mark.parametrize("model", ["encoders/wang", "wang", "../encoders/wang"])
def test_a_text_encoder_in_a_folder_is_kept_by_its_whole_path(model, tmp_path, monkeypatch):
    here = tmp_path / "encoders"
    (here / "wang").mkdir(parents=True)
    monkeypatch.chdir(tmp_path if model == "encoders/wang" else here)
    cfg = OmegaConf.create({"text": {"model": model, "encoder": {"model": "${text.model}"}}})
    name_whole(cfg)
    assert cfg.text.encoder.model.startswith(str(here))
    assert cfg.text.encoder.model.endswith(model)


@pytest.mark.parametrize("text", [{"model": "default"}, {"model": "hfl/macbert"}, {"lr": None}])
def test_a_name_on_the_hub_stays_and_so_does_what_is_no_model(text):
    cfg = OmegaConf.create({"text": text})
    name_whole(cfg)
    assert cfg == {"text": text}


def checkpoint(folder, name):
    path = folder / "checkpoints" / f"{name}.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


def test_a_run_that_is_there_goes_on_from_checkpoints_of_its_own_only(tmp_path):
    last, best = (checkpoint(tmp_path / "one", name) for name in ("last", "best"))
    other = checkpoint(tmp_path / "other", "last")
    assert checkpoint_to_go_on_from(tmp_path / "one", "last") == last
    assert checkpoint_to_go_on_from(tmp_path / "one", best) == best
    for given in (None, other):
        with pytest.raises(RunError, match="already holds a run.*nothing is overwritten"):
            checkpoint_to_go_on_from(tmp_path / "one", given)


def test_where_no_run_is_one_is_begun_or_gone_on_with_from_elsewhere(tmp_path):
    other = checkpoint(tmp_path / "other", "last")
    assert checkpoint_to_go_on_from(tmp_path / "new", None) is None
    assert checkpoint_to_go_on_from(tmp_path / "new", "last") is None
    assert checkpoint_to_go_on_from(tmp_path / "new", other) == other
