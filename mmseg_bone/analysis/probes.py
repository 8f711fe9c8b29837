"""What can be read off frozen features by a straight line, and what by always saying the same."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float


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
    ridge: float = 1e-2,
) -> Probe:
    """Fit labels by ridge regression on features, and name those of other cases.

    One target a label, 1 where it applies; the highest answer wins. In closed form, so that
    there is nothing to tune and nothing that fails to converge. A label that only test cases
    have is always named wrong.

    Args:
        train: Features; each is brought to mean 0 and variance 1 by these cases.
        train_labels: The label of each.
        test: Features of other cases.
        test_labels: Their labels, to score by.
        ridge: Penalty on the weights, per training case.

    Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2nd ed., secs.
    3.4.1 and 4.2; probes, Alain & Bengio 2016, https://arxiv.org/abs/1610.01644.
    """
    if not test_labels or not train_labels:
        return Probe(float("nan"), float("nan"), len(test_labels))
    names = sorted(set(train_labels))
    wanted = np.array([[label == name for name in names] for label in train_labels], np.float64)
    mean, spread = train.mean(0), train.std(0)
    spread = np.where(spread > 1e-8, spread, 1.0)
    x, z = (np.asarray((part - mean) / spread, np.float64) for part in (train, test))
    penalty = ridge * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ (wanted - wanted.mean(0)))
    answers = [names[place] for place in (z @ weights + wanted.mean(0)).argmax(1)]
    commonest = Counter(train_labels).most_common(1)[0][0]
    right = [a == b for a, b in zip(answers, test_labels, strict=True)]
    always = [commonest == label for label in test_labels]
    return Probe(float(np.mean(right)), float(np.mean(always)), len(right))
