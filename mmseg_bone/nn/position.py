"""Where a pixel lies on the body, so that "left sixth rib" can mean a place."""

import torch
from jaxtyping import Float
from torch import Tensor


def coordinates(like: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 2 h w"]:
    """Height and width of every pixel as y and x from -1 to 1, top left to bottom right.

    An axis of a single pixel is at 0. After ``views.turn_posterior``, x runs from the
    patient's right to the patient's left in either view.

    Source: Liu et al. 2018, https://arxiv.org/abs/1807.03247, sec. 3 (coordinate channels).
    """
    n, _, height, width = like.shape
    y, x = (
        torch.linspace(-1, 1, size, device=like.device, dtype=like.dtype)
        if size > 1
        else like.new_zeros(1)
        for size in (height, width)
    )
    return torch.stack(torch.meshgrid(y, x, indexing="ij")).expand(n, 2, height, width)


def waves(at: Float[Tensor, "n 2 h w"], bands: int) -> Float[Tensor, "n k h w"]:
    """Sine and cosine of the coordinates at ``bands`` octaves: ``4 · bands`` channels.

    Coordinates alone change too little from one rib to the next for a linear layer to tell
    them apart; octaves up to ``π · 2^(bands-1)`` do.

    Source: Tancik et al. 2020, https://arxiv.org/abs/2006.10739, sec. 6.1.
    """
    octaves = torch.pi * 2.0 ** torch.arange(bands, device=at.device, dtype=at.dtype)
    angle = (at[:, None] * octaves[None, :, None, None, None]).flatten(1, 2)
    return torch.cat([angle.sin(), angle.cos()], dim=1)
