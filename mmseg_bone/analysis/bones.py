"""Which bone each pixel of a study shows, as far as anybody knows."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from mmseg_bone.study import Study


class BoneMap(NamedTuple):
    """Labels of the bones of a study.

    Attributes:
        labels: Values of ``anatomy.BONES``, 0 for no bone; None where nobody knows.
        source: Where they are from: ``phantom``, or nothing.
    """

    labels: UInt8[np.ndarray, "view y x"] | None
    source: str


def find_bones(study: Study) -> BoneMap:
    """The bones of a phantom, which come with it; of a scan nobody has labelled, none."""
    if study.bones is not None:
        return BoneMap(study.bones, "phantom")
    return BoneMap(None, "")
