"""What the commands that train share: loggers, checkpoints to go on from, quiet."""

import logging
import warnings
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mmseg_bone.errors import RunError


def quieten_lightning() -> None:
    """Leave out its tips, and its warnings about choices that are ours or its own."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers")
    warnings.filterwarnings("ignore", message=".*LeafSpec")
    # What is frozen is meant to be: a frozen text encoder must not drop out.
    warnings.filterwarnings("ignore", message=".*in eval mode at the start of training")
    # It is: a run that goes on finds its own checkpoints, and another one was refused.
    warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")


def checkpoint_to_go_on_from(folder: Path, ckpt_path: str | None) -> str | None:
    """The checkpoint that ``ckpt_path`` means; None to begin anew.

    Raises:
        RunError: A run is there, and nobody said to go on with it, or with another's checkpoint.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if ckpt_path == "last":  # also right for a job that was killed before its first epoch ended
        return str(last) if last.exists() else None
    own = ckpt_path is not None and folder.resolve() in Path(ckpt_path).resolve().parents
    if last.exists() and not own:
        raise RunError(
            f"{folder} already holds a run. Add ckpt_path=last to go on with it, or give another "
            f"hydra.run.dir to begin anew; nothing is overwritten."
        )
    return ckpt_path


def run_of(checkpoint: str | None) -> Path | None:
    """The run whose checkpoint it is: the folder it lies in or below; None if that is no run."""
    above = [] if checkpoint is None else Path(checkpoint).absolute().parents[:2]
    return next((folder for folder in above if (folder / "config.yaml").is_file()), None)


def name_whole(cfg: DictConfig) -> None:
    """Keep a folder of a text encoder by its whole path.

    The run then finds it from wherever it is read, and it is told from a name on the hub.
    """
    from mmseg_bone.io.nameless import lies_in_a_folder

    model = OmegaConf.select(cfg, "text.model")
    if model and lies_in_a_folder(str(model)):
        cfg.text.model = str(Path(model).absolute())


def make_loggers(cfg: DictConfig | None) -> Any:  # noqa: ANN401  (what Lightning calls its loggers)
    """Those of a configuration, by name; False, Lightning's word for none, if it has none."""
    from hydra.utils import instantiate

    return [instantiate(logger) for logger in (cfg or {}).values()] or False
