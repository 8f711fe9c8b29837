"""Which focus, which bone and which kind of thing each pixel shows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8, UInt16
from scipy.ndimage import gaussian_filter

from mmseg_bone.anatomy import BONES
from mmseg_bone.phantom import camera as cameras
from mmseg_bone.phantom.draw import Eye
from mmseg_bone.study import CLASSES

# An observer outlines a spot where it is at least this share of its own peak, and stands out by
# at least that share of what is around it. Our choice, within the 40-50 % thresholds in use.
_OF_PEAK, _OF_BACKGROUND = 0.45, 0.15
_URINE_OF_PEAK = 0.25  # a kidney is outlined with its rim, however hot its pelvis is
_BONE_OF_PEAK, _BONE_OF_ALL = 0.04, 0.08
ARTEFACTS = (
    "contamination", "injection", "ornament", "prosthesis", "metal", "soft_tissue", "lymph_node",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Truth:
    """What is behind the pixels of one view, on the grid.

    Attributes:
        mask: Metastases as an observer would outline them.
        instances: Number of the focus; the mask is where it is a metastatic one.
        classes: Index into ``study.CLASSES``.
        bones: Label of the bone that gives most of the counts, where a bone can be seen.
    """

    mask: Bool[np.ndarray, "y x"]
    instances: UInt16[np.ndarray, "y x"]
    classes: UInt8[np.ndarray, "y x"]
    bones: UInt8[np.ndarray, "y x"]


@dataclass(frozen=True, eq=False)
class Patch:
    """What one thing adds to the image, where it does."""

    rows: slice
    columns: slice
    value: Float[np.ndarray, "r c"]


def patch(
    eye: Eye, place: Float[np.ndarray, "n 3"], emission: Float[np.ndarray, " n"]
) -> Patch | None:
    """What these points add to the image, without scatter; None if they are out of sight."""
    pixel, depth, distance, on = eye.see(place)
    if not pixel.size:
        return None
    shape, spacing = eye.scene.body.grid.shape, eye.scene.body.grid.spacing_cm
    out = emission[on] * cameras.primary(depth)
    sigma_cm = eye.blur_cm(float(np.average(distance, weights=np.abs(out) + 1e-12)))
    sigma = sigma_cm / spacing[0], sigma_cm / spacing[1]
    row, column = np.divmod(pixel, shape[1])
    edge = [int(np.ceil(4 * s)) for s in sigma]
    top, left = max(int(row.min()) - edge[0], 0), max(int(column.min()) - edge[1], 0)
    bottom = min(int(row.max()) + edge[0] + 1, shape[0])
    right = min(int(column.max()) + edge[1] + 1, shape[1])
    high, wide = bottom - top, right - left
    value = np.bincount((row - top) * wide + column - left, out, high * wide).reshape(high, wide)
    value = gaussian_filter(value, sigma, mode="constant")
    return Patch(slice(top, bottom), slice(left, right), value)


def truth(eye: Eye, image: Float[np.ndarray, "y x"]) -> Truth:
    """The truth of one view.

    Args:
        eye: The camera and the scene.
        image: What it sees without noise.

    A focus is compared with the image as it would be without any focus. Where two overlap the
    stronger one is named, but a metastasis is never hidden by something benign, so that the mask
    and the instances always agree. A focus too faint to be outlined leaves no pixel.
    """
    foci = [(d.focus, patch(eye, d.place, d.emission)) for d in eye.scene.drawn]
    background = image.copy()
    for _, seen in foci:
        if seen is not None:
            background[seen.rows, seen.columns] -= seen.value
    background = np.maximum(background, 1e-9)
    instances = np.zeros(image.shape, np.uint16)
    classes = np.zeros(image.shape, np.uint8)
    for kind, at in eye.scene.sources.items():
        seen = patch(eye, eye.scene.place[at], eye.scene.emission[at])
        if kind == "cartilage" or seen is None:
            continue
        around = np.maximum(image[seen.rows, seen.columns] - seen.value, 1e-9)
        index = CLASSES.index("artefact" if kind == "injection" else "urinary")
        classes[seen.rows, seen.columns][_outlined(seen, around, _URINE_OF_PEAK)] = index
    strength = np.zeros(image.shape)
    for metastatic in (False, True):  # metastases last: on top
        strength[...] = 0
        for focus, seen in foci:
            if seen is None or focus.metastatic != metastatic:
                continue
            level = strength[seen.rows, seen.columns]
            around = background[seen.rows, seen.columns]
            stronger = _outlined(seen, around) & (np.abs(seen.value) > level)
            level[stronger] = np.abs(seen.value)[stronger]
            instances[seen.rows, seen.columns][stronger] = focus.number
            kind = "artefact" if focus.kind in ARTEFACTS or not focus.bone else "benign"
            index = CLASSES.index("metastasis" if metastatic else kind)
            classes[seen.rows, seen.columns][stronger] = index
    mask = classes == CLASSES.index("metastasis")
    return Truth(mask, instances, classes, _bones(eye, image))


def _outlined(
    seen: Patch, around: Float[np.ndarray, "r c"], of_peak: float = _OF_PEAK
) -> Bool[np.ndarray, "r c"]:
    """Where an observer would draw a thing that lies on this background."""
    value = np.abs(seen.value)
    outlined: Bool[np.ndarray, "r c"]
    outlined = (value > of_peak * value.max()) & (value > _OF_BACKGROUND * around)
    return outlined


def _bones(eye: Eye, image: Float[np.ndarray, "y x"]) -> UInt8[np.ndarray, "y x"]:
    label = np.zeros(image.shape, np.uint8)
    best = _BONE_OF_ALL * image
    for number, seen in _bone_patches(eye):
        level = best[seen.rows, seen.columns]
        more = (seen.value > level) & (seen.value > _BONE_OF_PEAK * seen.value.max())
        level[more] = seen.value[more]
        label[seen.rows, seen.columns][more] = number
    return label


def _bone_patches(eye: Eye) -> Iterator[tuple[int, Patch]]:
    scene = eye.scene
    for bone in BONES:
        first, last = np.searchsorted(scene.label[: _bones_end(eye)], [bone.label, bone.label + 1])
        seen = patch(eye, scene.place[first:last], scene.emission[first:last])
        if seen is not None:
            yield bone.label, seen


def _bones_end(eye: Eye) -> int:
    return min((at.start for at in eye.scene.sources.values()), default=len(eye.scene.label))
