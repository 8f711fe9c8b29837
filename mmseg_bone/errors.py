"""What can be wrong, and what to do about it.

Every message names the thing that is wrong, what was found, what was expected, and what to do.
"""


class MmsegBoneError(Exception):
    """Anything a user can put right; the command line prints it without a traceback."""


class StudyError(MmsegBoneError):
    """The parts of a study do not fit each other."""


class DicomError(MmsegBoneError):
    """A DICOM file cannot be read, or is no whole-body bone scan."""


class ReportError(MmsegBoneError):
    """A report table cannot be read."""


class DrawingError(MmsegBoneError):
    """A drawing does not lie on its scan."""


class ManifestError(MmsegBoneError):
    """The table that joins scans, reports and drawings is wrong."""


class StoreError(MmsegBoneError):
    """A prepared store is missing, incomplete or from another version."""


class RunError(MmsegBoneError):
    """A run directory is missing a part, or runs do not belong together."""


class BatchError(MmsegBoneError):
    """A network reads what a batch does not carry."""


class TextModelError(MmsegBoneError):
    """A folder is no MacBERT checkpoint, or not a whole one."""
