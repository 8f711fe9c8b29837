"""One process at a time at work on a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from mmseg_bone.errors import BusyError
from mmseg_bone.io.writing import writing

_NAME = ".lock"  # left behind, empty: to remove it would let two processes lock two files


@contextmanager
def alone(folder: str | PathLike[str]) -> Iterator[None]:
    """Hold a folder for this process; the lock goes with the process, however it ends.

    Where the system or the file system knows no such lock, nothing is held and nothing said.

    Args:
        folder: Made if it is not there.

    Raises:
        BusyError: Another process holds it.
        OutputError: It cannot be made, or nothing be written there.
    """
    folder = Path(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        held = (folder / _NAME).open("w")
    with held as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"another process is at work on {folder}. Wait until it has ended, or name "
                f"another folder; nothing was changed."
            ) from None
        except (ImportError, OSError):  # Windows, and some shared folders
            pass
        yield
