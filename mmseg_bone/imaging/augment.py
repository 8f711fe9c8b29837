"""Changing training studies: geometry and counts, alike on both views.

The only place that knows albumentations.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import albumentations as A
import cv2
import numpy as np
from jaxtyping import Num

from mmseg_bone.imaging.mirror import mirror
from mmseg_bone.study import Study

_CARRIED = ("mask", "bones")  # moved along with the counts; the other maps are left out

cv2.setNumThreads(0)  # the loader's processes are the parallelism


class Augment:
    """A patient who lay a little otherwise, was imaged a little shorter, or is mirrored.

    Both views are moved by the same rigid motion of the patient: the posterior one is
    turned to the anterior's sense first, and back afterwards. A mirrored study has its
    report mirrored too; words that say left while the image says right teach a lie.

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
        # p=1: the transform always acts; what it does is drawn from the ranges.
        self.move = A.Compose(
            [
                A.Affine(
                    rotate=(-rotate_deg, rotate_deg),
                    translate_percent={"x": (-shift, shift), "y": (-shift, shift)},
                    scale=tuple(scale),
                    interpolation=cv2.INTER_LINEAR,
                    mask_interpolation=cv2.INTER_NEAREST,
                    p=1.0,
                )
            ]
        )

    def __call__(self, study: Study, rng: np.random.Generator) -> Study:
        """A changed copy; the same generator state gives the same copy."""
        if rng.random() < self.mirror:
            study = mirror(study)
        counts = study.counts
        if self.thin < 1 and np.issubdtype(counts.dtype, np.integer):
            counts = thinned(counts, rng.uniform(self.thin, 1.0), rng)
        self.move.set_random_seed(int(rng.integers(2**31)))
        planes = {"image": _as_one(counts.astype(np.float32), study.views)}
        known = [name for name in _CARRIED if getattr(study, name) is not None]
        if known:
            carried = [
                _as_one(getattr(study, name).astype(np.uint8), study.views) for name in known
            ]
            planes["mask"] = np.concatenate(carried, axis=-1)
        moved = self.move(**planes)
        labels: dict[str, Any] = {}
        if known:
            parts = np.split(np.atleast_3d(moved["mask"]), len(known), axis=-1)
            labels = dict(zip(known, (_as_views(part, study.views) for part in parts), strict=True))
        if "mask" in labels:
            labels["mask"] = labels["mask"].astype(bool)
        return replace(
            study,
            counts=np.maximum(_as_views(moved["image"], study.views), 0),
            **({"instances": None, "classes": None} | labels),
        )


def thinned(
    counts: Num[np.ndarray, "v y x"], share: float, rng: np.random.Generator
) -> Num[np.ndarray, "v y x"]:
    """What a shorter acquisition would have counted: each event is kept with a probability.

    Drawn from the normal distribution of the binomial's mean and variance and rounded, ten
    times faster than the binomial itself and, at the counts of a bone scan, as good.
    """
    events = counts.astype(np.float32)
    spread = np.sqrt(np.float32(share * (1 - share)) * events)
    kept = np.float32(share) * events + spread * rng.standard_normal(counts.shape, np.float32)
    return np.asarray(np.clip(np.rint(kept), 0, events))


def _as_one(views: Num[np.ndarray, "v y x"], names: tuple[str, ...]) -> Num[np.ndarray, "y x v"]:
    """Views as the channels of one image, all with the patient's left at the right."""
    sense = [
        view[:, ::-1] if n == "posterior" else view for n, view in zip(names, views, strict=True)
    ]
    return np.ascontiguousarray(np.stack(sense, axis=-1))


def _as_views(image: Num[np.ndarray, "y x *v"], names: tuple[str, ...]) -> Num[np.ndarray, "v y x"]:
    channels = image.reshape(*image.shape[:2], len(names))  # OpenCV drops a single channel
    return np.stack(
        [
            channels[:, ::-1, i] if name == "posterior" else channels[:, :, i]
            for i, name in enumerate(names)
        ]
    )
