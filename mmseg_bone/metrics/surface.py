"""How far apart two outlines lie, in millimetres."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from mmseg_bone.imaging.lesions import box_of


class SurfaceDistances(NamedTuple):
    """From every edge pixel of one mask to the nearest edge pixel of the other.

    Attributes:
        to_reference: One distance per edge pixel of the prediction; empty if either mask is.
        to_prediction: One per edge pixel of the reference; empty if either mask is.
        edges: Edge pixels of prediction and reference together, empty masks or not.
    """

    to_reference: Float[np.ndarray, " p"]
    to_prediction: Float[np.ndarray, " r"]
    edges: int


def surface_distances(
    prediction: Bool[np.ndarray, "y x"],
    reference: Bool[np.ndarray, "y x"],
    spacing_mm: tuple[float, float],
) -> SurfaceDistances:
    """Distances between the edges of two masks of one view.

    An edge pixel is one of the mask with a neighbour above, below, left or right outside of
    it; beyond the image is outside. Distances are between centres of pixels, so nothing is
    measured finer than one pixel.

    Args:
        prediction: Predicted mask of one view.
        reference: Drawn mask of the same view.
        spacing_mm: Pixel size along y and x.
    """
    box = box_of(prediction | reference)  # outside of it is outside of both
    predicted, drawn = _edge(prediction[box]), _edge(reference[box])
    edges = int(predicted.sum() + drawn.sum())
    if not (predicted.any() and drawn.any()):
        return SurfaceDistances(np.empty(0), np.empty(0), edges)
    return SurfaceDistances(
        ndimage.distance_transform_edt(~drawn, sampling=spacing_mm)[predicted],
        ndimage.distance_transform_edt(~predicted, sampling=spacing_mm)[drawn],
        edges,
    )


def hausdorff95(distances: SurfaceDistances) -> float:
    """95th-percentile Hausdorff distance: the larger of the percentiles of both directions.

    nan if either mask is empty. Where only one is, the distance is infinite, and no mean
    survives that; such a view is left out and counted, and its miss or false alarm is for
    Dice and the lesions to tell. So this says how good the outlines are of what was seen.

    Source: Huttenlocher et al. 1993, IEEE TPAMI 15:850; the percentile as in MONAI's
    ``compute_hausdorff_distance``, of each direction by itself.
    """
    if not len(distances.to_reference):
        return float("nan")
    return float(
        max(np.quantile(distances.to_reference, 0.95), np.quantile(distances.to_prediction, 0.95))
    )


def surface_dice(distances: SurfaceDistances, tolerance_mm: float) -> float:
    """Share of both outlines that lies within a tolerance of the other.

    0 if one mask is empty, for none of the outline is right; nan if both are.

    Args:
        distances: Between the two masks.
        tolerance_mm: Distance that still counts as agreement, inclusive.

    Source: Nikolov et al. 2021, J Med Internet Res 23:e26151, with edge pixels for surface
    elements.
    """
    if not distances.edges:
        return float("nan")
    close = (distances.to_reference <= tolerance_mm).sum()
    close += (distances.to_prediction <= tolerance_mm).sum()
    return float(close / distances.edges)


def _edge(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    return np.asarray(mask & ~ndimage.binary_erosion(mask))
