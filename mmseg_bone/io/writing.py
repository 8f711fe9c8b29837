"""Why a file or a folder cannot be written, in words; and whether it can, before the work."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mmseg_bone.errors import OutputError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in words what is wrong if what is done here cannot write a file or a folder.

    Args:
        path: What is written, as the user knows it.

    Raises:
        OutputError: It could not be.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(_why(error), path) from None


def _why(error: OSError) -> str:
    if error.errno in _FULL:
        return "cannot be written, for the disk is full. Make room and run the command again."
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "cannot be written: a file lies where a folder is needed. Name another place."
    if isinstance(error, IsADirectoryError):
        return "cannot be written: a folder lies where a file is needed. Name another place."
    if isinstance(error, PermissionError):
        return "may not be written by you. Name another place, or ask for the right to write there."
    return f"cannot be written ({error.strerror or error}). Name another place."


def holds_something(folder: Path) -> bool:
    """Whether there is a folder that is not empty.

    Raises:
        OutputError: It is a file, or cannot be looked into.
    """
    if not folder.exists():
        return False
    with writing(folder):
        return any(folder.iterdir())


def refuse_unwritable(folder: Path) -> None:
    """Stop before anything is computed if nothing can be written there; nothing is left behind.

    What there is of the folder is tried, so that two commands do not trip over each other.

    Raises:
        OutputError: The folder cannot be made, or no file in it.
    """
    there = next(one for one in (folder, *folder.parents) if one.exists())
    with writing(folder), TemporaryDirectory(prefix=".trying-", dir=there):
        pass
