"""Hot spots by K-means on the counts: the simplest thing that could work.

Source: Lin et al. 2020, PLoS One 15:e0243253, compare their networks with K-means clustering of
intensity, K = 5 in their example. That the hottest cluster is the answer, and how the centres
begin, is our choice.
"""

import numpy as np
from jaxtyping import Bool, Float, Num

_ROUNDS = 100


def hot_spots(counts: Num[np.ndarray, "y x"], clusters: int) -> Bool[np.ndarray, "y x"]:
    """The hottest of ``clusters`` groups of pixels of one view.

    It knows nothing of anatomy: the bladder, the kidneys and the place of injection are as hot
    as any metastasis. Pixels without a count are left out. A view whose body holds fewer
    different counts than there are clusters has no hot spot, a blank one included.

    Args:
        counts: One view.
        clusters: How many groups, 2 at least.
    """
    values, places, pixels = np.unique(counts, return_inverse=True, return_counts=True)
    body = values > 0
    if body.sum() < clusters:
        return np.zeros(counts.shape, bool)
    centres = kmeans(values[body].astype(float), pixels[body], clusters)
    hottest = values > (centres[-1] + centres[-2]) / 2
    return np.asarray(hottest[places].reshape(counts.shape))


def kmeans(
    values: Float[np.ndarray, " n"], weights: Num[np.ndarray, " n"], clusters: int
) -> Float[np.ndarray, " k"]:
    """Centres of weighted numbers, rising; Lloyd's algorithm, from evenly spread centres.

    Numbers on a line need no chance: the same ones give the same centres. A centre that no
    number is nearest to stays where it is.

    Args:
        values: Rising.
        weights: How often each occurs.
        clusters: How many centres, 2 at least.
    """
    centres = np.linspace(values[0], values[-1], clusters)
    for _ in range(_ROUNDS):
        own = np.searchsorted((centres[1:] + centres[:-1]) / 2, values)
        mass = np.bincount(own, weights, clusters)
        moment = np.bincount(own, weights * values, clusters)
        moved = np.where(mass > 0, moment / np.maximum(mass, 1e-12), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres
