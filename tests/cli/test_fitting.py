import pytest
from omegaconf import OmegaConf

from mmseg_bone.cli.fitting import name_whole


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
