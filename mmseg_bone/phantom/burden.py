"""How much of a phantom's skeleton is metastasis, by volume."""

import numpy as np

from mmseg_bone.anatomy import BY_LABEL, skeletal_mass
from mmseg_bone.phantom.anatomy.skeleton import Skeleton
from mmseg_bone.phantom.foci import Drawn


def bone_scan_index(skeleton: Skeleton, drawn: list[Drawn]) -> float:
    """The true bone scan index: involved share of each bone, weighed by the bone's mass.

    Shares are of volumes, which a planar image does not show, so this is what an index measured
    on images is to be held against. Where two metastases overlap, the bone counts once. Cold
    metastases count as hot ones do. Of a superscan only the planned foci count, as in the mask,
    and not the marrow between them. Without metastases the index is 0.

    Args:
        skeleton: The standard skeleton; growth and stoutness change a bone and its foci alike.
        drawn: The patient's foci; benign ones are left out.

    Returns:
        Percent of the skeleton; a skeleton of metastases is 100.

    Source: Imbriaco et al. 1998, Clin Cancer Res 4:1765; weights, see ``skeletal_mass.csv``.
    """
    involved = np.zeros(len(skeleton.label))
    for spot in drawn:
        if spot.focus.metastatic:
            involved[spot.of_bone] += spot.inside
    labels = len(BY_LABEL) + 1
    diseased = np.minimum(involved, 1) * skeleton.volume
    share = np.bincount(skeleton.label, diseased, labels) / np.maximum(
        np.bincount(skeleton.label, skeleton.volume, labels), 1e-9
    )
    weights = skeletal_mass()
    index = sum(weights[bone.name] * float(share[label]) for label, bone in BY_LABEL.items())
    return 100 * index / sum(weights.values())
