"""Words grounded in anatomy: what the report says of each bone, laid on the pixels of that bone.

The report is evidence by bone (``text.site_evidence``). Which bone a pixel shows is told by an
atlas laid on the scan (``BoneAtlas``), or by heads that learn it (``BoneHeads``). The map is
the inner product of the two, ``map(pixel, said) = Σ_bone p(bone | pixel) evidence(bone, said)``,
and ``MapFusion`` brings it into a decoder level.

All of it is our own step beyond the paper.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.fusion import per_image, zeroed
from mmseg_bone.nn.views import VIEW_COUNT, turn_posterior

BODY_LEVEL = 2  # the level of resolution at which a batch tells places on the body
_WIDTH = 64  # most channels between map and features
_RARELY = -3.0  # logit of what an untrained site head expects of a bone


class BoneAtlas(nn.Module):
    """The same bones for everybody, laid on each scan by its landmarks.

    Evidence is laid on the atlas first and the atlas on the scan then, which is the same as
    the other way round and costs 80 times less. The atlas is kept with the weights, so that a
    run stays what it was when another atlas ships.

    Args:
        atlas: Share of each bone at each place, in 1/255, the patient's left at the right.
    """

    shares: Tensor

    def __init__(self, atlas: UInt8[Tensor, "v label y x"]) -> None:
        super().__init__()
        self.register_buffer("shares", atlas)

    def forward(
        self,
        level: int,
        features: Float[Tensor, "n c h w"],
        evidence: Float[Tensor, "b label said"],
        body: Float[Tensor, "b v 2 _ _"] | None,
    ) -> tuple[Float[Tensor, "n k h w"], None]:
        """Evidence at each pixel of a decoder level, and no logits of bones.

        Args:
            level: Of the decoder.
            features: Of that level; only their size matters here.
            evidence: Of each study.
            body: Places on the body of blocks of pixels, each view as its camera saw it.
        """
        if body is None:
            raise ValueError("an atlas is laid on a scan by `body`; data=with_evidence gives it")
        atlas = self.shares.float() / 255
        laid = torch.einsum("vlyx,bls->bvsyx", atlas, evidence.float()).float()
        place = _at_level(turn_posterior(body.float()), level, *features.shape[2:])
        yx = place.flatten(0, 1).permute(0, 2, 3, 1)
        found = functional.grid_sample(laid.flatten(0, 1), yx.flip(-1), align_corners=False)
        return found.reshape(len(features), -1, *features.shape[2:]), None


class BoneHeads(nn.Module):
    """Bones as each decoder level sees them, from its features before the report comes in.

    The heads learn from the labels of phantoms, and from what they are used for. They are
    linear, so that it is the decoder that learns anatomy.

    Args:
        widths: Channels of each level that reads.
        labels: Bones, and none.
        views_per_image: 1 for images of one view, 2 for two views as channels.
    """

    def __init__(self, widths: Mapping[int, int], labels: int, views_per_image: int) -> None:
        super().__init__()
        self.labels = labels
        self.heads = nn.ModuleDict(
            {str(level): nn.Conv2d(c, labels * views_per_image, 1) for level, c in widths.items()}
        )

    def forward(
        self,
        level: int,
        features: Float[Tensor, "n c h w"],
        evidence: Float[Tensor, "b label said"],
        body: Float[Tensor, "b v 2 _ _"] | None,
    ) -> tuple[Float[Tensor, "n k h w"], Float[Tensor, "b v label h w"]]:
        """Evidence at each pixel, and logits of bones, each view as its camera saw it."""
        images, _, height, width = features.shape
        logits = self.heads[str(level)](features).float()
        logits = logits.reshape(images, -1, self.labels, height * width)
        said = evidence.repeat_interleave(images // len(evidence), dim=0).transpose(1, 2)
        found = said[:, None].float() @ logits.softmax(dim=2)
        seen = logits.reshape(-1, VIEW_COUNT, self.labels, height, width)
        return found.reshape(images, -1, height, width), turn_posterior(seen)


class MapFusion(nn.Module):
    """A map of evidence into the features of a decoder level.

    ``x + Z leaky(W [x, map])``, with ``Z`` zero at first. What is said and how surely are
    channels of their own, so how far to trust each is learnt; so is what to make of bones a
    report passes over, for where there is no report nothing is added at all.

    Args:
        channels: Of the feature map.
        said: Channels of the map.
    """

    def __init__(self, channels: int, said: int) -> None:
        super().__init__()
        width = min(channels, _WIDTH)
        self.of_pixel = nn.Conv2d(channels, width, 1)
        self.of_map = nn.Conv2d(said, width, 1, bias=False)
        self.out = zeroed(nn.Conv2d(width, channels, 1))

    def forward(
        self,
        features: Float[Tensor, "n c h w"],
        said: Float[Tensor, "n k h w"],
        told: Bool[Tensor, " b"],
    ) -> Float[Tensor, "n c h w"]:
        """Features that have read the report.

        Args:
            features: Of one image per study, or of as many for each.
            said: The map of evidence.
            told: True where there is a report.
        """
        read = self.of_pixel(features) + self.of_map(said.to(features.dtype))
        fused: Tensor = features + self.out(functional.leaky_relu(read)) * per_image(
            told[:, None], features
        )
        return fused


class SiteHead(nn.Module):
    """Evidence from the words of a report: each bone asks the words what they say of it.

    The same numbers as the parser's, between 0 and 1, learnt from the parser's. Row 0, no
    bone, stays zero, and so does all of a study without a report.

    Source: a query for each class, Carion et al. 2020, https://arxiv.org/abs/2005.12872,
    sec. 3.2, in a single layer; the use is our choice.

    Args:
        token_width: Of the token features.
        labels: Bones, and none.
        said: What can be said of a bone.
    """

    def __init__(self, token_width: int, labels: int, said: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(labels, token_width) / token_width**0.5)
        self.key = nn.Linear(token_width, token_width, bias=False)
        self.value = nn.Linear(token_width, token_width)
        self.out = nn.Linear(token_width, said)
        nn.init.constant_(self.out.bias, _RARELY)

    def forward(
        self, words: Float[Tensor, "b t d"], token_mask: Bool[Tensor, "b t"]
    ) -> Float[Tensor, "b label said"]:
        """Logits of evidence; where nothing is to be said, those of nothing.

        Args:
            words: Features of the tokens.
            token_mask: True on tokens, False on padding.
        """
        told = token_mask.any(dim=1)
        readable = token_mask | ~told[:, None]
        words = words.masked_fill(~token_mask[..., None], 0.0)
        query = self.query.expand(len(words), -1, -1)
        read = functional.scaled_dot_product_attention(
            query.to(words.dtype), self.key(words), self.value(words), attn_mask=readable[:, None]
        )
        logits: Tensor = self.out(functional.leaky_relu(read + query)).float()
        no_bone = torch.arange(logits.shape[1], device=logits.device) == 0
        return logits.masked_fill(no_bone[:, None] | ~told[:, None, None], _NOTHING)


_NOTHING = -30.0  # logit of what is not said, for certain


def _at_level(
    place: Float[Tensor, "b v 2 _ _"], level: int, height: int, width: int
) -> Float[Tensor, "b v 2 h w"]:
    """Places on the body of the pixels of a decoder level."""
    flat = place.flatten(0, 1)
    if level > BODY_LEVEL:
        flat = functional.avg_pool2d(flat, 2 ** (level - BODY_LEVEL), ceil_mode=True)
    elif level < BODY_LEVEL:
        finer = 2.0 ** (BODY_LEVEL - level)
        flat = functional.interpolate(flat, scale_factor=finer, mode="bilinear")
    return flat[..., :height, :width].reshape(*place.shape[:3], height, width)
