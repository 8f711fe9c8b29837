"""Steps from study to study before it is encoded, each with its way back for a prediction."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Shaped

from mmseg_bone.imaging.bladder import remove_bladder
from mmseg_bone.imaging.body_box import body_box
from mmseg_bone.imaging.conjugate import add_views, fuse_masks
from mmseg_bone.imaging.mirror import in_anterior_sense
from mmseg_bone.imaging.thorax import find_thorax
from mmseg_bone.study import Study

_MAPS = ("mask", "instances", "classes", "bones")


@runtime_checkable
class Step(Protocol):
    """Something done to every study of an experiment, training and prediction alike."""

    def __call__(self, study: Study) -> Study:
        """The study that the network sees instead."""
        ...

    def undo(
        self, probability: Float[np.ndarray, "_view _y _x"], study: Study
    ) -> Float[np.ndarray, "_v _h _w"]:
        """A prediction on the pixels and views of ``study``, as it was before this step."""
        ...


def stages(steps: Iterable[Step], study: Study) -> list[Study]:
    """The study before the first step, and after each of them."""
    seen = [study]
    for step in steps:
        seen.append(step(seen[-1]))
    return seen


class CropBody:
    """Cut both views to the patient; see ``imaging.body_box``.

    A whole-body scan is air for a third, and what is cut away costs nothing. Outside the crop
    nothing is predicted: its probability is 0.

    Args:
        margin_mm: Kept around the body.
    """

    def __init__(self, *, margin_mm: float = 15.0) -> None:
        self.margin_mm = margin_mm

    def __call__(self, study: Study) -> Study:  # noqa: D102  (see Step)
        at = self._box(study)
        maps: dict[str, Any] = {
            name: _cut(part, study.views, at) for name, part in _maps(study).items()
        }
        return replace(study, counts=_cut(study.counts, study.views, at), **maps)

    def undo(  # noqa: D102
        self, probability: Float[np.ndarray, "view y x"], study: Study
    ) -> Float[np.ndarray, "view _y _x"]:
        full = np.zeros(study.counts.shape, probability.dtype)
        turned = in_anterior_sense(full, study.views)
        turned[:, *self._box(study)] = in_anterior_sense(probability, study.views)
        return in_anterior_sense(turned, study.views)

    def _box(self, study: Study) -> tuple[slice, slice]:
        return body_box(study.counts, study.views, study.spacing_mm, self.margin_mm)


class CropThorax:
    """Cut both views to the thorax; see ``imaging.thorax``.

    The note ``thorax`` says whether it was found or a fixed share of the body was taken for it.
    Outside the crop nothing is predicted: its probability is 0, and lesions there are missed.

    Args:
        height_mm: Height of the crop; 256 pixels of 2.26 mm in Lin et al. 2020. An image that
            is not as high is kept whole.
        margin_mm: How far above the first thoracic vertebra it begins.
    """

    def __init__(self, *, height_mm: float = 579.0, margin_mm: float = 30.0) -> None:
        self.height_mm, self.margin_mm = height_mm, margin_mm

    def __call__(self, study: Study) -> Study:  # noqa: D102  (see Step)
        at, found = self._rows(study)
        return replace(
            study,
            counts=study.counts[:, at],
            notes={**study.notes, "thorax": "found" if found else "assumed"},
            **{name: part[:, at] for name, part in _maps(study).items()},
        )

    def undo(  # noqa: D102
        self, probability: Float[np.ndarray, "view y x"], study: Study
    ) -> Float[np.ndarray, "view _y x"]:
        full = np.zeros(study.counts.shape, probability.dtype)
        full[:, self._rows(study)[0]] = probability
        return full

    def _rows(self, study: Study) -> tuple[slice, bool]:
        thorax = find_thorax(study.counts, study.views, study.spacing_mm)
        rows = round(self.height_mm / study.spacing_mm[0])
        first = thorax.top - round(self.margin_mm / study.spacing_mm[0])
        first = min(max(first, 0), max(study.counts.shape[1] - rows, 0))
        return slice(first, first + rows), thorax.found


class RemoveBladder:
    """Blank the bladder; see ``imaging.bladder``. Predictions need no way back."""

    def __call__(self, study: Study) -> Study:  # noqa: D102  (see Step)
        return remove_bladder(study)

    def undo(  # noqa: D102
        self, probability: Float[np.ndarray, "view y x"], study: Study
    ) -> Float[np.ndarray, "view y x"]:
        return probability


class AddViews:
    """Make one view of two, by adding them; see ``imaging.conjugate``.

    It is called anterior, for it has the patient's left at the right. Masks are joined. A
    prediction goes back to each view that was acquired, so what only one of them shows is a
    false positive in the other; a study of one view is only turned. The maps of a phantom
    cannot be joined, and are left out.
    """

    def __call__(self, study: Study) -> Study:  # noqa: D102  (see Step)
        mask = study.mask
        return replace(
            study,
            views=("anterior",),
            counts=add_views(study.counts, study.views)[None],
            mask=None if mask is None else fuse_masks(mask, study.views)[0][None],
            instances=None,
            classes=None,
            bones=None,
            notes={**study.notes, "views_added": "+".join(study.views)},
        )

    def undo(  # noqa: D102
        self, probability: Float[np.ndarray, "1 y x"], study: Study
    ) -> Float[np.ndarray, "view y x"]:
        return in_anterior_sense(np.repeat(probability, len(study.views), 0), study.views)


def _cut(
    part: Shaped[np.ndarray, "view y x"], views: tuple[str, ...], at: tuple[slice, slice]
) -> Shaped[np.ndarray, "view _y _x"]:
    """A box, given in the anterior sense, of each view."""
    inside = in_anterior_sense(part, views)[:, *at]
    return np.ascontiguousarray(in_anterior_sense(inside, views))


def _maps(study: Study) -> dict[str, Any]:
    return {name: part for name in _MAPS if (part := getattr(study, name)) is not None}
