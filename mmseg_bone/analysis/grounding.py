"""Grounding: which site of the report each lesion read, by taking the sites out one by one.

A lesion has read the words for a site if its probability falls when they are gone. That asks
nothing of the network but its answer, so that it serves every way in which text is fused.

Source: occlusion, Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, sec. 4.2, here of
words; the pointing score after the pointing game, Zhang et al. 2018,
https://arxiv.org/abs/1608.00507, sec. 4.2, here over sites of the report.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt16

from mmseg_bone.imaging.lesions import label_lesions
from mmseg_bone.study import Focus

# Falls of less are rounding, and mean that nothing was read.
_LEAST_FALL = 1e-4


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How one lesion answers to the sites of its report.

    Attributes:
        view: View it is seen in.
        number: Of the lesion, or of the focus of a phantom.
        probability: Mean over its pixels, with the whole report.
        falls: By bone, how far that falls without the words for it; negative if it rises.
        named: The bone that the report puts it in, where that is known (phantoms); else empty.
    """

    view: str
    number: int
    probability: float
    falls: Mapping[str, float]
    named: str = ""

    @property
    def most_read(self) -> tuple[str, ...]:
        """The site it read most; several if they tie, none if it read none."""
        most = max(self.falls.values(), default=0.0)
        if most < _LEAST_FALL:
            return ()
        return tuple(bone for bone, fall in self.falls.items() if fall > most - _LEAST_FALL)


@dataclass(frozen=True, kw_only=True)
class Pointing:
    """How often lesions read the words that are about them.

    Attributes:
        lesions: With a site of their own among at least two.
        score: Share of them that read it most. Where several tie, or where none was read, it
            is a draw among them, and counts as the chance to win it.
        chance: The score of one that draws among the sites of its report.
        read: Share of them that read any site at all.
    """

    lesions: int
    score: float
    chance: float
    read: float


def read_lesions(
    mask: Bool[np.ndarray, "view y x"],
    whole: Float[np.ndarray, "view y x"],
    without: Mapping[str, Float[np.ndarray, "view y x"]],
    *,
    views: Sequence[str],
) -> tuple[Reading, ...]:
    """What each lesion of a mask read; nothing for an empty mask.

    Args:
        mask: Whose lesions.
        whole: Probability with the whole report.
        without: Probability without the words for a bone, by its name.
        views: Name of each view.
    """
    readings = []
    for at, view in enumerate(views):
        numbers, count = label_lesions(mask[at])
        for number in range(1, count + 1):
            readings.append(_read(at, view, number, numbers == number, whole, without))
    return tuple(readings)


def read_foci(
    instances: UInt16[np.ndarray, "view y x"],
    foci: Iterable[Focus],
    whole: Float[np.ndarray, "view y x"],
    without: Mapping[str, Float[np.ndarray, "view y x"]],
    *,
    views: Sequence[str],
) -> tuple[Reading, ...]:
    """What each metastasis of a phantom read in each view it is seen in, and what it should have.

    On the true outlines, so that every network is asked about the same pixels, be it trained
    or not. Foci that the report does not name for themselves are left out.

    Args:
        instances: Number of the focus at each pixel.
        foci: What they are.
        whole: As for ``read_lesions``.
        without: The same.
        views: The same.
    """
    readings = []
    for at, view in enumerate(views):
        for focus in foci:
            spot = instances[at] == focus.number
            if focus.metastatic and focus.named in without and spot.any():
                number = focus.number
                readings.append(_read(at, view, number, spot, whole, without, focus.named))
    return tuple(readings)


def point(readings: Iterable[Reading]) -> Pointing:
    """The pointing score of readings whose site is known; nan where there are none.

    Lesions of a report that names a single site are left out: there is nothing to choose.
    """
    known = [one for one in readings if one.named in one.falls and len(one.falls) > 1]
    if not known:
        return Pointing(lesions=0, score=float("nan"), chance=float("nan"), read=float("nan"))
    draws = [one.most_read or tuple(one.falls) for one in known]
    won = [(one.named in draw) / len(draw) for one, draw in zip(known, draws, strict=True)]
    return Pointing(
        lesions=len(known),
        score=float(np.mean(won)),
        chance=float(np.mean([1 / len(one.falls) for one in known])),
        read=float(np.mean([bool(one.most_read) for one in known])),
    )


def _read(
    at: int,
    view: str,
    number: int,
    spot: Bool[np.ndarray, "y x"],
    whole: Float[np.ndarray, "view y x"],
    without: Mapping[str, Float[np.ndarray, "view y x"]],
    named: str = "",
) -> Reading:
    probability = float(whole[at][spot].mean(dtype=np.float64))
    falls = {
        bone: probability - float(other[at][spot].mean(dtype=np.float64))
        for bone, other in without.items()
    }
    return Reading(view=view, number=number, probability=probability, falls=falls, named=named)
