"""A network and a tokeniser whose answers can be worked out by hand."""

import torch
from torch import nn

from mmseg_bone.nn.network import Network


class HotSpots(Network):
    """Marks what is brighter than a level."""

    def __init__(self):
        super().__init__()
        self.level = nn.Parameter(torch.tensor(0.9))

    def forward(self, image):
        return 100 * (image - self.level)


class Matrix(HotSpots):
    """The same, with weights that make a matrix."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.ones(2, 2))


class HotSpotsIfTold(HotSpots):
    """The same, but only where a report says anything at all."""

    reads = ("image", "tokens", "token_mask")

    def forward(self, image, tokens, token_mask):
        told = token_mask.any(1)[:, None, None, None]
        return torch.where(told, super().forward(image), -100.0)


class HotSpotsIfSaid(HotSpots):
    """The same, but only where a report says something of a bone."""

    reads = ("image", "evidence", "told")

    def forward(self, image, evidence, told):
        said = (evidence.flatten(1).any(1) & told)[:, None, None, None]
        return torch.where(said, super().forward(image), -100.0)


class LitByWords(Network):
    """Once it has learnt to listen, marks her left if the report says 左, her right if 右.

    Her left is the right half of the anterior view. Before, every pixel is as likely as not.
    """

    reads = ("image", "tokens", "token_mask")

    def __init__(self):
        super().__init__()
        self.listens = nn.Parameter(torch.tensor(0.0))

    def forward(self, image, tokens, token_mask):
        half = image.shape[-1] // 2
        sides = torch.zeros_like(image)
        for word, columns in (("左", slice(half, None)), ("右", slice(None, half))):
            said = (tokens == ord(word)).any(1)[:, None, None]
            sides[:, 0, :, columns] = torch.where(said, 5.0, -5.0)
        return self.listens * sides


def characters():
    """A tokeniser: one token per character."""
    return lambda report: [] if report is None else [ord(letter) for letter in report.text]
