"""Files that a command leaves where its user said, without losing what is there."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmseg_bone.errors import RunError
from mmseg_bone.io.store import write_atomically
from mmseg_bone.io.writing import refuse_unwritable

_NAMED = 4  # of the files in the way


def refuse_existing(folder: Path, names: Iterable[str], overwrite: bool) -> None:
    """Stop before anything is computed if a file would be lost, or none can be written.

    Raises:
        RunError: A file of that name exists, and it was not said to overwrite it.
        OutputError: No file can be written there.
    """
    existing = [name for name in dict.fromkeys(names) if (folder / name).exists()]
    if existing and not overwrite:
        more = f" and {len(existing) - _NAMED} more" if len(existing) > _NAMED else ""
        raise RunError(
            f"{folder} already holds {', '.join(existing[:_NAMED])}{more}. Name another folder "
            f"with --out, or replace them with --overwrite."
        )
    refuse_unwritable(folder)


def write_all(folder: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Write files, each whole or not at all.

    Raises:
        RunError: See ``refuse_existing``.
    """
    refuse_existing(folder, files, overwrite)
    for name, content in files.items():
        write_atomically(folder / name, content)


def write_result(
    folder: Path, files: Mapping[str, bytes], overwrite: bool, *, main: str, earlier: Iterable[str]
) -> None:
    """Write the files of one result, and leave none of an earlier one among them.

    Its main file goes first and comes last: where it lies, the result is whole, and all that
    lies beside it is of the same one.

    Args:
        folder: Where they go.
        files: Name and content of each.
        overwrite: Whether an earlier result may be replaced.
        main: Which of the files tells of the others.
        earlier: Names of all files that an earlier result may have left.

    Raises:
        RunError: See ``refuse_existing``.
    """
    names = dict.fromkeys([main, *earlier, *files])
    refuse_existing(folder, names, overwrite)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    for name in [*(name for name in files if name != main), main]:
        write_atomically(folder / name, files[name])
