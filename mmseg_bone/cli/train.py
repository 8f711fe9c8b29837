"""``mmseg-bone train``: fit an experiment on all folds but one, and leave a run behind."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig, OmegaConf

from mmseg_bone.cli import CONF, failures, fitting, in_words, sweeps, tracking
from mmseg_bone.cli.quoting import quoted
from mmseg_bone.errors import StoreError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from collections.abc import Callable

    import pytorch_lightning as pl
    from torch import Tensor

    from mmseg_bone.data.datamodule import StudyDataModule
    from mmseg_bone.io.runs import Run

# What has to be the same of a training that goes on: who is held out and who is learnt from, what
# the network is and is shown, and what it began with. The first that differs is named.
_SAME = (
    "fold",
    "seed",
    "weights",
    "start",
    "task._target_",
    "model",
    "task.network",
    "task.critic",
    "data.share",
    "data.include_undrawn",
    "data.repeat_drawn",
    "data.encode",
)


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def run(cfg: DictConfig) -> float | str:
    """Fit ``cfg.task`` on ``cfg.data``; gives the held-out Dice back to a sweeper."""
    if sweeps.is_job_of_a_sweep():
        return sweeps.job(cfg, train)
    with in_words("train"):
        dice = train(cfg)
    failures.forget(Path(cfg.run))  # it may be a job of a sweep, run again alone
    return dice


def train(cfg: DictConfig) -> float:
    """Train, predict the fold held out, score."""
    import pytorch_lightning as pl
    from hydra.utils import instantiate

    from mmseg_bone.cli.begin import begin
    from mmseg_bone.cli.keeping import refuse_unkeepable
    from mmseg_bone.cli.machine import leave_memory_unfilled, tune_allocator

    if OmegaConf.is_missing(cfg, "store"):
        raise StoreError(
            "say which studies to learn from: store=DIR, a folder that `mmseg-bone phantom` or "
            "`mmseg-bone prepare` wrote."
        )
    tune_allocator()
    leave_memory_unfilled()
    fitting.quieten_lightning()
    fitting.name_whole(cfg)
    folder = Path(cfg.run)
    resume = fitting.checkpoint_to_go_on_from(folder, cfg.ckpt_path)
    gone_on_with = _gone_on_with(resume, cfg)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    task: pl.LightningModule = instantiate(cfg.task)
    data: StudyDataModule = instantiate(cfg.data, stride=task.network.stride)
    refuse_unkeepable(cfg.kept, cfg.weights, task.network)  # type: ignore[arg-type]
    begin(task.network, data, cfg.weights, cfg.start)  # type: ignore[arg-type]
    trainer: pl.Trainer = instantiate(cfg.trainer, _partial_=True)(
        logger=fitting.make_loggers(cfg.logger)
    )
    record = _start(cfg, trainer, data, gone_on_with) if trainer.is_global_zero else None
    try:
        trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=True)
        if record is None:  # another process of the same training
            return float("nan")
        return _finish(record, trainer, task, data)
    finally:
        tracking.close(trainer.loggers)


def main() -> None:
    """Let Hydra read the command line."""
    # Lightning starts the other processes of a DDP run by this path, or by the module that is
    # main, which would not know the verb.
    sys.argv[0] = __file__
    sys.modules["__main__"].__spec__ = None
    sys.argv[1:] = quoted(sys.argv[1:])
    run()


def _gone_on_with(checkpoint: str | None, cfg: DictConfig) -> "list[Run]":
    """The run that a checkpoint is of, if it is of one; refused if it is another training.

    Its network would be scored on patients it has learnt from, or would not fit.
    """
    from mmseg_bone.cli.settings import refuse_going_on
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.store import Store

    if (folder := fitting.run_of(checkpoint)) is None:
        return []
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    of = f"store={cfg.store}", Store(cfg.data.store).digest
    refuse_going_on(folder, config, of, _SAME)
    return [Run(folder)]


def _start(
    cfg: DictConfig, trainer: "pl.Trainer", data: "StudyDataModule", gone_on_with: "list[Run]"
) -> "Run":
    """Write what is known before the first step, and tell the loggers."""
    from mmseg_bone.cli.begin import began_with
    from mmseg_bone.io.environment import environment
    from mmseg_bone.io.learnt import keep_learnt
    from mmseg_bone.io.runs import Run

    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    device = str(trainer.strategy.root_device)
    about = environment(device=device, seed=cfg.seed, store_digest=data.store.digest)
    tracking.introduce(trainer.loggers, config, data.store.digest)
    record = Run.start(cfg.run, config, about)
    ids = [*data.train_ids, *data.val_ids]
    keep_learnt(record, data.store, ids, [*began_with(cfg.weights, cfg.start), *gone_on_with])
    return record


def _finish(
    record: "Run", trainer: "pl.Trainer", task: "pl.LightningModule", data: "StudyDataModule"
) -> float:
    """Weights of the best epoch, its predictions of the fold held out, and their scores."""
    from mmseg_bone.analysis.evaluation import evaluate
    from mmseg_bone.cli.load import predict, save_weights

    best = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    checkpoint = str(record.checkpoint("best" if best else "last"))
    save_weights(task, checkpoint, record.path, _keeping(record))
    record.forget_predictions(but=data.scored_ids)  # of a trial, scored on its validation fold
    for study, probability in predict(task, data):
        record.write_prediction(study, probability)
    evaluation = evaluate(record, data.store)
    tracking.report(trainer.loggers, record, evaluation)
    print(f"run: {record.path}")
    return float(evaluation.summary["patient"]["dice"])


def _keeping(
    record: "Run",
) -> "Callable[[dict[str, Tensor]], dict[str, Tensor]] | None":
    """How the weights learnt are put between themselves and those begun with, if they are."""
    from mmseg_bone.cli.keeping import between
    from mmseg_bone.cli.weights import read_weights
    from mmseg_bone.io.model import run_called

    if not (kept := record.config["kept"]):
        return None
    begun = read_weights(run_called(record.config["weights"]).weights)
    return lambda learnt: between(begun, learnt, kept)


if __name__ == "__main__":
    main()
