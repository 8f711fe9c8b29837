"""Where the patient is in an image: body mask, length, widths, and places along the body.

Places are fractions of the imaged length, 0 at the crown and 1 at the toes, on the body of the
reference scan. Where a study carries bone labels, a broken line through the landmarks maps its
own rows to those fractions, so that a long-legged patient's femur is measured at the femur.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Num, UInt8
from scipy import ndimage

from mmseg_bone.anatomy import BY_NAME

REFERENCE_LENGTH_MM = 1747.0  # of the reference scan's body, see targets.SOURCE
REFERENCE_COUNTS = 3.6e6
_REFERENCE_PIXEL_MM2 = 2.26**2
_SMOOTHING_MM = 3 * 2.26
_EDGE_COUNTS = 2.0  # per reference pixel and reference counts, after smoothing
_TISSUE_COUNTS = 3.0

# Row of a landmark on the reference scan, and the bones whose labels give it elsewhere:
# from their rows, the quantile that marks the place.
LANDMARKS: Mapping[str, tuple[float, tuple[str, ...], float]] = {
    "chin": (0.139, ("mandible",), 1.0),
    "suprasternal notch": (0.177, ("manubrium",), 0.0),
    "xiphoid": (0.281, ("sternum",), 1.0),
    "iliac crest": (0.370, ("ilium_left", "ilium_right"), 0.0),
    "symphysis": (0.475, ("pubis_left", "pubis_right"), 1.0),
    "knee": (0.690, ("patella_left", "patella_right"), 0.5),
    "ankle": (0.945, ("tibia_left", "tibia_right"), 1.0),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """The patient in one view.

    Attributes:
        counts: The view.
        spacing_mm: Its pixel size along y and x.
        mask: Where the patient is, the space between arm and trunk, and between the legs of
            one whose feet touch, included.
        tissue: The same without these spaces, and with less of the halo around the skin.
        crown: First row of the mask.
        toes: Last row of the mask.
        midline: Column of the body's middle in each row, from the head to between the legs.
        rows: Row of each fraction of ``fractions``; straight lines between.
        fractions: Of body length on the reference scan.
    """

    counts: Float[np.ndarray, "y x"]
    spacing_mm: tuple[float, float]
    mask: Bool[np.ndarray, "y x"]
    tissue: Bool[np.ndarray, "y x"]
    crown: int
    toes: int
    midline: Float[np.ndarray, " y"]
    rows: Float[np.ndarray, " n"]
    fractions: Float[np.ndarray, " n"]

    @property
    def length_mm(self) -> float:
        """From crown to toes."""
        return (self.toes - self.crown + 1) * self.spacing_mm[0]

    @property
    def area_m2(self) -> float:
        """Of the mask."""
        return float(self.mask.sum() * self.spacing_mm[0] * self.spacing_mm[1] / 1e6)

    @property
    def scale(self) -> float:
        """This body's length over the reference's: by it all lengths across are multiplied."""
        return self.length_mm / REFERENCE_LENGTH_MM

    def row(self, fraction: float) -> int:
        """Row of a place along the body."""
        return round(float(np.interp(fraction, self.fractions, self.rows)))

    def between(self, top: float, bottom: float) -> slice:
        """Rows from one place to another, one at least."""
        first = min(self.row(top), self.toes)
        return slice(first, max(self.row(bottom), first + 1))

    def across(self, rows: slice, left_mm: float, right_mm: float) -> slice:
        """Columns between two distances from the midline, on a body of reference length."""
        middle = float(self.midline[rows].mean())
        to_pixels = self.scale / self.spacing_mm[1]
        width = self.counts.shape[1]
        first = int(np.clip(round(middle + left_mm * to_pixels), 0, width - 1))
        return slice(first, int(np.clip(round(middle + right_mm * to_pixels), first + 1, width)))

    def widths_mm(self, fractions: tuple[float, ...]) -> list[float]:
        """Width of the mask, arms included, at places of the imaged length."""
        span = self.toes - self.crown + 1
        widths = []
        for fraction in fractions:
            columns = np.flatnonzero(self.mask[min(self.crown + round(fraction * span), self.toes)])
            reach = columns[-1] - columns[0] + 1 if columns.size else 0
            widths.append(float(reach * self.spacing_mm[1]))
        return widths


def smooth(
    counts: Float[np.ndarray, "y x"], spacing_mm: tuple[float, float], sigma_mm: float
) -> Float[np.ndarray, "y x"]:
    """Blur by a Gaussian given in millimetres."""
    sigma = (sigma_mm / spacing_mm[0], sigma_mm / spacing_mm[1])
    blurred: Float[np.ndarray, "y x"] = ndimage.gaussian_filter(counts, sigma)
    return blurred


def find_body(
    counts: Num[np.ndarray, "y x"],
    spacing_mm: tuple[float, float],
    bones: UInt8[np.ndarray, "_y _x"] | None = None,
) -> Body | None:
    """Find the patient in one view; None where nothing rises above the air.

    The threshold is low, 2 counts per pixel of 2.26 mm in a scan of 3.6 million, so the mask
    takes in the first halo around the skin. The largest connected part counts, holes filled.

    Args:
        counts: One view.
        spacing_mm: Pixel size along y and x.
        bones: Bone labels of this view, if known.
    """
    image = counts.astype(float)
    total = image.sum()
    if total <= 0:
        return None
    pixel_mm2 = spacing_mm[0] * spacing_mm[1]
    edge = _EDGE_COUNTS * total / REFERENCE_COUNTS * pixel_mm2 / _REFERENCE_PIXEL_MM2
    calm = smooth(image, spacing_mm, _SMOOTHING_MM)
    mask: Bool[np.ndarray, "y x"] = ndimage.binary_fill_holes(_largest(calm > edge))
    if not mask.any():
        return None
    tissue = _largest(calm > edge * _TISSUE_COUNTS / _EDGE_COUNTS)
    used = np.flatnonzero(mask.any(axis=1))
    crown, toes = int(used[0]), int(used[-1])
    rows, fractions = _landmarks(crown, toes, bones)
    return Body(
        counts=image,
        spacing_mm=spacing_mm,
        mask=mask,
        tissue=tissue,
        crown=crown,
        toes=toes,
        midline=_midline(tissue, crown, toes),
        rows=rows,
        fractions=fractions,
    )


def _largest(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    numbers, count = ndimage.label(mask)
    if not count:
        return mask
    largest: Bool[np.ndarray, "y x"] = numbers == np.bincount(numbers.ravel())[1:].argmax() + 1
    return largest


def _landmarks(
    crown: int, toes: int, bones: UInt8[np.ndarray, "_y _x"] | None
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    rows, fractions = [float(crown)], [0.0]
    for fraction, names, quantile in LANDMARKS.values():
        if bones is None:
            break
        labels = [BY_NAME[name].label for name in names]
        found = np.flatnonzero(np.isin(bones, labels).any(axis=1))
        # Out of order: a patient without that bone in view, or a label where none belongs.
        if found.size and rows[-1] < (row := float(np.quantile(found, quantile))) < toes:
            rows.append(row)
            fractions.append(fraction)
    return np.array([*rows, float(toes)]), np.array([*fractions, 1.0])


def _midline(tissue: Bool[np.ndarray, "y x"], crown: int, toes: int) -> Float[np.ndarray, " y"]:
    """A straight line from the middle of the head to the gap between the thighs."""
    span = toes - crown + 1
    head = _middle(tissue[crown + span // 50 : crown + max(span // 10, span // 50 + 1)], gap=False)
    legs = _middle(tissue[crown + span * 55 // 100 : crown + span * 60 // 100 + 1], gap=True)
    rows = np.arange(len(tissue))
    line: Float[np.ndarray, " y"] = np.interp(
        rows, [crown + span * 0.06, crown + span * 0.575 + 1], [head, legs]
    )
    return line


def _middle(rows: Bool[np.ndarray, "n x"], *, gap: bool) -> float:
    """Median over rows of the middle of the body, or of the widest gap in it if there is one."""
    middles = []
    for row in rows:
        columns = np.flatnonzero(row)
        if not columns.size:
            continue
        middle = (columns[0] + columns[-1]) / 2
        if gap and (steps := np.diff(columns)).max(initial=0) > 1:
            at = int(steps.argmax())
            middle = (columns[at] + columns[at + 1]) / 2
        middles.append(middle)
    return float(np.median(middles)) if middles else rows.shape[1] / 2
