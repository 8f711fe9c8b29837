"""A model to hand on: the weights of a run and its configuration, without a study.

```
MODEL/config.yaml           what network it is, and how a study is encoded for it
MODEL/environment.json      versions, seed, digest of the store
MODEL/weights.safetensors
MODEL/README.md             the model card
```

It is a run without predictions and scores, so ``mmseg-bone predict --run MODEL`` reads it. The
one that comes with the package is ``shipped_model()``.
"""

from pathlib import Path

from mmseg_bone.errors import RunError
from mmseg_bone.io.nameless import lies_in_a_folder, nameless
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import write_atomically

_SHIPPED = Path(__file__).parents[1] / "shipped"


def shipped_model() -> Path:
    """Folder of the model that comes with the package."""
    return _SHIPPED


def run_called(name: Path | str) -> Run:
    """A run by its folder, or the model that comes with the package by the word ``shipped``."""
    return Run(shipped_model() if str(name) == "shipped" else name)


def write_model(run: Run, folder: Path, card: str, weights: bytes | None = None) -> Run:
    """Copy what predicting needs, with no name of a folder, no study and no score of one.

    Args:
        run: A run that was trained to its end.
        folder: Where the copy goes; files of these names are replaced.
        card: Markdown.
        weights: File of its weights, where it is not to be that of the run.

    Raises:
        RunError: The run has no weights, or reads its reports by an encoder that lies in a
            folder, which would not go with it.
    """
    reader = (run.config.get("text") or {}).get("model")
    if reader and lies_in_a_folder(str(reader)):
        raise RunError(
            f"{run.path} reads reports by an encoder in a folder (text.model={Path(reader).name}), "
            f"which would not go with the model. Hand on models of text.model=default, of a name "
            f"on the hub, or of text=lexicon."
        )
    weights = run.weights.read_bytes() if weights is None else weights
    copy = Run.start(folder, nameless(run.config), run.environment)
    write_atomically(copy.path / "README.md", card.encode())
    write_atomically(copy.path / "weights.safetensors", weights)
    return copy
