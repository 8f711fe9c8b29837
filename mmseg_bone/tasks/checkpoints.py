"""Checkpoints of a run that may be moved or copied, and gone on with where it lies then."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import ModelCheckpoint

from mmseg_bone.errors import RunError

_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


class Checkpoints(ModelCheckpoint):
    """Lightning's, which forgets how good the best epoch was when its folder has another name.

    The first epoch after that would take the place of the best, however bad it is.
    """

    @property
    def state_key(self) -> str:
        """As Lightning calls its own, so that runs begun with that go on."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over which epoch was best, as a file of the folder at hand.

        Raises:
            RunError: The run lies here, and its best epoch does not.
        """
        state = _moved(state_dict, Path(self.dirpath or "."))
        best = state["best_model_path"]
        if not best or Path(best).is_file():
            super().load_state_dict(state)
        elif Path(state["last_model_path"]).is_file():
            raise RunError(
                f"{best} is missing, and so the best epoch of this run. Copy the whole folder of "
                f"the run; last.ckpt alone does not do."
            )
        # Else it is the checkpoint of another run, and what was best there is none of this one.


def _moved(state: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The state with every file in this folder that was in the one it was saved in."""
    before = Path(state.get("dirpath") or folder)

    def here(path: str) -> str:
        inside = path and Path(path).is_relative_to(before)
        return str(folder / Path(path).relative_to(before)) if inside else path

    paths = {key: here(state.get(key, "")) for key in _PATHS}
    scores = {here(path): score for path, score in state.get("best_k_models", {}).items()}
    return dict(state) | paths | {"best_k_models": scores, "dirpath": str(folder)}
