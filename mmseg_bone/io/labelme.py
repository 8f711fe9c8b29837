"""LabelMe's JSON: shapes drawn on a picture → a mask.

LabelMe counts from the corner of the first pixel, so that pixel (0, 0) reaches from 0 to 1. A
pixel belongs to a shape if its centre lies inside; filling outlines too, as drawing libraries
do, would add half a pixel all round, which doubles a lesion of four pixels.

Source: the file format, as LabelMe 5 writes it (version, shapes, imageHeight, imageWidth).
"""

import base64
import binascii
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image, ImageDraw, UnidentifiedImageError

from mmseg_bone.errors import DrawingError

_FINE = 9  # odd, so that the centre of a pixel is the centre of a fine one


def fill_labelme(
    content: bytes, shape: tuple[int, int], labels: Mapping[str, bool]
) -> Bool[np.ndarray, "y x"]:
    """The pixels of all shapes whose label is a metastasis.

    Args:
        content: The JSON file. The picture and file name in it are not looked at.
        shape: Rows and columns of the view it was drawn on.
        labels: For each label whether it is a metastasis.

    Raises:
        DrawingError: No LabelMe, of another size, unknown labels, or points outside.
    """
    drawing = _parse(content)
    size = (drawing.get("imageHeight"), drawing.get("imageWidth"))
    if size != shape:
        raise DrawingError(
            f"is drawn on a picture of {size[0]}×{size[1]}, its view is {shape[0]}×{shape[1]}. "
            f"Draw on the view at full size."
        )
    is_metastasis = {name.strip().casefold(): value for name, value in labels.items()}
    shapes = drawing["shapes"]
    names = [str(part.get("label", "")).strip().casefold() for part in shapes]
    if unknown := sorted({name for name in names if name not in is_metastasis}):
        raise DrawingError(
            f"has labels that nobody told the meaning of: {', '.join(map(repr, unknown))}. Known: "
            f"{', '.join(sorted(is_metastasis))}. Say of each whether it is a metastasis (--label "
            f"NAME=yes or --label NAME=no)."
        )
    mask = np.zeros(shape, bool)
    for number, (name, part) in enumerate(zip(names, shapes, strict=True), start=1):
        if is_metastasis[name]:
            mask |= _fill(part, number, shape)
    return mask


def _parse(content: bytes) -> dict[str, Any]:
    drawing = None
    for codec in ("utf-8-sig", "gb18030"):
        try:
            drawing = json.loads(content.decode(codec))
            break
        except ValueError:  # of the codec or of the JSON
            continue
    if not isinstance(drawing, dict) or not isinstance(drawing.get("shapes"), list):
        raise DrawingError("is no LabelMe file: no JSON with shapes in it.")
    if not all(isinstance(part, dict) for part in drawing["shapes"]):
        raise DrawingError("is no LabelMe file: a shape in it is no object.")
    return drawing


def _fill(part: Mapping[str, Any], number: int, shape: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    kind = part.get("shape_type") or "polygon"
    points = _points(part, number, shape)
    if kind == "polygon":
        if len(points) < 3:
            raise DrawingError(f"shape {number} is a polygon of {len(points)} points; needed 3.")
        mask = _polygon(points, shape)
    elif kind == "rectangle" and len(points) in (2, 4):
        mask = _rectangle(points, shape)
    elif kind == "circle" and len(points) == 2:
        mask = _circle(points, shape)
    elif kind == "mask" and len(points) == 2:
        mask = _bitmap(part, number, points, shape)
    else:
        raise DrawingError(
            f"shape {number} is a {kind} of {len(points)} points; a lesion is drawn as polygon, "
            f"rectangle, circle or mask."
        )
    if not mask.any():
        raise DrawingError(
            f"shape {number} ({kind}) covers no pixel's centre: too small. Draw at least a pixel."
        )
    return mask


def _points(
    part: Mapping[str, Any], number: int, shape: tuple[int, int]
) -> Float[np.ndarray, "n 2"]:
    """Points of a shape as (x, y)."""
    try:
        points = np.asarray(part.get("points"), float).reshape(-1, 2)
    except (TypeError, ValueError):
        points = np.full((1, 2), np.nan)
    if not np.isfinite(points).all() or not len(points):
        raise DrawingError(f"shape {number} has no points that are pairs of numbers.")
    outside = (points < 0).any(axis=1) | (points > shape[::-1]).any(axis=1)
    if outside.any():
        x, y = points[outside][0]
        raise DrawingError(
            f"shape {number} has a point at x={x:g}, y={y:g}, outside the picture of "
            f"{shape[1]} columns and {shape[0]} rows. Was it drawn on another view?"
        )
    return points


def _polygon(points: Float[np.ndarray, "n 2"], shape: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    """Fill finely around the polygon, and look at the centres of the pixels."""
    x0, y0 = np.floor(points.min(axis=0)).astype(int)
    x1, y1 = np.ceil(points.max(axis=0)).astype(int)
    width, height = max(x1 - x0, 1), max(y1 - y0, 1)
    canvas = Image.new("1", (int(width) * _FINE, int(height) * _FINE))
    fine = (points - (x0, y0)) * _FINE - 0.5
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in fine], fill=1)
    inside = np.asarray(canvas)[_FINE // 2 :: _FINE, _FINE // 2 :: _FINE]
    mask = np.zeros(shape, bool)
    part = mask[y0 : y0 + height, x0 : x0 + width]
    part[:] = inside[: part.shape[0], : part.shape[1]]
    return mask


def _centres(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.indices(shape, sparse=True)
    return y + 0.5, x + 0.5


def _rectangle(points: Float[np.ndarray, "n 2"], shape: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    y, x = _centres(shape)
    mask: Bool[np.ndarray, "y x"] = (y >= y0) & (y <= y1) & (x >= x0) & (x <= x1)
    return mask


def _circle(points: Float[np.ndarray, "n 2"], shape: tuple[int, int]) -> Bool[np.ndarray, "y x"]:
    """First point the centre, second one on the circle."""
    (cx, cy), edge = points
    radius = float(np.hypot(*(edge - points[0])))
    y, x = _centres(shape)
    mask: Bool[np.ndarray, "y x"] = (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
    return mask


def _bitmap(
    part: Mapping[str, Any],
    number: int,
    points: Float[np.ndarray, "n 2"],
    shape: tuple[int, int],
) -> Bool[np.ndarray, "y x"]:
    """A PNG, in base64, whose corner pixels are at the two points."""
    try:
        picture = base64.b64decode(str(part.get("mask", "")), validate=True)
        with Image.open(io.BytesIO(picture), formats=["PNG"]) as opened:
            bitmap = np.asarray(opened.convert("L")) != 0
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise DrawingError(f"shape {number} is a mask without a readable picture.") from None
    x0, y0 = points.min(axis=0).round().astype(int)
    height, width = bitmap.shape
    if y0 + height > shape[0] or x0 + width > shape[1]:
        raise DrawingError(
            f"shape {number} is a mask of {height}×{width} at x={x0}, y={y0}: it reaches outside "
            f"the view of {shape[0]}×{shape[1]}."
        )
    mask = np.zeros(shape, bool)
    mask[y0 : y0 + height, x0 : x0 + width] = bitmap
    return mask
