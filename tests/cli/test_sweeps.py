"""Sweeps for real: jobs that fail, are finished already, or were cut off."""

import json
import shlex
import shutil
import subprocess
import sys
from itertools import product

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from mmseg_bone.cli import CONF, main
from mmseg_bone.io.runs import Run, is_finished
from mmseg_bone.io.store import Store
from mmseg_bone.tasks.segmentation import SegmentationTask
from tests.cli.studies import SECRET, patients

QUICK = [
    "model.base_channels=4",
    "model.depth=3",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "data.batch_size=2",
    "trainer.max_epochs=2",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Six patients in three folds."""
    path = tmp_path_factory.mktemp("data") / "store"
    Store.write(path, patients(6), {f"p{i}": i % 3 for i in range(6)})
    return path


@pytest.fixture
def sweep(store, tmp_path, capsys):
    """Run a sweep; what it said, and the status or words it ended with."""

    def run(*words):
        options = [f"store={store}", f"hydra.sweep.dir={tmp_path}/sweep", "ckpt_path=last"]
        try:
            main(["train", "-m", *QUICK, *options, *words])
        except SystemExit as end:
            return capsys.readouterr().out + str(end.code or "")
        return capsys.readouterr().out

    return run


def test_a_failed_job_is_listed_and_run_alone_and_finished_ones_are_not_run_twice(
    sweep, tmp_path, monkeypatch, capsys
):
    with monkeypatch.context() as broken:
        step = SegmentationTask.training_step

        def training_step(self, batch, index):
            if self.current_epoch == 1 and "tokens" in self.network.reads:
                raise ValueError(SECRET)
            return step(self, batch, index)

        broken.setattr(SegmentationTask, "training_step", training_step)
        first = sweep("experiment=text_fused,text_free")
    folder = tmp_path / "sweep"
    fused, free = (folder / f"{name}-fold0-seed0" for name in ("text_fused", "text_free"))
    assert is_finished(free)  # it came after the one that failed
    assert not is_finished(fused)
    assert "1 job(s) failed" in first
    assert f"{fused}: ValueError in " in first
    assert SECRET not in first + (fused / "failed.txt").read_text()

    weights = (free / "weights.safetensors").stat().st_mtime_ns
    (command,) = [line.strip() for line in first.splitlines() if "ckpt_path=last" in line[-20:]]
    verb, *words = shlex.split(command)[1:]
    main([verb, *words])  # alone, as it was said
    assert is_finished(fused)
    assert not (fused / "failed.txt").exists()

    capsys.readouterr()
    again = sweep("experiment=text_fused,text_free")
    assert again.count("finished before, patient-mean Dice") == 2
    assert "job(s) failed" not in again
    assert (free / "weights.safetensors").stat().st_mtime_ns == weights


def test_a_job_without_a_store_is_refused_like_a_run_without_one(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "-m", f"hydra.sweep.dir={tmp_path}", "fold=0,1"])
    assert "2 job(s) failed" in str(end.value.code)
    assert "say which studies to learn from: store=DIR" in str(end.value.code)


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    """A run of one epoch."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    options = [f"store={store}", f"hydra.run.dir={folder}", "trainer.max_epochs=1"]
    main(["train", *QUICK, *options])
    return Run(folder)


@pytest.fixture
def finished(trained, tmp_path):
    """A sweep of which fold 0 is finished, and fold 1 was finished with other settings."""
    shutil.copytree(trained.path, tmp_path / "text_free-fold0-seed0")
    config = trained.config
    changed = config | {"fold": 1, "data": config["data"] | {"fold": 1, "batch_size": 3}}
    Run.start(tmp_path / "text_free-fold1-seed0", changed, trained.environment)
    return tmp_path


@pytest.mark.parametrize(
    "launcher",
    [
        ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
        ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=2"],
    ],
)
def test_a_launcher_brings_back_what_became_of_each_job(launcher, finished, store):
    options = [*QUICK, f"store={store}", f"hydra.sweep.dir={finished}", "trainer.max_epochs=1"]
    words = ["train", "-m", *options, "ckpt_path=last", "fold=0,1", *launcher]
    done = subprocess.run(
        [sys.executable, "-m", "mmseg_bone.cli", *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 job(s) failed" in done.stderr
    assert f"{finished}/text_free-fold1-seed0 was made with data.batch_size=3, and 2" in done.stderr
    assert not (finished / "text_free-fold0-seed0" / "failed.txt").exists()


@pytest.mark.filterwarnings("ignore")  # those of Optuna and of what it brings
def test_a_search_finds_the_best_and_goes_on_from_what_is_finished(store, tmp_path, capsys):
    def search(trials):
        options = [*QUICK, "trainer.max_epochs=1"]
        where = [
            f"store={store}",
            f"hydra.sweep.dir={tmp_path}",
            f"hydra.sweeper.n_trials={trials}",
        ]
        main(["train", "-m", "sweep=optuna", *options, *where])
        summaries = [json.loads(path.read_text()) for path in tmp_path.glob("*/summary.json")]
        found = yaml.safe_load((tmp_path / "optimization_results.yaml").read_text())
        assert len(summaries) == trials
        assert found["best_value"] == max(summary["patient"]["dice"] for summary in summaries)
        return capsys.readouterr().out

    assert "finished before" not in search(2)
    assert search(3).count("finished before") == 2


@pytest.mark.parametrize("name", ["ablation", "fusion", "encoder"])
def test_every_job_of_every_grid_composes_into_a_folder_of_its_own(name, monkeypatch):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        sweep = compose("train", [f"sweep={name}", "store=."], return_hydra_config=True)
        choices = {
            key: value.split(",")
            for key, value in sweep.hydra.sweeper.params.items()
            if key not in ("seed", "fold")
        }
        monkeypatch.setattr(HydraConfig.instance(), "cfg", None)  # put back: others ask for it
        folders = []
        for values in product(*choices.values()):
            words = [f"{key}={value}" for key, value in zip(choices, values, strict=True)]
            words += [f"sweep={name}", "store=.", "run=run"]
            cfg = compose("train", words, return_hydra_config=True)
            HydraConfig.instance().set_config(cfg)
            folders.append(cfg.hydra.sweep.subdir)
            assert cfg.ckpt_path == "last"
            del cfg.hydra
            assert OmegaConf.to_container(cfg, resolve=True)["name"] in folders[-1]
    assert len(set(folders)) == len(folders) > 3
