"""What a run tells its loggers, and W&B most: settings, tags, scores, tables, artifacts.

Whatever leaves by here may be put on a server. It names no folder, for folders are named after
people, and holds no word of a report. Studies and patients are keys of the store, which are no
hospital numbers; the table to look at does without patients.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

if TYPE_CHECKING:  # imported late, so that --help is quick
    from pytorch_lightning.loggers import WandbLogger

    from mmseg_bone.analysis.evaluation import Evaluation
    from mmseg_bone.io.runs import Run

# From tasks/overlays.py, which is slow to import.
PICTURES, EFFECTS = "val/overlays", "val/report_effect"
STUDIES = "test/studies"  # the table of scores per study and view
_STAGING = "WANDB_DATA_DIR"  # where W&B copies artifacts to before they are sent


def _sweep() -> str | None:
    """What the sweep is called, without the folders it is in; None outside Hydra's commands."""
    from hydra.core.hydra_config import HydraConfig

    return Path(HydraConfig.get().sweep.dir).name if HydraConfig.initialized() else None


OmegaConf.register_new_resolver("sweep", _sweep, replace=True)


def introduce(loggers: list[Any], config: Mapping[str, Any], store_digest: str) -> None:
    """Tell the loggers what the run is made of, and W&B also the tags to find it by."""
    from mmseg_bone.io.nameless import nameless

    told = nameless(config)
    for logger in loggers:
        logger.log_hyperparams(told | {"store_digest": store_digest})
    for logger in _wandb(loggers):
        logger.experiment.tags = (*(logger.experiment.tags or ()), *tags(told, store_digest))


def report(loggers: list[Any], run: "Run", evaluation: "Evaluation") -> None:
    """Give W&B what came of the run: the summary, a table of studies, and the artifacts."""
    for logger in _wandb(loggers):
        logger.experiment.summary.update(_summary(evaluation))
        shown = run.read_scores().drop(columns="patient")
        logger.log_table(STUDIES, dataframe=shown.astype(object).where(shown.notna(), None))
        _log_artifacts(logger.experiment, run)


def close(loggers: list[Any]) -> None:
    """End the W&B run, or the next one of a sweep would be written into it."""
    for logger in loggers:
        finish = getattr(logger.experiment, "finish", None)
        if finish is not None:
            finish()


def tags(config: Mapping[str, Any], store_digest: str) -> tuple[str, ...]:
    """Experiment, fusion, text encoder, cohort: what one looks for runs by.

    The cohort is told by the beginning of the store's digest; to give it a name, too, add
    ``logger.wandb.tags=[...]``.
    """
    text = config.get("text") or {}
    reads = bool(text) and config["model"].get("fusion", "none") != "none"
    told = {
        "experiment": config["name"],
        "fusion": config["model"]["fusion"] if reads else "none",
        "text": _reader(text) if reads else "none",
        "cohort": store_digest[:8],
    }
    # W&B takes 64 characters.
    return tuple(f"{key} {value}"[:64] for key, value in told.items())


def _reader(text: Mapping[str, Any]) -> str:
    """Who reads the report: the checkpoint and how it learns, or what stands in its place."""
    if "model" in text:
        return f"{text['model']} {text.get('tune', 'all')}"
    return str(text.get("encoder", {}).get("_target_", "unknown")).rpartition(".")[2]


def _summary(evaluation: "Evaluation") -> dict[str, float]:
    """Held-out scores by aggregation and metric; what is undefined is left out."""
    scores = {
        f"test/{aggregation}/{metric}": value
        for aggregation, values in evaluation.summary.items()
        for metric, value in values.items()
    } | {f"test/{name}": value for name, value in evaluation.beyond.items()}
    return {name: float(value) for name, value in scores.items() if value == value}


def _log_artifacts(experiment: Any, run: "Run") -> None:  # noqa: ANN401  (W&B's run)
    """Two runs in small: one to ``compare`` when downloaded, one to ``predict`` with."""
    from mmseg_bone.io.nameless import nameless
    from mmseg_bone.io.runs import Run, keep_small

    name = f"{run.name}-fold{run.config.get('fold')}-seed{run.seed}"
    with _staged_in(run.path / "wandb"):
        for kind in ("scores", "weights"):
            with tempfile.TemporaryDirectory() as folder:
                if kind == "weights":
                    (Path(folder) / run.weights.name).write_bytes(run.weights.read_bytes())
                else:
                    keep_small(run, folder)
                Run.start(folder, nameless(run.config), run.environment)
                allowed = re.sub(r"[^\w.-]", "-", f"{name}-{kind}", flags=re.ASCII)
                experiment.log_artifact(folder, name=allowed, type=kind)


@contextmanager
def _staged_in(folder: Path) -> Iterator[None]:
    """Keep W&B's copies of artifacts in the run, not in the user's home, unless it was told."""
    before = os.environ.get(_STAGING)
    os.environ[_STAGING] = before or str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_STAGING]


def _wandb(loggers: list[Any]) -> "list[WandbLogger]":
    from pytorch_lightning.loggers import WandbLogger

    return [logger for logger in loggers if isinstance(logger, WandbLogger)]
