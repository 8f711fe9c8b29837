"""``mmseg-bone train``: fit an experiment on all folds but one, and leave a run behind."""

import logging
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig, OmegaConf

from mmseg_bone.cli import CONF, in_words, tracking
from mmseg_bone.errors import RunError, StoreError

if TYPE_CHECKING:  # imported late, so that --help is quick
    import pytorch_lightning as pl

    from mmseg_bone.data.datamodule import StudyDataModule
    from mmseg_bone.io.runs import Run


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def run(cfg: DictConfig) -> float:
    """Fit ``cfg.task`` on ``cfg.data``; gives the held-out Dice back to a sweeper."""
    with in_words("train"):
        return train(cfg)


def train(cfg: DictConfig) -> float:
    """Train, predict the fold held out, score."""
    import pytorch_lightning as pl
    from hydra.utils import instantiate

    from mmseg_bone.cli.machine import tune_allocator

    if OmegaConf.is_missing(cfg, "store"):
        raise StoreError(
            "say which studies to learn from: store=DIR, a folder that `mmseg-bone phantom` or "
            "`mmseg-bone prepare` wrote."
        )
    tune_allocator()
    _quieten_lightning()
    folder = Path(cfg.run)
    resume = _checkpoint_to_go_on_from(folder, cfg.ckpt_path)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    task: pl.LightningModule = instantiate(cfg.task)
    data: StudyDataModule = instantiate(cfg.data, stride=task.network.stride)
    trainer: pl.Trainer = instantiate(cfg.trainer, _partial_=True)(logger=_loggers(cfg.logger))
    record = _start(cfg, trainer, data) if trainer.is_global_zero else None
    try:
        trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=True)
        if record is None:  # another process of the same training
            return float("nan")
        return _finish(record, trainer, task, data)
    finally:
        tracking.close(trainer.loggers)


def _quieten_lightning() -> None:
    """Leave out its tips, and its warnings about choices that are ours or its own."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    warnings.filterwarnings("ignore", message=".*LeafSpec")
    # What is frozen is meant to be: a frozen text encoder must not drop out.
    warnings.filterwarnings("ignore", message=".*in eval mode at the start of training")
    # It is: a run that goes on finds its own checkpoints, and another one was refused.
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")


def main() -> None:
    """Let Hydra read the command line."""
    # Lightning starts the other processes of a DDP run by this path, or by the module that is
    # main, which would not know the verb.
    sys.argv[0] = __file__
    sys.modules["__main__"].__spec__ = None
    run()


def _checkpoint_to_go_on_from(folder: Path, ckpt_path: str | None) -> str | None:
    last = folder / "checkpoints" / "last.ckpt"
    if ckpt_path == "last":  # also right for a job that was killed before its first epoch ended
        return str(last) if last.exists() else None
    if ckpt_path is None and last.exists():
        raise RunError(
            f"{folder} already holds a run. Add ckpt_path=last to go on with it, or give another "
            f"hydra.run.dir to begin anew; nothing is overwritten."
        )
    return ckpt_path


def _loggers(cfg: DictConfig | None) -> Any:  # noqa: ANN401  (what Lightning calls its loggers)
    from hydra.utils import instantiate

    return [instantiate(logger) for logger in (cfg or {}).values()] or False


def _start(cfg: DictConfig, trainer: "pl.Trainer", data: "StudyDataModule") -> "Run":
    """Write what is known before the first step, and tell the loggers."""
    from mmseg_bone.io.environment import environment
    from mmseg_bone.io.runs import Run

    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    device = str(trainer.strategy.root_device)
    about = environment(device=device, seed=cfg.seed, store_digest=data.store.digest)
    tracking.introduce(trainer.loggers, config, data.store.digest)
    return Run.start(cfg.run, config, about)


def _finish(
    record: "Run", trainer: "pl.Trainer", task: "pl.LightningModule", data: "StudyDataModule"
) -> float:
    """Weights of the best epoch, its predictions of the fold held out, and their scores."""
    from mmseg_bone.analysis.evaluation import evaluate
    from mmseg_bone.cli.load import predict, save_weights

    best = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    save_weights(task, best or str(record.checkpoint("last")), record.path)
    for study, probability in predict(task, data):
        record.write_prediction(study, probability)
    evaluation = evaluate(record, data.store)
    tracking.report(trainer.loggers, record, evaluation)
    print(f"run: {record.path}")
    return float(evaluation.summary["patient"]["dice"])


if __name__ == "__main__":
    main()
