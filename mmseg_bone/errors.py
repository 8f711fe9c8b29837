"""What can be wrong, and what to do about it.

Every message names the thing that is wrong, what was found, what was expected, and what to do.
"""


class MmsegBoneError(Exception):
    """Anything a user can put right; the command line prints it without a traceback."""


class StudyError(MmsegBoneError):
    """The parts of a study do not fit each other."""


class FileError(MmsegBoneError):
    """A file is wrong.

    File names in a hospital hold names and numbers, so what is wrong (``reason``) is kept
    apart from where: a log or a screen others see may show the first without the second.

    Args:
        reason: What is wrong, without naming the file.
        path: Which file; None if there is none to name.
    """

    def __init__(self, reason: str, path: object = None) -> None:
        super().__init__(reason if path is None else f"{path}: {reason}")
        self.reason = reason


class OutputError(FileError):
    """A file or a folder cannot be written."""


class DicomError(FileError):
    """A DICOM file cannot be read, or is no whole-body bone scan."""


class ReportError(FileError):
    """A report table cannot be read."""


class DrawingError(FileError):
    """A drawing does not lie on its scan."""


class ManifestError(MmsegBoneError):
    """The table that joins scans, reports and drawings is wrong."""


class StoreError(MmsegBoneError):
    """A prepared store is missing, incomplete or from another version."""


class BusyError(MmsegBoneError):
    """Another process is at work on a folder."""


class RunError(MmsegBoneError):
    """A run directory is missing a part, or runs do not belong together."""


class BatchError(MmsegBoneError):
    """A network reads what a batch does not carry, or cannot carry."""


class TaskError(MmsegBoneError):
    """A task cannot be trained in the way it is asked to be."""


class TextModelError(MmsegBoneError):
    """A folder is no MacBERT checkpoint, or not a whole one."""


class PhantomError(MmsegBoneError):
    """A set of phantoms is asked for that cannot be made."""


class PlanError(MmsegBoneError):
    """A list of runs to make cannot be read, or what was made is not what it asks for."""


class AtlasError(MmsegBoneError):
    """An atlas of bones cannot be made or read."""
