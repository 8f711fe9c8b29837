"""What readers drew on a view (PNG masks, LabelMe JSON) → a mask, pixel for pixel."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from PIL import Image, UnidentifiedImageError

from mmseg_bone.errors import DrawingError
from mmseg_bone.io.labelme import fill_labelme

# Which labels are metastases (True) and which are drawn but are none (False).
LABELS: dict[str, bool] = {
    **dict.fromkeys(("metastasis", "metastases", "met", "lesion", "malignant"), True),
    **dict.fromkeys(("转移", "骨转移", "转移灶", "骨转移灶", "病灶", "恶性"), True),
    **dict.fromkeys(("benign", "normal", "bladder", "kidney", "injection"), False),
    **dict.fromkeys(("良性", "正常", "膀胱", "肾", "肾脏", "注射点", "退行性变"), False),
}
_PNG_MODES = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L")
_MOST_VALUES = 64  # a mask of numbered lesions has some; a picture of the scan has hundreds


def read_drawing(
    path: str | PathLike[str],
    *,
    shape: tuple[int, int],
    labels: Mapping[str, bool] = LABELS,
) -> Bool[np.ndarray, "y x"]:
    """The mask a reader drew on one view.

    Drawn on the view as stored in its file; where ``read_scan`` turned the view, the mask has to
    be turned with it (``Scan.turns``).

    Args:
        path: A ``.png`` of 1, 8 or 16 bits or with a palette, where every value but 0 is lesion;
            or a LabelMe ``.json``.
        shape: Rows and columns of the view as stored.
        labels: For each LabelMe label whether it is a metastasis; upper and lower case are alike.

    Raises:
        DrawingError: No drawing, of another size, of unknown labels, or a photograph.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".json":
            return fill_labelme(content, shape, labels)
        if path.suffix.lower() == ".png":
            return _png(path, shape)
        raise DrawingError(f"is a {path.suffix or 'nameless'} file; draw as .png or LabelMe .json.")
    except DrawingError as error:
        raise DrawingError(error.reason, path) from None
    except OSError as error:
        raise DrawingError(f"cannot be opened ({type(error).__name__}).", path) from None


def _png(path: Path, shape: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            if picture.mode not in _PNG_MODES:
                raise DrawingError(
                    f"is a colour picture ({picture.mode}), perhaps of the scan with the lesions "
                    f"painted on it. Export the mask alone: 0 is background, all else is lesion."
                )
            if picture.size != shape[::-1]:  # before decoding: a size may be absurd
                raise DrawingError(
                    f"is {picture.height}×{picture.width}, its view {shape[0]}×{shape[1]}. Export "
                    f"it again at full size, rather than resize it."
                )
            values = np.asarray(picture)
    except (UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DrawingError(f"is no PNG, or a damaged one ({type(error).__name__}).") from None
    if len(np.unique(values)) > _MOST_VALUES:
        raise DrawingError(
            f"has {len(np.unique(values))} grey values: a picture of the scan rather than a mask. "
            f"Export the mask alone: 0 is background, all else is lesion."
        )
    mask: Bool[np.ndarray, "y x"] = values != 0
    if mask.mean() > 0.5:
        raise DrawingError(
            f"marks {mask.mean():.0%} of the view: background and lesion seem exchanged. 0 is "
            f"background, all else is lesion."
        )
    return mask
