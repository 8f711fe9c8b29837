"""An atlas of bones: how likely each bone is at each place of the body, seen in each view.

Made from phantoms by ``mmseg-bone atlas``; the one that ships is ``bones.safetensors``.
"""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy import ndimage

from mmseg_bone.anatomy import BONES, mirrored
from mmseg_bone.errors import AtlasError
from mmseg_bone.imaging.body_frame import body_coordinates
from mmseg_bone.study import VIEWS, Study

SHIPPED = Path(__file__).with_name("bones.safetensors")
LABELS = len(BONES) + 1
ROWS, COLUMNS = 192, 64
_BLUR = 0.7  # cells; fills the gaps between few patients
_LIKELIEST = 6  # bones kept of each place; more than five hardly ever meet
_FULL = 255  # stands for a share of 1, in one byte
_MIRRORED = [0] + [mirrored(bone).label for bone in BONES]


def build_atlas(studies: Iterable[Study]) -> Float[np.ndarray, "view label y x"]:
    """Share of patients who show a bone at a place, by view, label and place.

    The patient's left lies at the right of both views. The shares of a place add up to 1
    with that of label 0, no bone; a place no patient covers is no bone. Every patient counts
    twice, once as her mirror image, so that the two sides are alike. Only labels are read, and
    of the counts no more than how the patient lies.

    Args:
        studies: Phantoms of both views; those of one view are left out.

    Raises:
        AtlasError: A study has no bone labels, or there is none.
    """
    seen = np.zeros((len(VIEWS), LABELS, ROWS, COLUMNS), np.float32)
    used = 0
    for study in studies:
        if study.views != VIEWS:
            continue
        if study.bones is None:
            raise AtlasError(
                f"study {study.id!r} has no bone labels; an atlas is made from phantoms."
            )
        used += 1
        places = body_coordinates(study.counts, study.views, study.spacing_mm, block=1)
        for view, labels in enumerate(study.bones):
            seen[view] += _counted(labels, places[view])
    if not used:
        raise AtlasError("no study of both views was given; an atlas is made from phantoms.")
    seen += seen[:, _MIRRORED, :, ::-1]
    seen = ndimage.gaussian_filter(seen, (0, 0, _BLUR, _BLUR))
    seen[:, 0] += 1e-6
    return np.asarray(seen / seen.sum(axis=1, keepdims=True), np.float32)


def _counted(
    labels: UInt8[np.ndarray, "y x"], place: Float[np.ndarray, "2 y x"]
) -> Float[np.ndarray, "label row column"]:
    """Pixels of each label in each cell of the atlas."""
    y, x = place
    inside = (np.abs(y) < 1) & (np.abs(x) < 1)
    row = ((y[inside] + 1) / 2 * ROWS).astype(int)
    column = ((x[inside] + 1) / 2 * COLUMNS).astype(int)
    cell = (labels[inside].astype(int) * ROWS + row) * COLUMNS + column
    counted = np.bincount(cell, minlength=LABELS * ROWS * COLUMNS).astype(np.float32)
    return counted.reshape(LABELS, ROWS, COLUMNS)


def atlas_to_bytes(atlas: Float[np.ndarray, "view label y x"], made_of: str) -> bytes:
    """The atlas as a small safetensors file: of each place the likeliest bones, in steps of 1/255.

    Args:
        atlas: From ``build_atlas``.
        made_of: What it was made of; kept in the file's header.
    """
    bones = atlas[:, 1:]
    labels = np.argsort(-bones, axis=1, kind="stable")[:, :_LIKELIEST]
    shares = np.rint(np.take_along_axis(bones, labels, axis=1) * _FULL).astype(np.uint8)
    stored = {"labels": np.where(shares > 0, labels + 1, 0).astype(np.uint8), "shares": shares}
    return save(stored, metadata={"made_of": made_of})


def load_atlas(path: str | PathLike[str] | None = None) -> UInt8[np.ndarray, "view label y x"]:
    """Share of each bone at each place, in 1/255; nothing for label 0.

    Args:
        path: From ``mmseg-bone atlas``; None for the one that ships.

    Raises:
        AtlasError: The file is no atlas of these bones.
    """
    path = SHIPPED if path is None else Path(path)
    try:
        stored = load(path.read_bytes())
        labels, shares = stored["labels"], stored["shares"]
        atlas = np.zeros((labels.shape[0], LABELS, *labels.shape[2:]), np.uint8)
        np.put_along_axis(atlas, labels.astype(int), shares, axis=1)
    except (OSError, SafetensorError, LookupError, ValueError) as error:
        raise AtlasError(
            f"{path} is no atlas of bones ({type(error).__name__}). Make one with "
            f"`mmseg-bone atlas STORE --out FILE`, of a store of phantoms."
        ) from None
    atlas[:, 0] = 0
    return atlas
