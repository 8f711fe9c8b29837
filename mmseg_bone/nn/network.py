"""What every network says of itself."""

from typing import ClassVar

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

    reads: ClassVar[tuple[str, ...]] = ("image",)
    stride: int = 1
