"""What can be read off frozen features by a straight line, and what by always saying the same."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Probe(NamedTuple):
    """How well a linear probe names a label.

    Attributes:
        accuracy: Share of the test cases named right; nan without any.
        commonest: Share named right by always saying the commonest label of the training cases.
        cases: How many test cases there are.
    """

    accuracy: float
    commonest: float
    cases: int


def linear_probe(
    train: Float[np.ndarray, "n f"],
    train_labels: Sequence[str],
    test: Float[np.ndarray, "m f"],
    test_labels: Sequence[str],
    *,
    ridges: Sequence[float] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0),
) -> Probe:
    """Fit labels by ridge regression on features, and name those of other cases.

    One target a label, 1 where it applies; the highest answer wins. In closed form, so that
    nothing fails to converge. The penalty is chosen on the training cases alone, for each encoder
    its own: features of one spread need another than those of another. A label that only test
    cases have is always named wrong.

    Args:
        train: Features; each is brought to mean 0 and variance 1 by these cases.
        train_labels: The label of each.
        test: Features of other cases.
        test_labels: Their labels, to score by.
        ridges: Penalties on the weights, per training case, to choose from: the one that names
            most training cases right, every fifth of them by a fit to the others.

    Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2nd ed., secs.
    3.4.1 and 4.2; probes, Alain & Bengio 2016, https://arxiv.org/abs/1610.01644.
    """
    if not test_labels or not train_labels:
        return Probe(float("nan"), float("nan"), len(test_labels))
    names, labels = np.unique(train_labels, return_inverse=True)
    best = ridges[0]
    if len(labels) > 1:
        best = max(ridges, key=lambda ridge: _cross_validated(train, labels, ridge))
    answers = names[_answers(train, labels, test, best)]
    commonest = Counter(train_labels).most_common(1)[0][0]
    asked_for = np.array(test_labels)
    return Probe(
        float(np.mean(answers == asked_for)),
        float(np.mean(asked_for == commonest)),
        len(asked_for),
    )


def _cross_validated(
    train: Float[np.ndarray, "n f"], labels: Int[np.ndarray, " n"], ridge: float
) -> float:
    fifth = np.arange(len(labels)) % 5
    right = [
        _answers(train[fifth != part], labels[fifth != part], train[fifth == part], ridge)
        == labels[fifth == part]
        for part in range(min(5, len(labels)))
    ]
    return float(np.concatenate(right).mean())


def _answers(
    train: Float[np.ndarray, "n f"],
    labels: Int[np.ndarray, " n"],
    test: Float[np.ndarray, "m f"],
    ridge: float,
) -> Int[np.ndarray, " m"]:
    mean, spread = train.mean(0), train.std(0)
    spread = np.where(spread > 1e-8, spread, 1.0)
    x, z = (np.asarray((part - mean) / spread, np.float64) for part in (train, test))
    wanted = np.eye(labels.max() + 1)[labels]
    share = wanted.mean(0)
    penalty = ridge * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ (wanted - share))
    answers: Int[np.ndarray, " m"] = (z @ weights + share).argmax(1)
    return answers
