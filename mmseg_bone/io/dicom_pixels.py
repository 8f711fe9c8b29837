"""Stored values of one frame → counts: decoding, rescaling, and pictures made for display."""

import numpy as np
from jaxtyping import Num
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom_tags import quiet, text_of

_ALWAYS_LOSSY = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless)
_GPL = 'pip install "mmseg-bone[gpl-decoders]"'


def counts_of(dataset: Dataset, index: int) -> tuple[Num[np.ndarray, "y x"], dict[str, str]]:
    """Counts of one frame, and notes on what was done to get them.

    Whole numbers stay whole numbers, as uint16 where they fit. ``MONOCHROME1`` only says that
    low values are shown white, as bone scans are; the values are turned over only where the
    air around the patient shows that they were stored as a negative.

    Args:
        dataset: Tags of the file.
        index: Which frame, from 0.

    Raises:
        DicomError: No decoder, damaged pixels, or values that are no counts.
    """
    stored = _decode(dataset, index)
    notes = {}
    syntax = getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID")
    if text_of(dataset, "LossyImageCompression").strip() == "01" or syntax in _ALWAYS_LOSSY:
        notes["lossy"] = "yes"
    padding = dataset.get("PixelPaddingValue")
    if padding is not None and int(padding) != 0:
        stored = np.where(stored == int(padding), 0, stored)
    if _is_negative(stored):
        if text_of(dataset, "PhotometricInterpretation").strip() != "MONOCHROME1":
            raise DicomError(
                "the air around the patient is brighter than the patient: a picture made for "
                "display, not counts. Export the original NM image."
            )
        stored = stored.max() - stored
        notes["stored_as"] = "negative"
    counts = _rescale(dataset, stored)
    if counts.min() < 0:
        raise DicomError(
            f"values go down to {counts.min():g}, and counts are never negative: compressed too "
            f"hard, or a processed picture. Export the original NM image."
        )
    return _smallest(counts), notes


def _decode(dataset: Dataset, index: int) -> Num[np.ndarray, "y x"]:
    syntax = getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID")
    try:
        with quiet():
            if syntax is None:  # a file without preamble: the standard's default
                dataset.set_original_encoding(True, True)
            frame = pixel_array(dataset, index=index)
    # Decoders fail in as many ways as there are decoders.
    except Exception as error:
        if syntax == JPEGExtended12Bit and "pylibjpeg" not in get_decoder(syntax).available_plugins:
            raise DicomError(
                f"is compressed as 12-bit JPEG, which only a GPL-licensed library reads: {_GPL}"
            ) from None
        name = getattr(syntax, "name", "unknown transfer syntax")
        raise DicomError(
            f"its pixels cannot be decoded ({name}; {type(error).__name__}): damaged, or a "
            f"compression no installed decoder reads. Export it again, uncompressed."
        ) from None
    if frame.ndim != 2:
        raise DicomError(f"frame {index + 1} is no plain image, but of {frame.ndim} dimensions.")
    return frame


def _is_negative(stored: Num[np.ndarray, "y x"]) -> bool:
    """Whether the border, where there is only air, is nearer to the brightest value."""
    border = np.concatenate([stored[0], stored[-1], stored[:, 0], stored[:, -1]])
    low, high = float(stored.min()), float(stored.max())
    return high > low and float(np.median(border)) > (low + high) / 2


def _rescale(dataset: Dataset, stored: Num[np.ndarray, "y x"]) -> Num[np.ndarray, "y x"]:
    slope = float(dataset.get("RescaleSlope") or 1)
    intercept = float(dataset.get("RescaleIntercept") or 0)
    if slope == 1 and intercept == 0:
        return stored
    counts: Num[np.ndarray, "y x"] = stored * slope + intercept
    return counts


def _smallest(counts: Num[np.ndarray, "y x"]) -> Num[np.ndarray, "y x"]:
    """As whole numbers if they are, and as small ones as hold them."""
    if not np.isfinite(counts).all():
        raise DicomError("some pixels are no numbers. Export the original NM image.")
    if not np.issubdtype(counts.dtype, np.integer) and (counts != np.round(counts)).any():
        return counts.astype(np.float32)
    return counts.astype(np.uint16 if counts.max() <= np.iinfo(np.uint16).max else np.uint32)
