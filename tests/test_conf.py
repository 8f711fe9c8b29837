"""Every experiment trains a step; a configuration that nobody ran is a guess."""

from dataclasses import replace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from mmseg_bone.cli import CONF
from mmseg_bone.io.store import Store
from mmseg_bone.nn.fusion import FUSIONS
from mmseg_bone.text.lexicon import words_of

QUICK = [
    "model.base_channels=4",
    "model.depth=3",
    "trainer.max_steps=1",
    "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false",
    "data.batch_size=2",
]


def names(group):
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@pytest.fixture
def store(study, tmp_path):
    """Six patients in three folds, one of them without a report."""
    counts = np.random.default_rng(0).poisson(20, (2, 32, 16)).astype(np.uint16)
    mask = np.zeros(counts.shape, bool)
    mask[:, 8:12, 4:8] = True
    studies = [
        replace(
            study,
            id=f"s{i}",
            patient=f"p{i}",
            counts=counts,
            mask=mask,
            report=study.report if i else None,
        )
        for i in range(6)
    ]
    Store.write(tmp_path / "store", studies, {f"p{i}": i % 3 for i in range(6)})
    return tmp_path / "store"


def composed(store, run, *overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", [f"store={store}", f"run={run}", *overrides])


@pytest.mark.parametrize("experiment", names("experiment"))
def test_every_experiment_trains_a_step(experiment, store, tmp_path):
    cfg = composed(store, tmp_path / "run", f"experiment={experiment}", *QUICK)
    task = instantiate(cfg.task)
    data = instantiate(cfg.data, stride=task.network.stride)
    trainer = instantiate(cfg.trainer, logger=False)
    trainer.fit(task, datamodule=data)

    assert trainer.global_step >= 1
    assert trainer.callback_metrics["val/loss"].isfinite()


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_reads_what_the_parser_finds(fusion, store, tmp_path):
    settings = ["experiment=text_fused", "text=lexicon", f"model.fusion={fusion}"]
    cfg = composed(store, tmp_path / "run", *settings, *QUICK)
    task = instantiate(cfg.task)
    data = instantiate(cfg.data, stride=task.network.stride)
    trainer = instantiate(cfg.trainer, logger=False)
    trainer.fit(task, datamodule=data)

    assert trainer.global_step == 1
    batch = next(iter(data.val_dataloader()))
    assert [words_of(int(t))[0] for t in batch["tokens"][0]] == ["report", "rib_left_5"]
    assert task(batch).isfinite().all()


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        (["text=default"], 3e-4),  # it was trained already
        (["text=lexicon"], None),
        (["text=macbert"], 2e-5),  # it was trained elsewhere
        (["text=macbert", "text.model=somewhere/else"], 2e-5),
        (["text=macbert", "text.lr=null"], None),
        (["text=macbert", "task.text_lr=1e-4"], 1e-4),
        (["experiment=text_free"], None),  # there is no text
    ],
)
def test_an_encoder_trained_elsewhere_learns_at_its_own_rate(settings, rate, store, tmp_path):
    cfg = composed(store, tmp_path / "run", "experiment=text_fused", *settings)
    assert cfg.task.text_lr == rate


def test_the_text_free_experiment_builds_no_text_module(store, tmp_path):
    cfg = composed(store, tmp_path / "run", "experiment=text_free", *QUICK)
    network = instantiate(cfg.task).network
    assert "text" not in cfg or cfg.text is None
    assert not any("text" in name for name, _ in network.named_parameters())


@pytest.mark.parametrize(
    "group", ["model", "loss", "task", "optimizer", "data", "steps", "text", "logger"]
)
def test_every_choice_of_every_group_composes(group, store, tmp_path):
    for name in names(group):
        composed(store, tmp_path / "run", f"{group}={name}")


def test_no_model_is_left_without_an_experiment():
    used = "".join(path.read_text() for path in (CONF / "experiment").glob("*.yaml"))
    assert [name for name in names("model") if f"/model: {name}" not in used] == []
