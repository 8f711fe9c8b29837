"""Words aligned with regions: what reading adds to a pixel has to tell what is said of its bone."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from mmseg_bone.nn.pointwise import Pointwise
from mmseg_bone.nn.views import VIEW_COUNT, turn_posterior

_RARELY = -3.0  # logit of what nothing was read of: most bones are passed over


class Alignment(nn.Module):
    """Linear heads on what a fusion adds to the features, for training alone.

    A general fusion has to find out from the mask that "left sixth rib" is a place. Here it is
    told: the change it makes at a pixel should say what the report says of the bone there, as
    the parser reads it (``losses.sides.alignment_loss``). Where a report is left out there is
    no change, and so nothing is learnt.

    Source: that words and the regions they speak of should agree, Huang et al. 2021 (GLoRIA),
    https://doi.org/10.1109/ICCV48922.2021.00391. They learn it from pairs by contrast; that
    bones of phantoms and a parser are the teachers is our choice.

    Args:
        widths: Channels of each level that reads.
        said: What can be said of a bone.
        views_per_image: 1 for images of one view, 2 for two views as channels.
    """

    def __init__(self, widths: Mapping[int, int], said: int, views_per_image: int) -> None:
        super().__init__()
        self.said = said
        self.heads = nn.ModuleDict(
            {
                str(level): Pointwise(c, said * views_per_image, bias=False)
                for level, c in widths.items()
            }
        )

    def forward(
        self, level: int, change: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "b v said h w"]:
        """Logits of what is said of each pixel's bone, each view as its camera saw it."""
        logits = self.heads[str(level)](change).float() + _RARELY
        return turn_posterior(logits.reshape(-1, VIEW_COUNT, self.said, *change.shape[2:]))
