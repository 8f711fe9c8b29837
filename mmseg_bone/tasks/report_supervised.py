"""Masks from studies of which only some were drawn on, and the others were reported."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from mmseg_bone.data.batch import Batch
from mmseg_bone.errors import BatchError
from mmseg_bone.nn.anatomy import BoneAtlas
from mmseg_bone.tasks.semi_supervised import SemiSupervisedTask
from mmseg_bone.text.site_evidence import SAID

_READS = {"evidence", "told", "body"}
_HIGH, _MIDDLE, _LOW, _COLLECTIVE = map(SAID.index, ("high", "middle", "low", "collective"))


class ReportSupervisedTask(SemiSupervisedTask):
    """Learn from the reference where there is one, and from the report where there is none.

    A study that nobody drew on teaches by what its report says of bones, laid on the scan by an
    atlas. Where it suspects a bone to any degree a lesion may be, and nowhere else; where it is
    more than a little sure, and names the bone by itself, there is one. The network reads no
    report, neither now nor when it predicts. A study with neither mask nor readable report teaches
    nothing.

    The data module has to give evidence and places on the body (``data=with_evidence``), and
    undrawn studies (``data.include_undrawn=true``).

    Args:
        atlas: Reads the atlas of bones.
        **settings: Of ``SemiSupervisedTask``; ``image_loss``: ``losses.reported.ReportedBones``.
    """

    def __init__(
        self, *, atlas: Callable[[], UInt8[np.ndarray, "view label y x"]], **settings: object
    ) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.atlas = BoneAtlas(torch.from_numpy(atlas()))

    def score_images(self, logits: Float[Tensor, "b v h w"], batch: Batch) -> Tensor:
        """By the reports of those that nobody drew on.

        Raises:
            BatchError: The batch does not say what reports say, or where on the body pixels are.
        """
        if missing := _READS - batch.keys():
            raise BatchError(
                f"{type(self).__name__} goes by {', '.join(sorted(missing))}, which this batch "
                f"does not carry. Choose a data config that encodes it: data=with_evidence."
            )
        said = batch["evidence"] > 0
        possible = said[:, :, [_HIGH, _MIDDLE, _LOW]].any(2)
        suspected = said[:, :, [_HIGH, _MIDDLE]].any(2) & ~said[:, :, _COLLECTIVE]
        undrawn = ~batch.get("drawn", torch.ones_like(batch["told"]))
        loss: Tensor = self.image_loss(
            logits,
            self.atlas.blocks(batch["body"]),
            possible,
            suspected,
            batch["told"] & undrawn,
            batch["views"],
        )
        return loss
