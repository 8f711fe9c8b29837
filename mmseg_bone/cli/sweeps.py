"""A sweep, ``train -m``: some of its jobs are finished, some may fail, and the others run on."""

import json
import math
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from mmseg_bone.cli import failures
from mmseg_bone.cli.settings import refuse_another


def is_job_of_a_sweep() -> bool:
    """Whether this is one of several runs that one command asked for."""
    return bool(HydraConfig.get().mode == RunMode.MULTIRUN)


def job(cfg: DictConfig, train: Callable[[DictConfig], float]) -> float | str:
    """Train, unless that was done, and keep from the sweep what goes wrong.

    Returns:
        The held-out Dice, which a sweeper may look for the best of; or why there is none: no
        number, so that the sweeper knows that the job failed.
    """
    from mmseg_bone.io.runs import is_finished

    folder = Path(cfg.run)
    failures.forget(folder)
    try:
        if OmegaConf.is_missing(cfg, "store"):
            return train(cfg)  # which asks for one
        _check(cfg, folder)
        if is_finished(folder):
            dice = _dice(folder)
            print(f"finished before, patient-mean Dice {dice:.3f}: {folder}", flush=True)
        else:
            dice = train(cfg)
        return dice if math.isfinite(dice) else "its patient-mean Dice is undefined"
    except Exception as error:
        failures.note(folder, error, again=_again(folder))
        print(f"FAILED: {folder}: {failures.reason(error)}", flush=True)
        return failures.reason(error)


class ListFailures(Callback):
    """Names the jobs that failed when all have ended, and ends the command with status 1."""

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:  # noqa: ANN401  (Hydra's)
        """Hydra calls this once, where the command was given."""
        folder = Path(config.hydra.sweep.dir)
        if failed := failures.failed_below(folder):
            lines = [f"{path}: {failures.noted(path)}".replace("\n", "\n  ") for path in failed]
            sys.exit(
                f"mmseg-bone train: {len(failed)} job(s) failed. The same command tries them "
                f"again and skips what is finished; or one alone:\n" + "\n".join(lines)
            )


def _check(cfg: DictConfig, folder: Path) -> None:
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    refuse_another(folder, config, Path(cfg.store))


def _dice(folder: Path) -> float:
    dice = json.loads((folder / "summary.json").read_text("utf-8"))["patient"]["dice"]
    return math.nan if dice is None else float(dice)


def _again(folder: Path) -> str:
    words = [word for word in HydraConfig.get().overrides.task if "ckpt_path=" not in word]
    return shlex.join(["mmseg-bone", "train", *words, f"hydra.run.dir={folder}", "ckpt_path=last"])
