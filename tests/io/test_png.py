from io import BytesIO

import numpy as np
from PIL import Image

from mmseg_bone.io.png import mask_to_png


def test_a_mask_is_white_on_black_pixel_for_pixel():
    mask = np.array([[True, False, False], [False, False, True]])
    image = Image.open(BytesIO(mask_to_png(mask)))
    assert image.mode == "L"
    assert np.asarray(image).tolist() == [[255, 0, 0], [0, 0, 255]]
