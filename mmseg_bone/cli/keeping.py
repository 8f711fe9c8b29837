"""What a network that learnt on keeps of the weights it began with.

In the end each weight is put between what it was and what it became: ``kept · begun + (1 − kept) ·
learnt``. Between the two a network often has most of what was gained and little of what was lost
(Wortsman 2022, Robust fine-tuning of zero-shot models, whose α is ``1 − kept``). It costs nothing,
in training or after.
"""

from collections.abc import Mapping

from torch import Tensor

from mmseg_bone.errors import RunError
from mmseg_bone.nn.network import Network


def refuse_unkeepable(kept: float, weights: str | None, network: Network) -> None:
    """See, before the first step, that the share can be kept in the end.

    Args:
        kept: Share, from 0 (nothing is kept) to less than 1.
        weights: The run whose weights it is of.
        network: That learns on.

    Raises:
        RunError: It is no share, nothing was begun with, or the network has running statistics,
            which are of one network's values and not of those between two.
    """
    if not 0 <= kept < 1:
        raise RunError(
            f"kept={kept} is no share of weights. Give one from 0 (what was learnt stays as it is) "
            f"to less than 1, such as kept=0.3."
        )
    if kept and weights is None:
        raise RunError(
            f"kept={kept} is of the weights that a training begins with, and it begins with none. "
            f"Name them with weights=RUN, or leave kept out."
        )
    if kept and any(name.endswith("running_mean") for name in network.state_dict()):
        raise RunError(
            f"kept={kept} goes with model.norm=instance or model.norm=group: the running means and "
            f"variances of batch norm are not those of weights between two networks."
        )


def between(
    begun: Mapping[str, Tensor], learnt: Mapping[str, Tensor], kept: float
) -> dict[str, Tensor]:
    """Weights between those begun with and those learnt; what is no float is as learnt.

    Args:
        begun: All of a network, by name.
        learnt: All of the same network later.
        kept: Share of the first. With 0 the second come back to the last bit.
    """
    return {
        name: value.lerp(begun[name].to(value), kept) if value.is_floating_point() else value
        for name, value in learnt.items()
    }
