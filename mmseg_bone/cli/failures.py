"""Why a job among many failed: kept beside it, so that the others run on and the end lists it."""

import traceback
from pathlib import Path

from mmseg_bone.errors import MmsegBoneError

_FILE = "failed.txt"


def reason(error: BaseException) -> str:
    """Why, in one line that holds nothing of a report.

    Our own messages are written for that. What a library says of its input may quote it, so
    of any other error only the kind is told, and where in this package it was.
    """
    ours: BaseException | None = error
    while ours is not None and not isinstance(ours, MmsegBoneError):
        ours = ours.__cause__ or ours.__context__
    if ours is not None:
        return " ".join(str(ours).split())
    return f"{type(error).__name__}{_where(error)}"


def note(folder: Path, error: BaseException | str, again: str = "") -> None:
    """Write down why the job of this folder failed, and the command that runs it again."""
    folder.mkdir(parents=True, exist_ok=True)
    why = error if isinstance(error, str) else reason(error)
    (folder / _FILE).write_text(f"{why}\n{again}".strip() + "\n", "utf-8")


def forget(folder: Path) -> None:
    """The job is run again."""
    (folder / _FILE).unlink(missing_ok=True)


def noted(folder: Path) -> str | None:
    """Why the job of this folder failed the last time; None if it did not."""
    path = folder / _FILE
    return path.read_text("utf-8").strip() if path.is_file() else None


def failed_below(folder: Path) -> list[Path]:
    """The folders whose job failed the last time."""
    return sorted(path.parent for path in folder.rglob(_FILE))


def _where(error: BaseException) -> str:
    package = Path(__file__).parents[1]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(package)]
    if not ours:
        return ""
    at = Path(ours[-1].filename).relative_to(package.parent)
    return f" in {at.as_posix()}:{ours[-1].lineno}"
