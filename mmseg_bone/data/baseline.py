"""K-means hot spots of studies: a baseline that learns nothing but how many clusters to make."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from mmseg_bone.data.steps import Step, stages
from mmseg_bone.imaging.kmeans import hot_spots
from mmseg_bone.io.store import Store
from mmseg_bone.study import Study


def mark_hot_spots(
    study: Study, clusters: int, steps: Sequence[Step] = ()
) -> Float[np.ndarray, "view y x"]:
    """1 on the hot spots of each view, 0 elsewhere, on the study's own pixels.

    Args:
        study: What to mark.
        clusters: See ``imaging.kmeans.hot_spots``.
        steps: What is done to the study first, and undone afterwards.
    """
    *before, seen = stages(steps, study)
    marked = np.stack([hot_spots(view, clusters) for view in seen.counts]).astype(np.float32)
    for step, was in zip(reversed(steps), reversed(before), strict=True):
        marked = step.undo(marked, was)
    return marked


def sweep_clusters(
    store: Store, ids: Iterable[str], choices: Sequence[int], steps: Sequence[Step] = ()
) -> dict[int, float]:
    """Overlap (IoU) with the drawings for each number of clusters, pooled over the pixels of ids.

    Args:
        store: Where the studies are.
        ids: Drawn studies that are not to be scored later.
        choices: Numbers of clusters.
        steps: See ``mark_hot_spots``.
    """
    inside, union = dict.fromkeys(choices, 0), dict.fromkeys(choices, 0)
    for id in ids:
        study = store[id]
        if study.mask is None:
            continue
        for clusters in choices:
            marked = mark_hot_spots(study, clusters, steps) > 0
            inside[clusters] += int((marked & study.mask).sum())
            union[clusters] += int((marked | study.mask).sum())
    return {clusters: inside[clusters] / max(union[clusters], 1) for clusters in choices}
