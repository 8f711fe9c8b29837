"""Everything that is measured of one view, by the names of ``targets``."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from mmseg_bone.imaging.realism import edges, noise, regions, spectrum
from mmseg_bone.imaging.realism.body import REFERENCE_COUNTS, Body, smooth
from mmseg_bone.imaging.realism.regions import BOXES

WIDTH_AT = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
_WIDTHS_MM = (145, 190, 208, 423, 515, 538, 536, 499, 328, 305, 258, 206, 217)
_SHARES = (0.021, 0.046, 0.049, 0.116, 0.098, 0.081, 0.066, 0.073, 0.100, 0.078,
           0.047, 0.032, 0.029, 0.038, 0.029, 0.022, 0.018, 0.018, 0.026, 0.014)  # fmt: skip
PARTS = {  # from where to where along the body
    "head": (0.0, 0.136),
    "thorax": (0.136, 0.283),
    "abdomen": (0.283, 0.375),
    "pelvis": (0.375, 0.483),
    "thighs": (0.483, 0.662),
    "knees": (0.662, 0.727),
    "legs and feet": (0.727, 1.0),
}
PERCENTILES = (5, 25, 75, 90, 95, 99, 99.9)
BLOCK_PERCENTILES = (5, 25, 50, 75, 95, 99)
THIGH = (0.56, 0.62)
_FEMUR = (0.54, 0.62)
_STERNUM = (0.215, 0.265)
_LUMBAR = (0.30, 0.335)
_BLOCK = 4
_SKIN_MM = (-9.0, 32.0)  # from the mask's edge inwards
_SKULL_MM = (-18.0, 45.0)
_RIM_MM = 7.0
_LINE_MM = 45.0  # half of a profile across a bone
_AIR_PX = 5  # from the mask


def everything(body: Body) -> Iterator[tuple[str, float]]:
    """All that is measured of an anterior view."""
    for part in (overall, distribution, region_ratios, sharpness, texture):
        yield from part(body)


def overall(body: Body) -> Iterator[tuple[str, float]]:
    """Counts, air and the body's size."""
    counts, total = body.counts, float(body.counts.sum())
    yield "total counts", total
    yield "maximum", float(counts.max())
    yield "zero pixels", float((counts == 0).mean())
    yield "air per pixel", _air(body) * REFERENCE_COUNTS / total
    yield "columns without counts", float((~counts.any(axis=0)).mean())
    yield "counts in the body", float(counts[body.mask].sum() / total)
    yield "body length mm", body.length_mm
    yield "body area m2", body.area_m2
    widths = np.array(body.widths_mm(WIDTH_AT))
    yield "largest width mm", float(widths.max())
    yield "widths, mean departure", float(np.abs(widths / _WIDTHS_MM - 1).mean())


def _air(body: Body) -> float:
    """Mean counts beside the body, where the field holds counts at all."""
    near = np.asarray(ndimage.binary_dilation(body.mask, iterations=_AIR_PX))
    rows = slice(body.crown, body.toes + 1)
    air = body.counts[rows][~near[rows] & np.asarray(body.counts.any(axis=0))[None]]
    return float(air.mean()) if air.size else float("nan")


def distribution(body: Body) -> Iterator[tuple[str, float]]:
    """How counts are spread: in the body, in blocks of 4 × 4, and from crown to toes."""
    nan = float("nan")
    inside = smooth(body.counts, body.spacing_mm, 3 * 2.26)[body.tissue]
    median = float(np.median(inside)) if inside.size else nan
    for q in PERCENTILES:
        yield f"percentile {q:g} over median", float(np.percentile(inside, q) / median)
    blocks = _blocks(body)
    for q in BLOCK_PERCENTILES:
        share = np.percentile(blocks, q) / blocks.mean() if blocks.size else nan
        yield f"blocks, percentile {q} over mean", float(share)
    profile = body.counts.sum(axis=1)
    for part, (top, bottom) in PARTS.items():
        yield f"share of {part}", float(profile[body.between(top, bottom)].sum() / profile.sum())
    bins = np.array_split(profile[body.crown : body.toes + 1], len(_SHARES))
    shares = np.array([part.sum() for part in bins]) / profile.sum()
    yield "shares in 20 bins, departure", float(np.abs(shares - _SHARES).sum() / 2)


def _blocks(body: Body) -> Float[np.ndarray, " n"]:
    rows, columns = (length // _BLOCK * _BLOCK for length in body.counts.shape)
    shape = rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK
    inside = body.tissue[:rows, :columns].reshape(shape).mean(axis=(1, 3)) > 0.9
    sums: Float[np.ndarray, " n"] = (
        body.counts[:rows, :columns].reshape(shape).sum(axis=(1, 3))[inside]
    )
    return sums


def region_ratios(body: Body) -> Iterator[tuple[str, float]]:
    """Mean counts of regions over those of the thigh's soft tissue."""
    thigh = regions.soft_mean(body, *THIGH) or float("nan")
    yield "skull rim / thigh", skull_rim(body) / thigh
    for name, box in BOXES.items():
        yield f"{name} / thigh", regions.box_mean(body, box) / thigh
    yield "sternal body / thigh", regions.spine_mean(body, *_STERNUM) / thigh
    yield "T12-L2 / thigh", regions.spine_mean(body, *_LUMBAR) / thigh
    yield "L3-L4 / thigh", regions.spine_mean(body, 0.343, 0.370) / thigh
    yield "L5-S1 / thigh", regions.spine_mean(body, 0.375, 0.400) / thigh
    yield "femoral shafts / thigh", regions.shaft_means(body, *_FEMUR) / thigh
    yield "knees / thigh", regions.joint_means(body, 0.670, 0.720, 60.0) / thigh
    yield "tibial shafts / thigh", regions.shaft_means(body, 0.760, 0.840) / thigh
    yield "calf soft / thigh", regions.soft_mean(body, 0.740, 0.800) / thigh
    yield "ankles / thigh", regions.joint_means(body, 0.920, 0.955, 40.0) / thigh


def skull_rim(body: Body) -> float:
    """Peak of the profile from the skin inwards at both sides of the head, averaged."""
    profiles = [skin(body, 0.035, 0.055, side, _SKULL_MM) for side in (-1, 1)]
    means = [ndimage.uniform_filter(p.mean(axis=0), 3) for p in profiles if len(p)]
    return _mean([float(mean.max()) for mean in means])


def skin(
    body: Body, top: float, bottom: float, side: int, reach_mm: tuple[float, float]
) -> Float[np.ndarray, "n x"]:
    """Profiles from outside the mask inwards, one per row; side -1 is the image's left."""
    rows = body.between(top, bottom)
    first, last = (round(mm / body.spacing_mm[1]) for mm in reach_mm)
    steps = np.arange(first, last + 1)
    profiles = []
    for row in range(rows.start, rows.stop):
        columns = np.flatnonzero(body.mask[row])
        if not columns.size:
            continue
        at = columns[0] + steps if side < 0 else columns[-1] - steps
        if at.min() >= 0 and at.max() < body.counts.shape[1]:
            profiles.append(body.counts[row, at])
    return np.array(profiles).reshape(len(profiles), len(steps))


def sharpness(body: Body) -> Iterator[tuple[str, float]]:
    """Edges, lines and ribs."""
    across = body.spacing_mm[1]
    for name, top, bottom, reach in (
        ("skull", 0.030, 0.055, _SKULL_MM),
        ("thigh", *THIGH, _SKIN_MM),
        ("calf", 0.76, 0.84, _SKIN_MM),
    ):
        sides = [skin(body, top, bottom, side, reach) for side in (-1, 1)]
        if name == "skull":
            sides = [_to_the_rim(side, across) for side in sides]
        yield f"{name} edge mm", _mean([edges.edge_width_mm(s, across) for s in sides])
    yield "bladder edge mm", _bladder_edge(body)
    femurs = [_line(body, _FEMUR, leg) for leg in regions.leg_columns(body, body.between(*_FEMUR))]
    yield "femoral shaft width mm", _mean([edges.line_width_mm(f, across)[0] for f in femurs])
    yield "femoral shaft / background", _mean([edges.line_width_mm(f, across)[1] for f in femurs])
    for name, rows in (("sternum", _STERNUM), ("lumbar spine", _LUMBAR)):
        columns = body.across(body.between(*rows), -45.0, 45.0)
        yield f"{name} width mm", edges.line_width_mm(_line(body, rows, columns), across)[0]
    modulation, apart = _ribs(body)
    yield "rib modulation", modulation
    yield "rib spacing mm", apart
    yield "hot spots", float(_hot_spots(body))


def _to_the_rim(profiles: Float[np.ndarray, "n x"], spacing_mm: float) -> Float[np.ndarray, "n _x"]:
    """From outside to just behind the brightest place: behind it, a thin rim falls again."""
    if not len(profiles):
        return profiles
    brightest = int(ndimage.uniform_filter1d(profiles.mean(axis=0), 3).argmax())
    return profiles[:, : brightest + 1 + round(_RIM_MM / spacing_mm)]


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _bladder_edge(body: Body) -> float:
    """Left and right, at the height where the bladder is brightest."""
    rows = body.between(0.390, 0.475)
    columns = body.across(rows, -65.0, 65.0)
    calm = smooth(body.counts[rows, columns], body.spacing_mm, 10.0)
    y, x = np.unravel_index(calm.argmax(), calm.shape)
    row, column = rows.start + int(y), columns.start + int(x)
    half, reach = (round(mm / s) for mm, s in zip((12, 75), body.spacing_mm, strict=True))
    near = body.counts[max(row - half, 0) : row + half + 1]
    sides = [near[:, column : column + reach], near[:, max(column - reach, 0) : column]]
    return _mean([edges.edge_width_mm(side, body.spacing_mm[1]) for side in sides])


def _line(body: Body, places: tuple[float, float], columns: slice) -> Float[np.ndarray, " x"]:
    """Mean profile across a bone, each row shifted to the bone's place in it."""
    rows = body.between(*places)
    ridge = regions.ridge_columns(body, rows, columns)
    half = round(_LINE_MM * body.scale / body.spacing_mm[1])
    padded = np.pad(body.counts, ((0, 0), (half, half)))
    profiles = [
        padded[row, at : at + 2 * half + 1]
        for row, at in zip(range(rows.start, rows.stop), ridge, strict=True)
    ]
    mean: Float[np.ndarray, " x"] = np.mean(profiles, axis=0)
    return mean


def _ribs(body: Body) -> tuple[float, float]:
    """Median over strips down both sides of the chest."""
    rows = body.between(0.200, 0.295)
    calm = smooth(body.counts, body.spacing_mm, 4.0)[rows]
    found = []
    for near in (60.0, 73.0, 86.0, 99.0):
        for left, right in ((near, near + 13.0), (-near - 13.0, -near)):
            profile = calm[:, body.across(rows, left, right)].mean(axis=1)
            apart = 26.0 * body.scale, 60.0 * body.scale
            found.append(edges.waves(profile, body.spacing_mm[0], apart))
    known = [pair for pair in found if np.isfinite(pair[0])]
    if not known:
        return float("nan"), float("nan")
    modulation, apart_mm = np.median(known, axis=0)
    return float(modulation), float(apart_mm)


def _hot_spots(body: Body) -> int:
    """Parts 1.6 times as bright as their surroundings and larger than 12 reference pixels."""
    pixel_mm2 = body.spacing_mm[0] * body.spacing_mm[1]
    spot = smooth(body.counts, body.spacing_mm, 1.7 * 2.26)
    around = smooth(body.counts, body.spacing_mm, 15 * 2.26)
    numbers, _ = ndimage.label((spot > 1.6 * around) & body.mask)
    return int((np.bincount(numbers.ravel())[1:] * pixel_mm2 > 12 * 2.26**2).sum())


def texture(body: Body) -> Iterator[tuple[str, float]]:
    """Spectrum, and the independence of neighbouring pixels."""
    frequency, power = spectrum.radial_spectrum(body.counts, body.spacing_mm)
    yield "spectral slope", spectrum.slope(frequency, power)
    yield "noise from cycles/mm", spectrum.noise_from(frequency, power)
    yield "noise floor, change", spectrum.floor_change(frequency, power)
    yield "neighbour correlation", noise.neighbour_correlation(body.counts, body.mask)


def behind(body: Body, front: Body | None) -> Iterator[tuple[str, float]]:
    """What physics asks of a posterior view: spine nearer, bladder and sternum farther."""
    nan = float("nan")
    flank = regions.box_mean(body, BOXES["flanks"]) or nan
    spine = regions.spine_mean(body, *_LUMBAR) or nan
    yield "posterior spine / flank", spine / flank
    yield "posterior kidneys / flank", regions.box_mean(body, regions.KIDNEYS) / flank
    yield "posterior manubrium / spine", regions.box_mean(body, BOXES["manubrium"]) / spine
    bladder = regions.box_mean(body, BOXES["bladder"])
    before = regions.box_mean(front, BOXES["bladder"]) if front is not None else nan
    yield "posterior / anterior bladder", bladder / (before or nan)
