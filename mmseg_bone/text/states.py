"""Token states of a text encoder that does not learn: computed once per distinct report."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import BertModel

_DECIDING = ("num_attention_heads", "hidden_act", "layer_norm_eps")  # no tensor shows these

Compute = Callable[[Tensor, Tensor], Tensor]


@runtime_checkable
class Shelf(Protocol):
    """Where token states are kept."""

    def get(self, key: str) -> Tensor | None:
        """The states of a report, in half precision; None if they are not there."""
        ...

    def put(self, key: str, states: Tensor) -> None:
        """Keep the states of a report."""
        ...


class KeptStates:
    """Stands for an encoder: looks token states up, and computes those that are not there.

    States depend on the token numbers and on the encoder, and those two make the key. Reports
    that differ in no token share their states; a mirrored report, another tokeniser's numbers or
    other weights have their own. Each report is computed by itself, for a batch rounds a little
    differently for every length and number of reports beside it; and without autocast, so that
    runs in single and in mixed precision can share what is kept, in half precision.

    The states of a report are as private as the report: much of it can be guessed from them.

    Args:
        bert: The encoder; its weights must not change any more.
        compute: Tokens and mask → states.
        shelf: Where they are kept.
    """

    def __init__(self, bert: BertModel, compute: Compute, shelf: Shelf) -> None:
        self.encoder, self.width = fingerprint(bert), int(bert.config.hidden_size)
        self.dtype = bert.dtype
        self.compute, self.shelf = compute, shelf

    def __call__(
        self, tokens: Int[Tensor, "b t"], token_mask: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b t w"]:
        """States of each token, and zeros where ``token_mask`` is False; padding comes last."""
        lengths = token_mask.sum(dim=1).tolist()
        rows = [row[:n] for row, n in zip(tokens.cpu(), lengths, strict=True)]
        reports = {self.key(row): row for row in rows if len(row)}
        known = {key: found for key in reports if (found := self.shelf.get(key)) is not None}
        for key, row in reports.items():
            if key not in known:
                known[key] = self._compute(row.to(tokens.device))
                self.shelf.put(key, known[key])
        states = torch.zeros(*tokens.shape, self.width)
        for place, row in enumerate(rows):
            if len(row):
                states[place, : len(row)] = known[self.key(row)]
        return states.to(tokens.device, self.dtype)

    def key(self, row: Int[Tensor, " t"]) -> str:
        """Of a report's tokens without padding: encoder and report, both as hashes."""
        numbers = row.to(torch.int64).numpy().tobytes()
        return f"{self.encoder[:16]}/{hashlib.sha256(numbers).hexdigest()}"

    def _compute(self, row: Int[Tensor, " t"]) -> Float[Tensor, "t w"]:
        tokens = row[None]
        with torch.no_grad(), torch.autocast(row.device.type, enabled=False):
            states = self.compute(tokens, torch.ones_like(tokens, dtype=torch.bool))
        return states[0].half().cpu()


def fingerprint(bert: BertModel) -> str:
    """SHA-256 of all that decides what an encoder makes of its tokens."""
    return digest_of(bert.state_dict(), [getattr(bert.config, name) for name in _DECIDING])


def digest_of(tensors: Mapping[str, Tensor], beside: Sequence[object] = ()) -> str:
    """SHA-256 of tensors and their names, and of what else is to tell them apart."""
    digest = hashlib.sha256(repr(beside).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()
