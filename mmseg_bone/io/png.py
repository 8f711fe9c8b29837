"""Masks as PNG, for any viewer."""

from io import BytesIO

import numpy as np
from jaxtyping import Bool
from PIL import Image

_BLACK, _WHITE = 0, 255


def mask_to_png(mask: Bool[np.ndarray, "y x"]) -> bytes:
    """A mask pixel for pixel: white on lesions, black elsewhere; 8 bits, one channel."""
    file = BytesIO()
    Image.fromarray(np.where(mask, _WHITE, _BLACK).astype(np.uint8)).save(file, format="PNG")
    return file.getvalue()
