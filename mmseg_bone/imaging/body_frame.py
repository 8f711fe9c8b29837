"""Where on the body each pixel of a scan is: coordinates that all patients share."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Num

from mmseg_bone.imaging.counts import rebin
from mmseg_bone.imaging.mirror import in_anterior_sense
from mmseg_bone.imaging.realism.body import Body, find_body
from mmseg_bone.imaging.thorax import find_thorax

REACH = 0.26  # half of the frame's width, as a share of the body's length: hands at the sides
OUTSIDE = 2.0  # both coordinates where there is no body
BLOCK = 4  # side in pixels of the blocks whose places a network is told
_COARSE_MM = 9.0  # landmarks are found on pixels of about this size: nine times as fast
_T1 = 0.1485  # share of the body's length above the first thoracic vertebra, in our phantoms
_HEAD, _LEGS = 0.10, 0.50  # shares between which the midline tells how the patient lies


@dataclass(frozen=True, kw_only=True)
class BodyFrame:
    """How a patient lies in an image, all lengths in its pixels.

    Attributes:
        crown: Upper edge of the head.
        thorax: Upper edge of the first thoracic vertebra.
        toes: Lower edge of the feet.
        middle: Column of the midline at the row of the crown, the patient's left at the right.
        lean: Columns the midline moves to the right from a row to the next.
        pixel_ratio: Width over height of a pixel.
    """

    crown: float
    thorax: float
    toes: float
    middle: float
    lean: float
    pixel_ratio: float

    def coordinates(
        self, height: int, width: int, block: int, *, turned: int | None = None
    ) -> Float[np.ndarray, "2 y x"]:
        """Place of each block of pixels: y from -1 (crown) to 1 (toes), x to the left.

        Args:
            height: In blocks.
            width: The same.
            block: Side of a block in pixels.
            turned: Width in pixels of an image that shows the patient from behind, if it does.
        """
        row = (np.arange(height)[:, None] + 0.5) * block
        column = (np.arange(width)[None] + 0.5) * block
        if turned is not None:
            column = turned - column
        across = (column - self.middle - self.lean * (row - self.crown)) * self.pixel_ratio
        # Rows of a patient who leans are not those of the image.
        along = np.interp(
            row + self.lean * across,
            [self.crown, self.thorax, self.toes],
            [-1.0, 2 * _T1 - 1, 1.0],
            left=-OUTSIDE,
            right=OUTSIDE,
        )
        x = across / (REACH * (self.toes - self.crown))
        return np.stack([along, np.broadcast_to(x, along.shape)]).astype(np.float32)


def find_frame(
    counts: Num[np.ndarray, "view y x"], views: tuple[str, ...], spacing_mm: tuple[float, float]
) -> BodyFrame | None:
    """Find how the patient lies, in both views together; None in a blank image.

    Crown, toes and midline are those of the body's outline, the thorax that of
    ``imaging.thorax``. What is measured on phantoms: a pixel on bone gets the right one of 79
    labels from the atlas in three of four cases. A scan that shows less than the whole body
    gets a wrong frame, and nothing here can tell.

    Args:
        counts: The views of one study.
        views: Their names.
        spacing_mm: Pixel size along y and x.
    """
    factor = max(1, round(_COARSE_MM / max(spacing_mm)))
    coarse = rebin(counts, factor)
    coarse_mm = (factor * spacing_mm[0], factor * spacing_mm[1])
    body = find_body(in_anterior_sense(coarse.astype(float), views).sum(axis=0), coarse_mm)
    if body is None:
        return None
    crown, toes = float(body.crown), float(body.toes + 1)
    chest = find_thorax(coarse, views, coarse_mm)
    found = chest.found and crown < chest.top < toes
    at = float(chest.top) if found else crown + _T1 * (toes - crown)
    middle, lean = _midline(body)
    return BodyFrame(
        crown=factor * crown,
        thorax=float(factor * at),
        toes=factor * toes,
        middle=factor * (middle + 0.5),
        lean=lean,
        pixel_ratio=spacing_mm[1] / spacing_mm[0],
    )


def _midline(body: Body) -> tuple[float, float]:
    """Column at the crown, and columns per row."""
    span = body.toes - body.crown
    head, legs = (body.crown + round(share * span) for share in (_HEAD, _LEGS))
    lean = (body.midline[legs] - body.midline[head]) / max(legs - head, 1)
    return float(body.midline[head] - lean * (head - body.crown)), float(lean)


def body_coordinates(
    counts: Num[np.ndarray, "view y x"],
    views: tuple[str, ...],
    spacing_mm: tuple[float, float],
    block: int = BLOCK,
) -> Float[np.ndarray, "view 2 _ _"]:
    """Place on the body of each block of pixels, in each view as its camera saw it.

    y runs from -1 at the crown to 1 at the toes, x from -1 to 1 and from the patient's right
    to the patient's left; both are ``OUTSIDE`` throughout a blank image. The last blocks may
    reach beyond the image.

    Args:
        counts: The views of one study.
        views: Their names.
        spacing_mm: Pixel size along y and x.
        block: Side of a block in pixels.
    """
    height, width = (-(-size // block) for size in counts.shape[1:])
    frame = find_frame(counts, views, spacing_mm)
    if frame is None:
        return np.full((len(views), 2, height, width), OUTSIDE, np.float32)
    anterior = frame.coordinates(height, width, block)
    posterior = frame.coordinates(height, width, block, turned=counts.shape[2])
    return np.stack([posterior if view == "posterior" else anterior for view in views])
