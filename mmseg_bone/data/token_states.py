"""Token states on disk, beside the studies whose reports they are of."""

import logging
from os import PathLike
from pathlib import Path

from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mmseg_bone.errors import OutputError
from mmseg_bone.io.store import write_atomically

_log = logging.getLogger(__name__)
_NAME = "states"


class StateFolder:
    """A ``text.states.Shelf`` of one small safetensors file per report, memory-mapped.

    No word of a report is in them, but states are as private as the report they are of: the
    folder is to be guarded, moved and removed with the store. Removing it loses nothing but time.

    Several processes may use one folder: a file is written under another name and renamed, and
    who computes the same report writes the same file. Where nothing can be written, states are
    kept in memory until the process ends.

    Args:
        path: Of the folder; made when there is something to keep.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self.memory: dict[str, Tensor] = {}

    def get(self, key: str) -> Float[Tensor, "t w"] | None:
        """The states of a report; None if they are not there, or the file is torn."""
        if key in self.memory:
            return self.memory[key]
        try:
            with safe_open(self._file(key), framework="pt") as file:
                states: Tensor = file.get_tensor(_NAME)
        except (OSError, SafetensorError):
            return None
        return states

    def put(self, key: str, states: Float[Tensor, "t w"]) -> None:
        """Keep the states of a report."""
        try:
            write_atomically(self._file(key), save({_NAME: states.contiguous()}))
        except OutputError as error:  # a store that may only be read, or a full disk
            if not self.memory:
                _log.warning("token states are kept in memory only: a file %s", error.reason)
            self.memory[key] = states.clone()

    def _file(self, key: str) -> Path:
        return self.path / f"{key}.safetensors"
