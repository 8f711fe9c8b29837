"""A patient who moves while the camera passes: rows shifted sideways, smoothly.

The camera scans from crown to toes, so a row of the image is a moment. A head that is turned
half way through lies where it was in the rows above, and beside it in the rows below, as far
down as the neck holds it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

_SHARE = 0.06  # of scans
_LEAST_CM, _MOST_CM = 0.3, 1.5
_NECK_CM = 146.0, 140.0  # of the standard man: where the head begins to be held, and is held
_TAKES_CM = 1.5, 4.0  # what the camera passes over while the head turns


@dataclass(frozen=True, eq=False)
class Motion:
    """How far each row lies from where the patient was staged.

    Attributes:
        shift_px: To the right of the anterior view, in pixels, by row of the grid.
    """

    shift_px: Float[np.ndarray, " row"]

    def __bool__(self) -> bool:
        """Whether anything moved."""
        return bool(self.shift_px.any())

    def counts(self, image: Float[np.ndarray, "row x"]) -> Float[np.ndarray, "row x"]:
        """An image without noise, moved; between pixels, by a straight line."""
        moved = image.copy()
        place = np.arange(image.shape[1])
        for row in np.flatnonzero(self.shift_px):
            moved[row] = np.interp(place - self.shift_px[row], place, image[row])
        return moved

    def labels(self, image: Shaped[np.ndarray, "row x"]) -> Shaped[np.ndarray, "row x"]:
        """A map of labels, moved by whole pixels: what is half of each of two is neither."""
        moved = image.copy()
        for row in np.flatnonzero(self.shift_px):
            moved[row] = np.roll(image[row], round(float(self.shift_px[row])))
        return moved


def draw_motion(
    z: Float[np.ndarray, " row"], scale: float, spacing_cm: float, rng: np.random.Generator
) -> Motion:
    """Whether and how a patient turned the head.

    Args:
        z: Height of the rows, cm.
        scale: The patient's length over that of the standard man.
        spacing_cm: Pixel size along x.
        rng: Draws the same number of values whether or not anything moves.

    Source: movement is on the list of errors of the EANM bone scintigraphy guideline 2016; how
    often and how far, our choice.
    """
    moves, far, side, at, takes = rng.random(5)
    if moves >= _SHARE:
        return Motion(np.zeros(len(z)))
    standard = z / scale
    begins = _NECK_CM[0] + 4 + 12 * at
    lasts = _TAKES_CM[0] + (_TAKES_CM[1] - _TAKES_CM[0]) * takes
    turned = _smooth((begins - standard) / lasts)
    held = _smooth((_NECK_CM[0] - standard) / (_NECK_CM[0] - _NECK_CM[1]))
    shift_cm = (_LEAST_CM + (_MOST_CM - _LEAST_CM) * far) * (1 if side < 0.5 else -1)
    return Motion(shift_cm / spacing_cm * turned * (1 - held))


def _smooth(share: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    share = np.clip(share, 0, 1)
    step: Float[np.ndarray, " n"] = share * share * (3 - 2 * share)
    return step
