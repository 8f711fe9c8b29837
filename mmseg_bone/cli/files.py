"""Files that a command leaves where its user said, without losing what is there."""

from collections.abc import Mapping
from pathlib import Path

from mmseg_bone.errors import RunError
from mmseg_bone.io.store import write_atomically


def refuse_existing(folder: Path, names: Mapping[str, object] | list[str], overwrite: bool) -> None:
    """Stop before anything is computed if a file would be lost.

    Raises:
        RunError: A file of that name exists, and it was not said to overwrite it.
    """
    existing = [name for name in names if (folder / name).exists()]
    if existing and not overwrite:
        raise RunError(
            f"{folder} already holds {', '.join(existing)}. Name another folder with --out, or "
            f"replace them with --overwrite."
        )


def write_all(folder: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Write files, each whole or not at all.

    Raises:
        RunError: See ``refuse_existing``.
    """
    refuse_existing(folder, files, overwrite)
    for name, content in files.items():
        write_atomically(folder / name, content)
