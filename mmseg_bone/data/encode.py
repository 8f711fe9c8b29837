"""Study → sample: what a network can read, and the way back for what it predicts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import pad

from mmseg_bone.anatomy import UNKNOWN
from mmseg_bone.data.batch import Batch
from mmseg_bone.data.steps import CropThorax, Step, stages
from mmseg_bone.errors import BatchError
from mmseg_bone.imaging.body_frame import BLOCK, OUTSIDE, body_coordinates
from mmseg_bone.imaging.counts import coarser, to_image, unbin
from mmseg_bone.study import VIEWS, Report, Study
from mmseg_bone.text.site_evidence import EVIDENCE_SHAPE

Sample = dict[str, Any]  # the keys of Batch, for one study
Change = Callable[[Study], Study]
Tokenise = Callable[[Report | None], list[int]]
TakeEvidence = Callable[[Report | None], Float[np.ndarray, "label said"] | None]


class EncodeStudy:
    """Make tensors of a study: the image, and what else is asked for.

    Pixels are made larger first, so that augmentation and steps have as little to do as the
    network.

    Args:
        steps: What is done to the study then, by name and in this order; see ``data.steps``.
        rebin: Side of the blocks of pixels that are added up. 2 quarters the work.
        quantile: See ``imaging.counts.to_image``.
        power: The same.
        ceiling: The same.
        tokens: Report → token numbers, none for no report. None: no tokens are made.
        evidence: Report → what it says of each bone, None where nothing can be read; see
            ``text.report_evidence``. None: no evidence is taken.
        body: Say where on the body pixels are; see ``imaging.body_frame``. It needs the whole
            body, so it does not go with a crop to the thorax.
        bones: Give the labels of bones, to learn from; ``UNKNOWN`` where there are none.

    Raises:
        BatchError: Places on the body are asked for of a part of it.
    """

    def __init__(
        self,
        *,
        steps: Mapping[str, Step] | None = None,
        rebin: int = 1,
        quantile: float = 0.995,
        power: float = 0.5,
        ceiling: float = 4.0,
        tokens: Tokenise | None = None,
        evidence: TakeEvidence | None = None,
        body: bool = False,
        bones: bool = False,
    ) -> None:
        self.steps = tuple((steps or {}).values())
        if body and any(isinstance(step, CropThorax) for step in self.steps):
            raise BatchError(
                "of a scan cut to the thorax nobody can tell where on the body its pixels are, "
                "and so where to lay an atlas. Leave out steps=thorax, or use model.fusion=none "
                "or cross_attention; a network that does without goes with data.encode.body=false."
            )
        self.factor = rebin
        self.window = {"quantile": quantile, "power": power, "ceiling": ceiling}
        self.tokens = tokens
        self.evidence = evidence
        self.body, self.bones = body, bones

    @property
    def maps(self) -> tuple[str, ...]:
        """Which maps of a study are looked at, so that a store need not read the others."""
        return ("mask", "bones") if self.bones else ("mask",)

    def __call__(self, study: Study, change: Change | None = None) -> Sample:
        """Tensors of one study; the mask only if somebody drew one.

        Args:
            study: As the store has it.
            change: Done to the study of larger pixels before the steps: augmentation.
        """
        study = coarser(study, self.factor)
        study = stages(self.steps, study if change is None else change(study))[-1]
        counts = study.counts
        acquired = [VIEWS.index(view) for view in study.views]
        image = np.zeros((len(VIEWS), *counts.shape[1:]), np.float32)
        image[acquired] = [to_image(view, **self.window) for view in counts]
        sample: Sample = {
            "id": study.id,
            "image": torch.from_numpy(image),
            "views": torch.tensor([view in study.views for view in VIEWS]),
            "size": torch.tensor(image.shape[1:]),
        }
        if study.mask is not None:
            mask = np.zeros(image.shape, bool)
            mask[acquired] = study.mask
            sample["mask"] = torch.from_numpy(mask)
        if self.tokens is not None:
            sample["tokens"] = torch.tensor(self.tokens(study.report), dtype=torch.long)
        if self.evidence is not None:
            said = self.evidence(study.report)
            sample["told"] = torch.tensor(said is not None)
            said = np.zeros(EVIDENCE_SHAPE, np.float32) if said is None else said
            sample["evidence"] = torch.from_numpy(said)
        if self.body:
            place = body_coordinates(counts, study.views, study.spacing_mm)
            sample["body"] = torch.from_numpy(_on_both(place, study.views, OUTSIDE))
        if self.bones:
            unknown = np.full(counts.shape, UNKNOWN, np.uint8)
            labels = unknown if study.bones is None else study.bones
            sample["bones"] = torch.from_numpy(_on_both(labels, study.views, UNKNOWN))
        return sample

    def restore(
        self, probability: Float[np.ndarray, "v h w"], study: Study
    ) -> Float[np.ndarray, "view y x"]:
        """A prediction on the study's own pixels and views.

        Args:
            probability: Of both views, on the grid of the encoded image, padding cut off.
            study: What was encoded.
        """
        *before, seen = stages(self.steps, coarser(study, self.factor))
        own = probability[[VIEWS.index(view) for view in seen.views]]
        for step, was in zip(reversed(self.steps), reversed(before), strict=True):
            own = step.undo(own, was)
        return unbin(own, self.factor, study.counts.shape[1:])


def _on_both(
    part: Shaped[np.ndarray, "view *rest"], views: tuple[str, ...], missing: float | int
) -> Shaped[np.ndarray, "v *rest"]:
    """Both views of what was made of those acquired."""
    both = np.full((len(VIEWS), *part.shape[1:]), missing, part.dtype)
    both[[VIEWS.index(view) for view in views]] = part
    return both


def collate(samples: Sequence[Sample], *, stride: int = 1) -> Batch:
    """Samples side by side, padded with zeros to the largest and to the network's stride.

    Args:
        samples: From ``EncodeStudy``.
        stride: Height and width become multiples of this.
    """
    height, width = torch.stack([sample["size"] for sample in samples]).amax(0).tolist()
    height, width = (size + -size % stride for size in (height, width))

    def grown(image: Tensor, value: float | int = 0, block: int = 1) -> Tensor:
        right, below = -(-width // block), -(-height // block)
        return pad(image, (0, right - image.shape[-1], 0, below - image.shape[-2]), value=value)

    batch: Batch = {
        "id": [sample["id"] for sample in samples],
        "image": torch.stack([grown(sample["image"]) for sample in samples]),
        "views": torch.stack([sample["views"] for sample in samples]),
        "size": torch.stack([sample["size"] for sample in samples]),
    }
    masks = [
        sample.get("mask", torch.zeros_like(sample["image"], dtype=torch.bool))
        for sample in samples
    ]
    batch["mask"] = torch.stack([grown(mask) for mask in masks])
    drawn = torch.tensor(["mask" in sample for sample in samples])
    if not drawn.all():
        batch["drawn"] = drawn
    if all("tokens" in sample for sample in samples):
        # At least one column: a batch without a single word still has a place for one.
        longest = max(1, *(len(sample["tokens"]) for sample in samples))
        batch["tokens"] = torch.stack(
            [pad(s["tokens"], (0, longest - len(s["tokens"]))) for s in samples]
        )
        lengths = torch.tensor([len(sample["tokens"]) for sample in samples])
        batch["token_mask"] = torch.arange(longest)[None] < lengths[:, None]
    if all("evidence" in sample for sample in samples):
        batch["evidence"] = torch.stack([sample["evidence"] for sample in samples])
        batch["told"] = torch.stack([sample["told"] for sample in samples])
    if all("body" in sample for sample in samples):
        batch["body"] = torch.stack([grown(s["body"], OUTSIDE, BLOCK) for s in samples])
    if all("bones" in sample for sample in samples):
        batch["bones"] = torch.stack([grown(sample["bones"], UNKNOWN) for sample in samples])
    return batch
