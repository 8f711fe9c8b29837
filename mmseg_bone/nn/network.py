"""What every network says of itself."""

from collections.abc import Iterable

from torch import nn


class Network(nn.Module):
    """A module that says which parts of a batch it reads.

    ``reads`` lists batch keys, and those are the names of the arguments of ``forward``.
    A text-free network reads the image; one that fuses the report reads its tokens too;
    one that is clicked on reads the clicks. The task need not know which it holds.

    Attributes:
        reads: Keys of the batch, in the order of the arguments of ``forward``.
        stride: Height and width of an image must be multiples of this; the data module
            pads to it, and predictions are cut back.
    """

    reads: tuple[str, ...] = ("image",)
    stride: int = 1

    def text_parameters(self) -> Iterable[nn.Parameter]:
        """Parameters of a text encoder, which may learn at a rate of its own; none here."""
        return ()
