"""A configuration that came from outside has nothing called but parts of networks."""

from pathlib import Path

import pytest
import yaml

from mmseg_bone.cli.build import TRUST, _may_be_built, _named, build
from mmseg_bone.cli.load import load_network
from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run

ROOT = Path(__file__).parents[2]
UNET = {"_target_": "mmseg_bone.models.unet.UNet", "base_channels": 4, "depth": 3}


def of(folder, **config):
    return Run.start(folder / "run", config, {})


def test_a_network_of_ours_is_built(tmp_path):
    network = build(of(tmp_path, model=UNET), "model")
    assert type(network).__name__ == "UNet"


@pytest.mark.parametrize(
    "target",
    [
        "pathlib.Path.write_text",
        "os.system",
        "builtins.eval",
        "mmseg_bone.io.store.write_atomically",
        "mmseg_bone.text.publish.write_encoder",
        "mmseg_bone.cli.train.train",
        "mmseg_bone.text.encoder.re.compile",  # through what a module of ours imports
        "mmseg_bone.text.encoder.open_checkpoint",
        "mmseg_bone.models.nowhere.UNet",
        "mmseg_bone.modelsque.UNet",
        "${oc.env:HOME}",
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_anything_else_is_refused_by_name_wherever_it_stands(target, deep, tmp_path):
    called = {"_target_": target, "data": "x"}
    run = of(tmp_path, model=UNET | {"norm": [{"inner": called}]} if deep else called)
    with pytest.raises(RunError) as refused:
        build(run, "model")
    assert target in str(refused.value)
    assert str(run.path / "config.yaml") in str(refused.value)


def test_nothing_is_written_by_a_run_that_asks_for_it(tmp_path):
    here = {"_target_": "pathlib.Path", "_args_": [str(tmp_path / "written")]}
    step = {"_target_": "pathlib.Path.write_text", "_args_": [here, "text"]}
    encode = {"_target_": "mmseg_bone.data.encode.EncodeStudy", "steps": {"body": step}}
    with pytest.raises(RunError, match="called for data.encode, which is no part of a network"):
        load_network(of(tmp_path, model=UNET, data={"encode": encode}))
    assert not (tmp_path / "written").exists()


def test_a_part_that_would_be_put_together_later_is_refused(tmp_path):
    hidden = '${oc.decode:"{_target_: os.getcwd}"}'
    with pytest.raises(RunError, match="oc.decode"):
        build(of(tmp_path, model=UNET | {"norm": hidden}), "model")


def test_ones_own_network_is_built_if_its_module_is_named(tmp_path, monkeypatch):
    run = of(tmp_path, model={"_target_": "tests.cli.networks.HotSpots"})
    monkeypatch.setenv(TRUST, "another,tests.cli.networks")
    build(run, "model")
    monkeypatch.delenv(TRUST)
    with pytest.raises(RunError, match=f"{TRUST}=my_package"):
        build(run, "model")


def test_a_run_that_no_network_made_says_so(tmp_path):
    with pytest.raises(RunError, match=r"config\.yaml says nothing of model"):
        load_network(of(tmp_path, name="adopted"))


def test_all_that_our_own_configurations_name_is_built(monkeypatch):
    monkeypatch.delenv(TRUST)
    folders = ("model", "data", "steps", "text")
    parts = [yaml.safe_load(p.read_text()) for f in folders for p in (ROOT / "conf" / f).iterdir()]
    shipped = yaml.safe_load((ROOT / "mmseg_bone" / "shipped" / "config.yaml").read_text())
    targets = {name for part in [*parts, shipped["model"]] for name in _named(part)}
    targets = {name for name in targets if "${" not in name} - {
        "mmseg_bone.data.datamodule.StudyDataModule"
    }
    assert len(targets) > 12
    assert [name for name in targets if not _may_be_built(name)] == []
