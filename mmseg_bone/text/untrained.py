"""A text encoder as it is before it has read anything."""

from os import PathLike

import torch
from transformers import BertModel

from mmseg_bone.text.encoder import ReportEncoder


def untrained(
    model: str | PathLike[str] = "default", tune: str | int = "all", seed: int = 0
) -> ReportEncoder:
    """The encoder of a checkpoint with random weights instead of its own.

    To train it from the start, or to tell what it has learnt from what its architecture
    brings along. The same seed gives the same weights.

    Args:
        model: As for ``ReportEncoder``.
        tune: The same.
        seed: Of the weights.
    """
    encoder = ReportEncoder(model, tune, seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        fresh = BertModel(encoder.bert.config, add_pooling_layer=False)
    encoder.bert.load_state_dict(fresh.state_dict())
    return encoder
