"""A text encoder as it is before it has read anything."""

import math
from os import PathLike

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import BertModel

from mmseg_bone.text.encoder import ReportEncoder


def untrained(
    model: str | PathLike[str] = "default", tune: str | int = "all", seed: int = 0
) -> ReportEncoder:
    """The encoder of a checkpoint with random weights instead of its own.

    To train it from the start, or to tell what it has learnt from what its architecture
    brings along. The same seed gives the same weights. Places start out as sine waves, of
    the spread of the other weights, and are learnt from there: so a small encoder finds out about
    neighbouring tokens in hundreds of steps rather than thousands (our choice).

    Args:
        model: As for ``ReportEncoder``.
        tune: The same.
        seed: Of the weights.

    Source: of the waves, Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, sec. 3.5.
    """
    encoder = ReportEncoder(model, tune, seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        fresh = BertModel(encoder.bert.config, add_pooling_layer=False)
    places = fresh.embeddings.position_embeddings.weight
    spread = encoder.bert.config.initializer_range
    with torch.no_grad():
        places.copy_(waves(*places.shape) * spread * math.sqrt(2))
    encoder.bert.load_state_dict(fresh.state_dict())
    return encoder


def waves(places: int, width: int) -> Float[Tensor, "p w"]:
    """Sines and cosines of each place, with wavelengths from 2π to 20,000π."""
    rates = torch.exp(-math.log(10_000) * torch.arange(0, width, 2) / width)
    angles = torch.arange(places)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]
