"""Two views of one patient, laid out for a network that convolves images.

The anterior camera sees the patient's left at the right of its image, the posterior one at
the left. Here the posterior view is turned, so that the patient's left lies at the right of
both, and what comes out is turned back.
"""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

Arrangement = Literal["shared", "paired", "stacked"]
VIEW_COUNT = 2  # anterior, posterior


def turn_posterior(image: Float[Tensor, "b v *_ w"]) -> Float[Tensor, "b v *_ w"]:
    """Exchange left and right of the posterior view; twice gives the image back."""
    anterior, posterior = image.unbind(1)
    return torch.stack([anterior, posterior.flip(-1)], dim=1)


def blank_missing(
    image: Float[Tensor, "b v h w"], views: Bool[Tensor, "b v"] | None
) -> Float[Tensor, "b v h w"]:
    """Zeros where no view was acquired, whatever the tensor held there."""
    return image if views is None else image.masked_fill(~views[:, :, None, None], 0.0)


class ViewLayout(ABC):
    """How the views of a study become the channels of an image, and back.

    Attributes:
        channels_in: Channels ``lay_out`` gives.
        channels_out: Channels ``restore`` needs: the logits per pixel of an image.
        views_per_image: 1 for images of one view, 2 for views that are channels of one.
    """

    channels_in: int
    channels_out: int
    views_per_image: int

    @abstractmethod
    def lay_out(self, image: Float[Tensor, "b v h w"]) -> Float[Tensor, "n c h w"]:
        """Views to images, the patient's left at the right of each."""

    @abstractmethod
    def restore(self, logits: Float[Tensor, "n k h w"]) -> Float[Tensor, "b v h w"]:
        """Logits of images to logits of views, each as its camera saw it."""


class SharedViews(ViewLayout):
    """The same weights see each view; a constant channel says which one (-1, 1).

    Images are ordered study by study, anterior before posterior: image ``2 i + v`` is view
    ``v`` of study ``i``. Fusion relies on it.
    """

    channels_in = 2
    channels_out = 1
    views_per_image = 1

    def lay_out(self, image: Float[Tensor, "b v h w"]) -> Float[Tensor, "n c h w"]:
        """One image per view: its pixels, and which view it is."""
        turned = turn_posterior(image)
        which = turned.new_tensor([-1.0, 1.0])[None, :, None, None].expand_as(turned)
        return torch.stack([turned, which], dim=2).flatten(0, 1)

    def restore(self, logits: Float[Tensor, "n k h w"]) -> Float[Tensor, "b v h w"]:
        """One logit per pixel of each view."""
        images, _, height, width = logits.shape
        return turn_posterior(logits.reshape(images // VIEW_COUNT, VIEW_COUNT, height, width))


class PairedViews(SharedViews):
    """As ``SharedViews``, and each view is shown the other one beside it.

    Dual-head cameras acquire both at once, so a pixel sees the same place of the body from the
    other side: what is hot from both sides is hot in itself.
    """

    channels_in = 3

    def lay_out(self, image: Float[Tensor, "b v h w"]) -> Float[Tensor, "n c h w"]:
        """One image per view: its pixels, which view it is, and the pixels of the other."""
        other = turn_posterior(image).flip(1).flatten(0, 1)
        return torch.cat([super().lay_out(image), other[:, None]], dim=1)


class StackedViews(ViewLayout):
    """The conjugate views of a study are two channels of one image, with a logit for each.

    A pixel then sees the same place of the body from both sides; the two need not lie on
    each other exactly.
    """

    channels_in = VIEW_COUNT
    channels_out = VIEW_COUNT
    views_per_image = VIEW_COUNT

    def lay_out(self, image: Float[Tensor, "b v h w"]) -> Float[Tensor, "n c h w"]:
        """One image per study, a channel per view."""
        return turn_posterior(image)

    def restore(self, logits: Float[Tensor, "n k h w"]) -> Float[Tensor, "b v h w"]:
        """The two logits of each pixel, back to the two views."""
        return turn_posterior(logits)


class Patches(ViewLayout):
    """Square patches of pixels as one pixel each, which holds all of theirs as channels.

    Nothing of the image is lost, and there is a logit for each of its pixels; between them a
    network has a quarter of the work for a ``side`` of 2.

    Source: Shi et al. 2016, https://arxiv.org/abs/1609.05158, eq. 4, for the way back; the way in
    is its inverse.

    Args:
        views: How the views become the images that are cut to patches.
        side: Of a patch, in pixels.
    """

    def __init__(self, views: ViewLayout, side: int) -> None:
        self.views, self.side = views, side
        self.channels_in = views.channels_in * side**2
        self.channels_out = views.channels_out * side**2
        self.views_per_image = views.views_per_image

    def lay_out(self, image: Float[Tensor, "b v h w"]) -> Float[Tensor, "n c _ _"]:
        """Images of patches."""
        return functional.pixel_unshuffle(self.views.lay_out(image), self.side)

    def restore(self, logits: Float[Tensor, "n k _ _"]) -> Float[Tensor, "b v h w"]:
        """The logits of every patch, back to its pixels."""
        return self.views.restore(functional.pixel_shuffle(logits, self.side))


_LAYOUTS: dict[Arrangement, type[ViewLayout]] = {
    "shared": SharedViews,
    "paired": PairedViews,
    "stacked": StackedViews,
}


def make_layout(arrangement: Arrangement, patch: int = 1) -> ViewLayout:
    """The layout of that name, in patches of so many pixels a side."""
    views = _LAYOUTS[arrangement]()
    return views if patch == 1 else Patches(views, patch)
