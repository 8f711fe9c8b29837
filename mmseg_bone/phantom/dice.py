"""Draws that planning and writing share, each from the generator it is given."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")
Number = float | int  # beartype takes float at its word


def chance(rng: np.random.Generator, share: Number) -> bool:
    """True in this share of draws; the generator moves on by one draw either way."""
    return bool(rng.random() < share)


def one_of(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]


def weighted(rng: np.random.Generator, weights: Mapping[Option, Number]) -> Option:
    """One of the keys, as likely as its weight says; weights need not add up to 1."""
    place = rng.random() * sum(weights.values())
    for option, weight in weights.items():
        place -= weight
        if place < 0:
            return option
    return option  # rounding alone leads here


def log_normal(
    rng: np.random.Generator, median: Number, sigma: Number, low: Number, high: Number
) -> float:
    """A log-normal value of this median and spread of its logarithm, clipped."""
    return float(np.clip(median * np.exp(sigma * rng.standard_normal()), low, high))


def between(rng: np.random.Generator, low: Number, high: Number) -> float:
    """A value between two bounds, uniform."""
    return float(rng.uniform(low, high))
