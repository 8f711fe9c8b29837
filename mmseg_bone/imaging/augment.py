"""Changing training studies: geometry and counts, alike on both views.

The only place that knows albumentations.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import albumentations as A
import cv2
import numpy as np
from jaxtyping import Float, Float32, Integer, UInt8

from mmseg_bone.imaging.mirror import mirror_bones, mirror_words
from mmseg_bone.study import Study

_STRIP = 2**16  # pixels thinned at a time: what is between two steps stays in the cache
_BANK = 2**20  # normals drawn in advance, at least; 4 MiB, 10 ms

cv2.setNumThreads(0)  # the loader's processes are the parallelism


class Augment:
    """A patient who lay a little otherwise, was imaged a little shorter, or is mirrored.

    Both views are moved by the same rigid motion of the patient: that of the posterior one,
    which looks the other way, is turned. A mirrored study has its report mirrored too; words
    that say left while the image says right teach a lie. Fewer counts are drawn where they
    were detected, before they are moved.

    albumentations draws the motion. OpenCV carries it out, mirror included, in one pass over
    each view as it lies in memory: as channels of one image, which is all that albumentations
    can move alike, the views had to be turned and interleaved first, and cost twice as much.

    Args:
        rotate_deg: Largest rotation in the image plane.
        shift: Largest shift, as a share of height and width.
        scale: Smallest and largest scale.
        mirror: Probability of exchanging left and right, in the words as well.
        thin: Smallest share of the counts kept, see ``thinned``. 1 keeps all.
    """

    def __init__(
        self,
        *,
        rotate_deg: float = 5.0,
        shift: float = 0.03,
        scale: Sequence[float] = (0.9, 1.1),
        mirror: float = 0.5,
        thin: float = 0.5,
    ) -> None:
        self.mirror, self.thin = mirror, thin
        self.motion = A.Affine(
            rotate=(-rotate_deg, rotate_deg),
            translate_percent={"x": (-shift, shift), "y": (-shift, shift)},
            scale=tuple(scale),
        )

    def __call__(self, study: Study, rng: np.random.Generator) -> Study:
        """A changed copy; the same generator state gives the same copy.

        Maps other than mask and bones are left out.
        """
        is_mirrored = rng.random() < self.mirror
        counts = study.counts
        if self.thin < 1 and np.issubdtype(counts.dtype, np.integer):
            counts = thinned(counts, rng.uniform(self.thin, 1.0), rng)
        back = self._draw_motion(counts.shape[1:], rng)
        ways = [
            _way_back(back, counts.shape[2], view == "posterior", is_mirrored)
            for view in study.views
        ]
        changed: dict[str, Any] = {"instances": None, "classes": None}
        if study.mask is not None:
            changed["mask"] = _move_labels(study.mask.view(np.uint8), ways).view(bool)
        if study.bones is not None:
            bones = _move_labels(study.bones, ways)
            changed["bones"] = mirror_bones(bones) if is_mirrored else bones
        if is_mirrored:
            changed |= mirror_words(study)
        counts = _move_counts(counts.astype(np.float32, copy=False), ways)
        return replace(study, counts=counts, **changed)

    def _draw_motion(
        self, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Float[np.ndarray, "3 3"]:
        """Where a pixel of the moved anterior view was before, in (x, y, 1)."""
        self.motion.set_random_seed(int(rng.integers(2**31)))
        drawn = self.motion.get_params_dependent_on_data({"shape": shape}, {})
        return np.linalg.inv(drawn["matrix"])


def thinned(
    counts: Integer[np.ndarray, "v y x"], share: float, rng: np.random.Generator
) -> Float32[np.ndarray, "v y x"]:
    """What a shorter acquisition would have counted: each event is kept with a probability.

    Drawn from the normal distribution of the binomial's mean and variance and rounded: at the
    counts of a bone scan as good as the binomial itself, and far faster. The normals are
    drawn once, and every call takes as many as it needs from a random place among them. Within
    a study none comes twice; that another study has the same ones, at other pixels, nobody
    sees. Drawing them anew takes twice as long as all else that ``Augment`` does.

    Args:
        counts: Events detected.
        share: Probability of keeping one.
        rng: Says where among the normals to start.
    """
    rows, kept = counts.reshape(-1, counts.shape[2]), np.empty(counts.shape, np.float32)
    kept_rows, normals = kept.reshape(rows.shape), _take_normals(rows.shape, rng)
    height = max(1, min(len(rows), _STRIP // rows.shape[1]))
    events, spread = np.empty((2, height, rows.shape[1]), np.float32)
    for top in range(0, len(rows), height):
        strip = slice(top, min(top + height, len(rows)))
        lent = slice(0, strip.stop - top)
        np.copyto(events[lent], rows[strip])
        _thin(events[lent], share, normals[strip], spread[lent], kept_rows[strip])
    return kept


def _thin(
    events: Float32[np.ndarray, "y x"],
    share: float,
    normals: Float32[np.ndarray, "y x"],
    spread: Float32[np.ndarray, "y x"],
    kept: Float32[np.ndarray, "y x"],
) -> None:
    """Write into ``kept`` share · n + √(share · (1 - share)) · √n · z, as a whole number of 0 to n.

    In place, step by step: a new array for each would cost more than the arithmetic.
    ``spread`` is lent to work in.
    """
    np.sqrt(events, out=spread)
    spread *= normals
    cv2.addWeighted(events, share, spread, math.sqrt(share * (1 - share)), 0.0, dst=kept)
    np.rint(kept, out=kept)
    cv2.threshold(kept, 0.0, 0.0, cv2.THRESH_TOZERO, dst=kept)
    np.minimum(kept, events, out=kept)


def _take_normals(shape: tuple[int, int], rng: np.random.Generator) -> Float32[np.ndarray, "y x"]:
    """As many standard normals, from a random place among at least twice as many."""
    number = math.prod(shape)
    bank = _normals(max(_BANK, 1 << (2 * number - 1).bit_length()))
    start = int(rng.integers(bank.size - number + 1))
    return bank[start : start + number].reshape(shape)


@lru_cache(maxsize=2)
def _normals(number: int) -> Float32[np.ndarray, " n"]:
    """Standard normals, the same in every process."""
    normals = np.random.default_rng(0).standard_normal(number, np.float32)
    normals.setflags(write=False)
    return normals


def _way_back(
    back: Float[np.ndarray, "3 3"], width: int, is_posterior: bool, is_mirrored: bool
) -> Float[np.ndarray, "2 3"]:
    """Where a pixel of a moved view was in that view, given where it was in the anterior sense.

    Read from the right: into the anterior sense, back to before the motion, and into what the
    view was, which was turned if it is posterior and once more if the patient was mirrored.
    """
    turn = np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    way = back @ turn if is_posterior else back
    return np.asarray((turn @ way if is_posterior != is_mirrored else way)[:2])


def _move_counts(
    counts: Float32[np.ndarray, "v y x"], ways: Sequence[Float[np.ndarray, "2 3"]]
) -> Float32[np.ndarray, "v y x"]:
    """Each view moved its way, linear between pixels, zeros where nothing was."""
    moved = np.empty_like(counts)
    size = (counts.shape[2], counts.shape[1])
    for view, way, new in zip(counts, ways, moved, strict=True):
        cv2.warpAffine(view, way, size, dst=new, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return moved


def _move_labels(
    labels: UInt8[np.ndarray, "v y x"], ways: Sequence[Float[np.ndarray, "2 3"]]
) -> UInt8[np.ndarray, "v y x"]:
    """Labels, nearest neighbour, and only where any come to lie: lesions cover little of a scan."""
    moved = np.zeros_like(labels)
    for view, way, new in zip(labels, ways, moved, strict=True):
        (left, top), (right, bottom) = _reach(cv2.boundingRect(view), way, new.shape)
        if not view.any() or left >= right or top >= bottom:
            continue
        from_there = way.copy()
        from_there[:, 2] += way[:, :2] @ (left, top)
        new[top:bottom, left:right] = cv2.warpAffine(
            view,
            from_there,
            (right - left, bottom - top),
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        )
    return moved


def _reach(
    box: Sequence[int], way: Float[np.ndarray, "2 3"], shape: tuple[int, ...]
) -> Integer[np.ndarray, "2 2"]:
    """Where a box of a view can come to lie when it is moved: first (x, y), and past the last."""
    x, y, width, height = box
    corners = np.array([[[i, j] for i in (x - 1, x + width) for j in (y - 1, y + height)]], float)
    there = cv2.transform(corners, cv2.invertAffineTransform(way))[0]
    ends = np.stack([np.floor(there.min(0)), np.ceil(there.max(0)) + 1])
    return np.asarray(np.clip(ends, 0, shape[::-1]), int)
