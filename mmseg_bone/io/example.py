"""A real scan that anyone has: pydicom brings it."""

from pathlib import Path

from pydicom.data import get_testdata_file

from mmseg_bone.errors import DicomError


def example_scan() -> Path:
    """A whole-body bone scan of a GE Millennium MG, anterior view, 12-bit JPEG.

    It is lossy: fit to be looked at and predicted on, not for the statistics of its noise.
    Reading it needs the extra ``gpl-decoders``.

    Raises:
        DicomError: This pydicom does not bring it.
    """
    name = "JPGExtended.dcm"
    found = get_testdata_file(name, download=False)
    if found is None:
        raise DicomError(
            "JPGExtended.dcm is not among the test files of this pydicom; use pydicom 3."
        )
    return Path(str(found))
