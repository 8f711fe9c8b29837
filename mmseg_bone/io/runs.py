"""A run directory: what one training left behind, and all that scoring and comparing need.

```
RUN/config.yaml                 the resolved configuration
RUN/environment.json            versions, device, seed, digest of the store, commit
RUN/learnt.txt                  digests of the studies it has learnt from, see io.learnt
RUN/checkpoints/last.ckpt       Lightning's, to go on training from
RUN/checkpoints/best.ckpt        both without what is frozen of a text encoder
RUN/weights.safetensors         the network of the best checkpoint
RUN/predictions/ID.safetensors  logit [view y x], float16, at the scan's own resolution
RUN/scores.csv                  one row per study and view
RUN/lesions.csv                 one row per drawn and per predicted lesion
RUN/froc.csv                    one row per study and threshold
RUN/scans.csv                   one row per study
RUN/summary.json                scores by aggregation
```

Every file is written under a temporary name and renamed, so what is there is whole.
"""

import io
import json
import math
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from jaxtyping import Float, Float16, Float32
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.special import expit, logit

from mmseg_bone.errors import RunError
from mmseg_bone.io.nameless import nameless
from mmseg_bone.io.store import write_atomically

if TYPE_CHECKING:
    import pandas as pd

_NEEDED_COLUMNS = ("id", "patient", "view", "threshold", "tp", "fp", "fn", "tn", "surface_dice")
TABLES = ("scores", "lesions", "froc", "scans")
# Words, though a patient may be called 007, or NA.
_WORDS = ("id", "patient", "view", "primary", "camera", "style", "bone", "region", "kind")


class Run:
    """One training's directory.

    Parts are read when they are asked for: a run that was cut off has its configuration and
    checkpoints, but no predictions, and says so only to whom wants them.

    Args:
        path: Directory written by ``mmseg-bone train``.

    Attributes:
        config: The resolved configuration.

    Raises:
        RunError: It is no run directory, or its configuration cannot be read.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        file = self._part("config.yaml", "mmseg-bone train makes runs")
        try:
            config = yaml.safe_load(file.read_bytes())
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = "" if mark is None else f", line {mark.line + 1}"
            raise RunError(
                f"{file}{where} is no YAML: it is torn, or was edited. Copy it again."
            ) from None
        if not isinstance(config, dict):
            raise RunError(
                f"{self.path}/config.yaml holds no keys. It should hold the resolved configuration "
                f"of a run: take the directory that `mmseg-bone train` wrote."
            )
        self.config: dict[str, Any] = config

    @classmethod
    def start(
        cls,
        path: str | PathLike[str],
        config: Mapping[str, Any],
        environment: Mapping[str, Any],
    ) -> "Run":
        """Write what is known before the first step. A resumed run writes it again."""
        path = Path(path)
        text = yaml.safe_dump(dict(config), allow_unicode=True, sort_keys=False)
        write_atomically(path / "config.yaml", text.encode())
        write_atomically(path / "environment.json", to_json(environment))
        return cls(path)

    @property
    def name(self) -> str:
        """Name of the experiment; runs that share it differ in fold or seed only."""
        return str(self.config.get("name") or self.path.resolve().name)

    @property
    def seed(self) -> int:
        """Seed of the training; 0 where none was set."""
        return int(self.config.get("seed") or 0)

    @property
    def environment(self) -> dict[str, Any]:
        """Versions, device, seed, and digest of the store."""
        path = self._part("environment.json", "run `mmseg-bone train` again, it goes on")
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return found

    @property
    def store_digest(self) -> str:
        """Digest of the store it was trained on; see ``Store.digest``.

        Raises:
            RunError: It was not recorded.
        """
        digest = self.environment.get("store_digest")
        if not digest:
            raise RunError(
                f"{self.path}/environment.json names no store_digest, so nobody can say which "
                f"studies it was trained on. Train it again."
            )
        return str(digest)

    @property
    def weights(self) -> Path:
        """Weights of the network, from the best checkpoint."""
        return self._part("weights.safetensors", "they are written when training ends")

    def checkpoint(self, which: str = "last") -> Path:
        """Lightning's checkpoint, ``last`` or ``best``."""
        return self._part(f"checkpoints/{which}.ckpt", "none was saved before training stopped")

    @property
    def predicted(self) -> list[str]:
        """Studies there is a prediction of, sorted.

        Raises:
            RunError: There is none.
        """
        ids = sorted(file.stem for file in (self.path / "predictions").glob("*.safetensors"))
        if not ids:
            raise RunError(
                f"{self.path}/predictions holds no prediction. They are written when training "
                f"ends: go on with `mmseg-bone train ... ckpt_path=last`."
            )
        return ids

    def read_prediction(self, id: str) -> Float32[np.ndarray, "view y x"]:
        """Probability of lesion per pixel, views in the study's order."""
        path = self._part(f"predictions/{id}.safetensors", "that study was not held out here")
        try:
            return expit(load(path.read_bytes())["logit"].astype(np.float32))
        except (SafetensorError, KeyError) as error:
            raise RunError(
                f"{path} cannot be read as a prediction ({error!r}). Remove it, and let the run "
                f"predict again."
            ) from None

    def write_prediction(self, id: str, probability: Float[np.ndarray, "view y x"]) -> None:
        """Keep a prediction, as logits in float16.

        So 0.9999 stays apart from 0.99999, which as a probability it would not: networks are
        sure of themselves, and a FROC curve is drawn where they are surest.

        Raises:
            RunError: It is no probability: nan, or outside 0 to 1.
        """
        refuse_improbable(probability, f"prediction of {id!r}")
        content = save({"logit": _logits(probability)})
        write_atomically(self.path / "predictions" / f"{id}.safetensors", content)

    def forget_predictions(self, but: Iterable[str] = ()) -> None:
        """Remove those of other studies, which earlier weights made, or they would be scored."""
        kept = set(but)
        for file in (self.path / "predictions").glob("*.safetensors"):
            if file.stem not in kept:
                file.unlink()

    def read_scores(self) -> "pd.DataFrame":
        """One row per study and view; see ``analysis.scores``.

        Raises:
            RunError: The run was not scored, or its table lacks a column.
        """
        scores = self.read_table("scores")
        missing = [column for column in _NEEDED_COLUMNS if column not in scores]
        if missing:
            raise RunError(
                f"{self.path}/scores.csv lacks the columns {', '.join(missing)}. Score the run "
                f"again with `mmseg-bone evaluate {self.path}`."
            )
        return scores

    def write_scores(self, scores: "pd.DataFrame") -> None:
        """Keep the scores; those of an earlier evaluation are replaced."""
        self.write_table("scores", scores)

    def has_table(self, name: str) -> bool:
        """Whether an evaluation left this table."""
        return (self.path / f"{name}.csv").is_file()

    def read_table(self, name: str) -> "pd.DataFrame":
        """One of the tables of an evaluation; see ``analysis.scores``.

        Raises:
            RunError: The run was not scored.
        """
        import pandas as pd

        path = self._part(f"{name}.csv", f"score it with `mmseg-bone evaluate {self.path}`")
        keys = dict.fromkeys(_WORDS, str)
        return pd.read_csv(path, dtype=keys, keep_default_na=False, na_values=[""])

    def write_table(self, name: str, table: "pd.DataFrame") -> None:
        """Keep a table of an evaluation; that of an earlier one is replaced."""
        text = io.StringIO()
        table.to_csv(text, index=False, lineterminator="\n")
        write_atomically(self.path / f"{name}.csv", text.getvalue().encode())

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Keep what ``scores.csv`` comes to."""
        write_atomically(self.path / "summary.json", to_json(summary))

    def _part(self, name: str, hint: str) -> Path:
        path = self.path / name
        if not path.is_file():
            what = "is missing" if self.path.is_dir() else "is missing, and so is the directory"
            raise RunError(f"{self.path}: {name} {what} ({hint}).")
        return path


def is_finished(folder: str | PathLike[str]) -> bool:
    """Whether a run was trained, predicted and scored; the summary is its last file."""
    return (Path(folder) / "summary.json").is_file()


def refuse_improbable(probability: Float[np.ndarray, "..."], what: str) -> None:
    """Stop before a mask is cut of it, for a mask of nan reads as "no lesion".

    Raises:
        RunError: It is no probability: nan, or outside 0 to 1.
    """
    if not ((probability >= 0) & (probability <= 1)).all():  # false for nan, too
        raise RunError(
            f"{what} ranges from {probability.min()} to {probability.max()}; a probability lies "
            f"from 0 to 1. If it is nan, training has diverged: train again with a lower "
            f"learning rate."
        )


def as_kept(probability: Float[np.ndarray, "view y x"]) -> Float32[np.ndarray, "view y x"]:
    """What a run would give back of this prediction, so that the same mask comes of both."""
    return expit(_logits(probability).astype(np.float32))


def _logits(probability: Float[np.ndarray, "view y x"]) -> Float16[np.ndarray, "view y x"]:
    """0 and 1 become infinite, and come back as 0 and 1."""
    # In float64 for digits; a float32 is at most 0.99999994, and no float16 is infinite but those.
    return np.asarray(logit(np.asarray(probability, np.float64)), np.float16)


def keep_small(
    run: Run,
    folder: str | PathLike[str],
    tables: Iterable[str] = TABLES,
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Copy what comparing needs, and no prediction, no weights and no name of a folder.

    The copy is a run that ``compare`` reads, small enough to be kept beside the code. What
    says that it is finished is copied last.

    Args:
        run: A scored run.
        folder: Where the copy goes; what it holds of an earlier one is replaced.
        tables: Which tables to copy, where the run has them.
        settings: Put in place of the run's own; they name no folder.

    Raises:
        RunError: The run was not scored.
    """
    summary = run._part("summary.json", f"score it with `mmseg-bone evaluate {run.path}`")
    copy = Run.start(folder, nameless(run.config) | dict(settings or {}), run.environment)
    for name in tables:
        if run.has_table(name):
            write_atomically(copy.path / f"{name}.csv", (run.path / f"{name}.csv").read_bytes())
    write_atomically(copy.path / "summary.json", summary.read_bytes())
    return copy


def find_runs(path: str | PathLike[str]) -> list[Run]:
    """The run at a path, or those below it, as a multirun leaves them; sorted by path.

    Raises:
        RunError: There is none.
    """
    root = Path(path)
    if (root / "config.yaml").is_file():
        return [Run(root)]
    found = sorted(
        file.parent
        for file in root.rglob("config.yaml")
        # .hydra/config.yaml is Hydra's copy, from before the names in it were resolved.
        if not any(part.startswith(".") for part in file.relative_to(root).parts)
    )
    if not found:
        raise RunError(
            f"{root} is no run and holds none: no config.yaml in it or below. Name a directory "
            f"that `mmseg-bone train` wrote."
        )
    return [Run(folder) for folder in found]


def to_json(content: Any) -> bytes:  # noqa: ANN401  (whatever JSON can say)
    """JSON that every reader takes: what is undefined is null, for JSON knows no nan."""
    text = json.dumps(_without_nan(content), ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode()


def _without_nan(content: Any) -> Any:  # noqa: ANN401
    if isinstance(content, Mapping):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and math.isnan(content) else content
