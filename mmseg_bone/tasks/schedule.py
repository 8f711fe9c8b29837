"""How the learning rate changes in the course of training."""

import math
from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

Schedule = Literal["constant", "cosine"]


def share_of_peak(step: int, *, steps: int, warmup: float | int, schedule: Schedule) -> float:
    """Learning rate at a step over its peak, above 0 and at most 1.

    It rises in a line over the first ``warmup`` share of the steps, and from there stays or
    falls along half a cosine, to reach 0 just after the last step.

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, eq. 5, without
    restarts; the linear warm-up, Goyal et al. 2017, https://arxiv.org/abs/1706.02677,
    sec. 2.2.
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    if schedule == "constant":
        return 1.0
    gone = min(1.0, (step - rising) / max(1, steps - rising))
    return 0.5 * (1 + math.cos(math.pi * gone))


def make_schedule(
    optimizer: Optimizer, *, steps: int, warmup: float | int, schedule: Schedule
) -> LambdaLR:
    """A scheduler that is told after every step, all groups alike."""
    return LambdaLR(
        optimizer,
        lambda step: share_of_peak(step, steps=steps, warmup=warmup, schedule=schedule),
    )
