"""Mean counts of the regions a reader knows, and of the soft tissue of the thigh they are set by.

A region is a box. Across the body it lies at a distance from the midline (for a body of reference
length), or it is searched for: along a ridge (a bone), or where a box of given size is brightest
(a joint). Searching makes the ruler the same for every patient.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from mmseg_bone.imaging.realism.body import Body, smooth

_SIDES = (-1, 1)
_RIDGE_MM = 8.0  # half width of the strip measured along a bone
_SOFT_SHARES = (0.5, 0.75)  # of the way from the shaft to the inner skin
_CALM_MM = 7.0  # blur before a ridge is looked for


@dataclass(frozen=True)
class Box:
    """A region at a known place, or the brightest box within it.

    Attributes:
        rows: From and to, as fractions of body length.
        across_mm: From and to, in mm from the midline; of one side if ``paired``.
        size_mm: Side of the brightest box, of a body of reference length; 0 for all of it.
        paired: Whether it is measured at both sides, and the two averaged.
    """

    rows: tuple[float, float]
    across_mm: tuple[float, float]
    size_mm: float = 0.0
    paired: bool = False


BOXES = {
    "head centre": Box((0.045, 0.060), (-23.0, 23.0)),
    "nasopharynx and maxilla": Box((0.065, 0.110), (-35.0, 45.0), 43.0),
    "mandible": Box((0.112, 0.132), (-35.0, 45.0), 36.0),
    "lower neck": Box((0.145, 0.175), (-30.0, 30.0), 37.0),
    "manubrium": Box((0.178, 0.205), (-40.0, 40.0), 45.0),
    "shoulders": Box((0.140, 0.200), (90.0, 220.0), 45.0, paired=True),
    "rib zones": Box((0.215, 0.275), (60.0, 125.0), paired=True),
    "right upper abdomen": Box((0.300, 0.340), (-110.0, -40.0)),
    "flanks": Box((0.330, 0.365), (70.0, 120.0), paired=True),
    "iliac wings": Box((0.372, 0.400), (85.0, 145.0), 30.0, paired=True),
    "bladder": Box((0.390, 0.475), (-65.0, 65.0), 42.0),
    "hips": Box((0.440, 0.485), (80.0, 140.0), 34.0, paired=True),
    "pubis": Box((0.452, 0.480), (-45.0, 45.0), 34.0),
}
# Posterior, where a kidney lies and what lies beside it.
KIDNEYS = Box((0.290, 0.360), (40.0, 110.0), 34.0, paired=True)


def box_mean(body: Body, box: Box) -> float:
    """Mean counts of a box; of the two sides' mean if it is paired."""
    sides = [(s * box.across_mm[0], s * box.across_mm[1]) for s in _SIDES] if box.paired else None
    found = []
    for left, right in sides or [box.across_mm]:
        rows = body.between(*box.rows)
        part = body.counts[rows, body.across(rows, min(left, right), max(left, right))]
        found.append(_brightest(body, part, box.size_mm) if box.size_mm else float(part.mean()))
    return float(np.mean(found))


def _brightest(body: Body, part: Float[np.ndarray, "y x"], size_mm: float) -> float:
    sides = [
        int(np.clip(round(size_mm * body.scale / mm), 1, length))
        for mm, length in zip(body.spacing_mm, part.shape, strict=True)
    ]
    means = ndimage.uniform_filter(part, sides, mode="nearest")
    inside = tuple(
        slice(n // 2, max(length - (n - 1) // 2, n // 2 + 1))
        for n, length in zip(sides, part.shape, strict=True)
    )
    return float(means[inside].max())


def spine_mean(body: Body, top: float, bottom: float) -> float:
    """Mean counts along the spine, or along whatever is brightest near the midline."""
    rows = body.between(top, bottom)
    columns = body.across(rows, -45.0, 45.0)
    return _along_ridge(body, rows, columns)


def _along_ridge(body: Body, rows: slice, columns: slice) -> float:
    ridge = ridge_columns(body, rows, columns)
    half = max(0, round(_RIDGE_MM * body.scale / body.spacing_mm[1]))
    image, last = body.counts, body.counts.shape[1]
    means = [
        image[row, max(at - half, 0) : min(at + half + 1, last)].mean()
        for row, at in zip(range(rows.start, rows.stop), ridge, strict=True)
    ]
    return float(np.mean(means))


def ridge_columns(body: Body, rows: slice, columns: slice) -> list[int]:
    """Column of the ridge in each row: the brightest after a blur along the bone, in a line."""
    part = body.counts[rows, columns]
    calm = smooth(part, body.spacing_mm, _CALM_MM)
    brightest = calm.argmax(axis=1)
    if len(brightest) < 3:
        return [columns.start + int(at) for at in brightest]
    places = np.arange(len(brightest))
    line = np.polyfit(places, brightest, 1)
    kept = np.abs(np.polyval(line, places) - brightest) <= np.median(
        np.abs(np.polyval(line, places) - brightest)
    )
    line = np.polyfit(places[kept], brightest[kept], 1) if kept.sum() > 2 else line
    fitted = np.clip(np.round(np.polyval(line, places)), 0, part.shape[1] - 1)
    return [columns.start + int(at) for at in fitted]


def leg_columns(body: Body, rows: slice) -> list[slice]:
    """Columns of each leg: from the midline to the skin, image left then image right."""
    used = np.flatnonzero(body.mask[rows].all(axis=0))
    if not used.size:
        return []
    first, last = int(used[0]), int(used[-1]) + 1
    middle = int(np.clip(round(float(body.midline[rows].mean())), first, last))
    return [part for part in (slice(first, middle), slice(middle, last)) if part.stop > part.start]


def shaft_means(body: Body, top: float, bottom: float) -> float:
    """Mean counts along the shafts of both legs, thigh or calf."""
    rows = body.between(top, bottom)
    found = [_along_ridge(body, rows, leg) for leg in leg_columns(body, rows)]
    return float(np.mean(found)) if found else float("nan")


def joint_means(body: Body, top: float, bottom: float, size_mm: float) -> float:
    """Mean of the brightest box of each leg: knees, ankles."""
    rows = body.between(top, bottom)
    parts = [body.counts[rows, leg] for leg in leg_columns(body, rows)]
    return float(np.mean([_brightest(body, p, size_mm) for p in parts])) if parts else float("nan")


def soft_mean(body: Body, top: float, bottom: float) -> float:
    """Mean counts of the soft tissue between the shafts and the inner skin."""
    rows = body.between(top, bottom)
    found = []
    for number, leg in enumerate(leg_columns(body, rows)):
        inward = 1 if number == 0 else -1
        for row, shaft in zip(
            range(rows.start, rows.stop), ridge_columns(body, rows, leg), strict=True
        ):
            on = np.flatnonzero(body.tissue[row, leg]) + leg.start
            skin = int(on[-1] if inward > 0 else on[0])
            near, far = (shaft + round(share * (skin - shaft)) for share in _SOFT_SHARES)
            found.append(body.counts[row, min(near, far) : max(near, far) + 1].mean())
    return float(np.mean(found)) if found else float("nan")
