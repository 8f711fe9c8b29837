"""Draws that planning and writing share, each from the generator it is given."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")


def chance(rng: np.random.Generator, share: float) -> bool:
    """True in this share of draws; the generator moves on by one draw either way."""
    return bool(rng.random() < share)


def one_of(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]


def weighted(rng: np.random.Generator, weights: Mapping[Option, float]) -> Option:
    """One of the keys, as likely as its weight says; weights need not add up to 1."""
    options = list(weights)
    edges = np.cumsum([weights[option] for option in options])
    place = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return options[min(place, len(options) - 1)]


def log_normal(
    rng: np.random.Generator, median: float, sigma: float, low: float, high: float
) -> float:
    """A log-normal value of this median and spread of its logarithm, clipped."""
    return float(np.clip(median * np.exp(sigma * rng.standard_normal()), low, high))


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A value between two bounds, uniform."""
    return float(rng.uniform(low, high))
