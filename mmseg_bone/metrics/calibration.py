"""Whether a probability means what it says."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Num

BINS = 10


class Reliability(NamedTuple):
    """What became of the predictions of each bin of probability.

    Attributes:
        predictions: How many fell in each bin.
        predicted: Their mean probability; nan in an empty bin.
        observed: The share of them that was right; nan in an empty bin.
    """

    predictions: Num[np.ndarray, "*draw bin"]
    predicted: Float[np.ndarray, "*draw bin"]
    observed: Float[np.ndarray, "*draw bin"]

    @property
    def ece(self) -> Float[np.ndarray, "*draw"]:
        """Expected calibration error: mean gap of the bins, weighted by their predictions.

        nan where there is no prediction at all. It depends on the bins, so it is comparable
        between models only for the same ones.

        Source: Naeini et al. 2015, AAAI, doi 10.1609/aaai.v29i1.9602.
        """
        gap = np.nan_to_num(np.abs(self.observed - self.predicted))
        total = self.predictions.sum(-1)
        error = np.full(np.shape(total), np.nan)
        np.divide((self.predictions * gap).sum(-1), total, out=error, where=np.asarray(total) > 0)
        return error


def bin_of(probability: Float[np.ndarray, " n"], bins: int = BINS) -> Num[np.ndarray, " n"]:
    """Which of equally wide bins, from 0; a border belongs to the bin above it, 1 to the last."""
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def reliability(
    probability: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"], bins: int = BINS
) -> Reliability:
    """Set the probabilities of predictions against how often they were right.

    Args:
        probability: Of each prediction, from 0 to 1.
        right: Whether it was.
        bins: Equally wide bins from 0 to 1.
    """
    at = bin_of(probability, bins)
    count, right_sum, probability_sum = (
        np.bincount(at, weight, minlength=bins) for weight in (None, right, probability)
    )
    return from_sums(count, right_sum, probability_sum)


def from_sums(
    count: Num[np.ndarray, "*draw bin"],
    right: Num[np.ndarray, "*draw bin"],
    probability: Num[np.ndarray, "*draw bin"],
) -> Reliability:
    """The same from sums per bin, which can be added up over patients.

    Args:
        count: Predictions.
        right: How many of them were.
        probability: The sum of their probabilities.
    """
    predicted, observed = np.full((2, *np.shape(count)), np.nan)
    np.divide(probability, count, out=predicted, where=np.asarray(count) > 0)
    np.divide(right, count, out=observed, where=np.asarray(count) > 0)
    return Reliability(count, predicted, observed)
