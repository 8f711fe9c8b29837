"""Tokens → token features, by MacBERT or a smaller encoder of its architecture."""

import re
from abc import ABC, abstractmethod
from os import PathLike

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import pad
from transformers import BertModel

from mmseg_bone.errors import TextModelError
from mmseg_bone.text.checkpoint import open_checkpoint
from mmseg_bone.text.states import KeptStates, Shelf


class TextEncoder(nn.Module, ABC):
    """What reads a report for a network: token numbers in, token features out.

    Which numbers it can read is the affair of the tokeniser that goes with it; a choice of
    ``conf/text`` names the two together.

    Attributes:
        width: Of the token features.
    """

    width: int

    @abstractmethod
    def forward(
        self, tokens: Int[Tensor, "b t"], token_mask: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t w"]:
        """Features of each token; where ``token_mask`` is False they mean nothing."""


class ReportEncoder(TextEncoder):
    """Reads a report, token by token, each in the light of all others.

    What is frozen is frozen altogether: it gets no gradient and stays in eval mode, so that
    the same report gives the same features in training. Building an encoder leaves torch's
    random numbers as they were, so that a network with it starts out equal to the network
    without.

    Source: Cui et al. 2020, https://arxiv.org/abs/2004.13922; its architecture is that of
    Devlin et al. 2019, https://arxiv.org/abs/1810.04805. The pooler is left out.

    Args:
        model: ``default`` for the embedded encoder, a folder in the layout of
            ``hfl/chinese-macbert-base``, or a name on the Hugging Face hub.
        tune: What learns: ``all``, ``frozen`` (nothing), or ``last_N`` or N (the last N layers).
        seed: Of random weights.

    Raises:
        TextModelError: The model is not found, not whole, or has fewer layers than tuned.
    """

    def __init__(
        self, model: str | PathLike[str] = "default", tune: str | int = "all", seed: int = 0
    ) -> None:
        super().__init__()
        checkpoint = open_checkpoint(model)
        config = checkpoint.read_config()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.bert = BertModel(config, add_pooling_layer=False)
        self.width = config.hidden_size
        if checkpoint.weights is not None:
            self._load(checkpoint.read_weights(), str(checkpoint.weights))
        self.frozen = self._freeze(tune)
        self.kept: KeptStates | None = None
        self.train()

    def forward(
        self, tokens: Int[Tensor, "b t"], token_mask: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t w"]:
        """Features of each token; where ``token_mask`` is False they mean nothing."""
        return (self.kept or self.compute)(tokens, token_mask)

    def compute(
        self, tokens: Int[Tensor, "b t"], token_mask: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t w"]:
        """The same, of the encoder itself, whatever is kept."""
        count = tokens.shape[1]
        if count == 0:  # no study has a report, and the encoder wants something to read
            tokens, token_mask = pad(tokens, (0, 1)), pad(token_mask, (0, 1))
        states: Tensor = self.bert(input_ids=tokens, attention_mask=token_mask).last_hidden_state
        return states[:, :count]

    @property
    def is_frozen(self) -> bool:
        """Whether nothing of it learns, so that a report has the same features for ever."""
        return self.bert in self.frozen

    def frozen_state(self) -> dict[str, Tensor]:
        """What does not learn, by name; it is as it was read, and can be read again."""
        names = {id(module): name for name, module in self.named_modules()}
        return {
            name: tensor
            for module in self.frozen
            for name, tensor in module.state_dict(prefix=f"{names[id(module)]}.").items()
        }

    def keep_states(self, shelf: Shelf | None) -> None:
        """Compute the features of a report once, and look them up from then on.

        Args:
            shelf: Where they are kept; None computes them every time again.

        Raises:
            TextModelError: Some of the encoder learns.
        """
        if not (shelf is None or self.is_frozen):
            raise TextModelError(
                "token states can be kept only of a text encoder that does not learn; choose "
                "text.tune=frozen, or compute them every time."
            )
        self.kept = None if shelf is None else KeptStates(self.bert, self.compute, shelf)

    def train(self, mode: bool = True) -> "ReportEncoder":
        """Switch to training, but for what is frozen."""
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def _freeze(self, tune: str | int) -> list[nn.Module]:
        layers = list(self.bert.encoder.layer)
        last = re.fullmatch(r"(?:last_)?(\d+)", str(tune))
        if tune == "all":
            return []
        if tune == "frozen":
            frozen: list[nn.Module] = [self.bert]
        elif last is not None and int(last[1]) <= len(layers):
            frozen = [self.bert.embeddings, *layers[: len(layers) - int(last[1])]]
        else:
            raise TextModelError(
                f"tune={tune!r}: expected all, frozen, or last_N with N up to the encoder's "
                f"{len(layers)} layers."
            )
        for module in frozen:
            module.requires_grad_(False)
        return frozen

    def _load(self, weights: dict[str, Tensor], file: str) -> None:
        own = self.bert.state_dict()
        missing = sorted(own.keys() - weights.keys())
        other = sorted(k for k in own.keys() & weights.keys() if own[k].shape != weights[k].shape)
        if missing or other:
            raise TextModelError(
                f"{file} does not fit the config.json beside it: {len(missing)} tensors missing "
                f"({', '.join(missing[:3])}), {len(other)} of another shape "
                f"({', '.join(other[:3])}). The files are of different checkpoints, or torn."
            )
        self.bert.load_state_dict({name: weights[name] for name in own})
