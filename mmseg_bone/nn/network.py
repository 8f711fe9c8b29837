"""What every network says of itself."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn


class Side(NamedTuple):
    """What a network would answer from features on the way, to learn from in training.

    Attributes:
        logits: Of the mask, in every view, with height and width a whole part of the image's;
            or of something else a batch carries, see ``losses.sides``.
        weight: Of their loss, beside 1 for that of the answer itself.
        learns: Key of the batch that they are judged by.
    """

    logits: Float[Tensor, "b *_"]
    weight: float
    learns: str = "mask"


class Network(nn.Module):
    """A module that says which parts of a batch it reads.

    ``reads`` lists batch keys, and those are the names of the arguments of ``forward``.
    A text-free network reads the image; one that fuses the report reads its tokens too;
    one that is clicked on reads the clicks. The task need not know which it holds.

    Attributes:
        reads: Keys of the batch, in the order of the arguments of ``forward``.
        learns: Keys of the batch that its sides are judged by, beside the mask. They are
            needed in training only.
        stride: Height and width of an image must be multiples of this; the data module
            pads to it, and predictions are cut back.
    """

    reads: tuple[str, ...] = ("image",)
    learns: tuple[str, ...] = ()
    stride: int = 1

    def with_sides(
        self,
        *args: Any,  # noqa: ANN401  (those of ``forward``)
        **kwargs: Any,  # noqa: ANN401
    ) -> tuple[Float[Tensor, "b v h w"], Sequence[Side]]:
        """Logits, and further ones to learn from, of which most networks have none.

        A task asks for them in training; validation and prediction call ``forward``. So a
        network with deep supervision (Lee et al. 2015, https://arxiv.org/abs/1409.5185), or
        one that learns anatomy beside lesions, needs no task of its own.
        """
        logits: Tensor = self(*args, **kwargs)
        return logits, ()

    def text_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of a text encoder, which may learn at a rate of its own; none here."""
        return ()
