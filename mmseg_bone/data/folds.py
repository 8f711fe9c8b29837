"""Dealing patients to folds: once, at ``prepare``, by patient."""

from collections.abc import Mapping

import numpy as np


def deal(patients: Mapping[str, bool], folds: int, rng: np.random.Generator) -> dict[str, int]:
    """Deal patients to folds, those with lesions and those without each spread evenly.

    Done once and kept in the store: every run of every model then holds out the same
    patients. The order of the mapping does not matter. The second group goes on where the
    first one stopped, so that folds differ by one patient at most.

    Args:
        patients: Whether each patient has a lesion in any study.
        folds: How many folds to deal to.
        rng: Where the shuffling comes from.
    """
    dealt: list[str] = []
    for with_lesion in (True, False):
        names = sorted(name for name, lesion in patients.items() if lesion is with_lesion)
        dealt += [names[place] for place in rng.permutation(len(names))]
    return {name: place % folds for place, name in enumerate(dealt)}
