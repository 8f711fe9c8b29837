"""Words grounded in anatomy: what the report says of each bone, laid on the pixels of that bone.

The report is evidence by bone (``text.site_evidence``). Which bone a pixel shows is told by an
atlas laid on the scan (``BoneAtlas``), or by heads that learn it (``BoneHeads``), from nothing or
from what the atlas says. The map is the inner product of the two,
``map(pixel, said) = Σ_bone p(bone | pixel) evidence(bone, said)``, and ``MapFusion`` brings it into
a decoder level.

All of it is our own step beyond the paper.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from mmseg_bone.nn.fusion import per_image, zeroed
from mmseg_bone.nn.pointwise import Pointwise
from mmseg_bone.nn.views import VIEW_COUNT, turn_posterior

OUTSIDE = 2.0  # both coordinates of what a batch is padded with, as in imaging.body_frame
BODY_LEVEL = 2  # the level of resolution at which a batch tells places on the body
_WIDTH = 64  # most channels between map and features
_NOTHING = -30.0  # logit of what is not said, for certain
_RARELY = -5.0  # logit of what an untrained site head expects of a bone
_NEVER = 1 / 255  # share of a bone where the atlas has none of it: the least that it tells


def map_of(
    bones: Float[Tensor, "b v label h w"], evidence: Float[Tensor, "b label said"]
) -> Float[Tensor, "b v said h w"]:
    """What is said of each pixel: the inner product over bones.

    Args:
        bones: Probability of each bone at each pixel.
        evidence: What is said of each bone.
    """
    said = evidence.float().transpose(1, 2)[:, None] @ bones.flatten(3)
    return said.reshape(*said.shape[:3], *bones.shape[3:])


def standing_out(
    bones: Float[Tensor, "b v label h w"],
    score: Float[Tensor, "b v 1 h w"],
    views: Bool[Tensor, "b v"] | None = None,
) -> Float[Tensor, "b v label h w"]:
    """How near each pixel of a bone comes to the one of it that stands out most, which is 1.

    ``p(bone | pixel) exp(score)`` over its largest value on the bone, in both views. A report names
    a bone; which place of it is meant depends on all its other places, too far off for a
    convolution to see.

    Args:
        bones: Logarithm of the probability of each bone at each pixel.
        score: How much a pixel stands out.
        views: True where a view was acquired; in another one nothing stands out.
    """
    joint = bones + score
    if views is not None:
        joint = joint.masked_fill(~views[:, :, None, None, None], -torch.inf)
    return (joint - joint.amax(dim=(1, 3, 4), keepdim=True)).exp()


class BoneAtlas(nn.Module):
    """The same bones for everybody, laid on each scan by its landmarks.

    The atlas is kept with the weights, so that a run stays what it was when another one ships.

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
        views: Bool[Tensor, "b v"] | None = None,
    ) -> tuple[Float[Tensor, "n k h w"], None]:
        """Evidence at each pixel of a decoder level, and no logits of bones.

        Levels finer than the places are told at see them as blocks.

        Args:
            level: Of the decoder.
            features: Of that level; only their size matters here.
            evidence: Of each study.
            body: Places on the body of blocks of pixels, each view as its camera saw it.
            views: Not needed: a view that was not acquired has no place on the body.
        """
        found = map_of(self._bones(level, body), evidence)
        found = _at_level(found, level, features)
        return found.reshape(len(features), -1, *found.shape[3:]), None

    @torch.no_grad()
    def logarithm(
        self,
        level: int,
        features: Float[Tensor, "n _ h w"],
        body: Float[Tensor, "b v 2 _ _"] | None,
    ) -> Float[Tensor, "b v label h w"]:
        """Logarithm of the share of each bone at each pixel of a level, turned as features are.

        A bone that the atlas has never seen at a place is rare there, and not impossible.

        Args:
            level: Of the decoder.
            features: Of that level; only their size matters here.
            body: Places on the body of blocks of pixels, each view as its camera saw it.
        """
        return _at_level((self._bones(level, body) + _NEVER).log(), level, features)

    def blocks(self, body: Float[Tensor, "b v 2 _ _"]) -> Float[Tensor, "b v label _ _"]:
        """Share of each bone in each block of pixels, each view as its camera saw it.

        Args:
            body: Places of the blocks on the body.
        """
        return self._bones(0, body)

    @torch.no_grad()
    def _bones(
        self, level: int, body: Float[Tensor, "b v 2 _ _"] | None
    ) -> Float[Tensor, "b v label _ _"]:
        """p(bone | pixel), turned, at blocks' level and coarser; of blocks, as seen, at finer ones.

        Sampled without gradients: those of sampling differ from run to run.
        """
        if body is None:
            raise ValueError("an atlas is laid on a scan by `body`; data=with_evidence gives it")
        place = body.float()
        if level >= BODY_LEVEL:  # as wide as a whole number of blocks, so blocks can be turned
            place = _pooled(turn_posterior(place), 2 ** (level - BODY_LEVEL))
        xy = place.permute(0, 1, 3, 4, 2).flip(-1)
        shares = self.shares.float() / 255
        views = [
            functional.grid_sample(
                atlas[None].expand(len(place), -1, -1, -1), xy[:, view], align_corners=False
            )
            for view, atlas in enumerate(shares)
        ]
        return torch.stack(views, dim=1)


def _at_level(
    blocks: Float[Tensor, "b v k _ _"], level: int, features: Float[Tensor, "n _ h w"]
) -> Float[Tensor, "b v k h w"]:
    """What is known of blocks, at the pixels of a level, turned as its features are."""
    if level >= BODY_LEVEL:
        return blocks
    # The last block may reach beyond the image, so it is pixels that are turned.
    pixels = functional.interpolate(blocks.flatten(0, 1), scale_factor=2.0 ** (BODY_LEVEL - level))
    pixels = pixels[..., : features.shape[2], : features.shape[3]]
    return turn_posterior(pixels.reshape(*blocks.shape[:2], *pixels.shape[1:]))


def _pooled(place: Float[Tensor, "b v 2 _ _"], side: int) -> Float[Tensor, "b v 2 _ _"]:
    """Mean place of square groups of blocks; padding, where nothing is, has no part in it."""
    known = (place != OUTSIDE).any(dim=2, keepdim=True).to(place.dtype)
    summed = functional.avg_pool2d((place * known).flatten(0, 1), side)
    share = functional.avg_pool2d(known.flatten(0, 1), side)
    pooled = (summed / share).masked_fill(share == 0, OUTSIDE)
    return pooled.reshape(*place.shape[:3], *pooled.shape[2:])


class BoneHeads(nn.Module):
    """Bones as each decoder level sees them, from its features before the report comes in.

    The heads learn from the labels of phantoms, and from what they are used for. They are
    linear, so that it is the decoder that learns anatomy. With an atlas they say how this scan
    differs from it: their logits are added to its logarithms, and are zero at first.

    Args:
        widths: Channels of each level that reads.
        labels: Bones, and none.
        views_per_image: 1 for images of one view, 2 for two views as channels.
        peaks: Tell, beside the evidence of each pixel, how near it comes to what stands out most
            on the bones that evidence is of; how much a pixel stands out is learnt.
        atlas: What the heads start from, if not from nothing.
    """

    def __init__(
        self,
        widths: Mapping[int, int],
        labels: int,
        views_per_image: int,
        peaks: bool = False,
        atlas: BoneAtlas | None = None,
    ) -> None:
        super().__init__()
        self.labels = labels
        scored = widths if peaks else {}
        self.scores = nn.ModuleDict(
            {str(level): Pointwise(c, views_per_image) for level, c in scored.items()}
        )
        heads = {str(level): Pointwise(c, labels * views_per_image) for level, c in widths.items()}
        # By another name with an atlas: heads that do without say something else.
        self.heads = nn.ModuleDict({} if atlas else heads)
        self.corrections = nn.ModuleDict({k: zeroed(h) for k, h in heads.items()} if atlas else {})
        self.atlas = atlas

    def forward(
        self,
        level: int,
        features: Float[Tensor, "n c h w"],
        evidence: Float[Tensor, "b label said"],
        body: Float[Tensor, "b v 2 _ _"] | None,
        views: Bool[Tensor, "b v"] | None = None,
    ) -> tuple[Float[Tensor, "n k h w"], Float[Tensor, "b v label h w"]]:
        """Evidence at each pixel, its peaks after it, and logits of bones as the cameras see."""
        images, _, height, width = features.shape
        head = (self.heads if self.atlas is None else self.corrections)[str(level)]
        logits = head(features).float().reshape(-1, VIEW_COUNT, self.labels, height, width)
        if self.atlas is not None:
            logits = logits + self.atlas.logarithm(level, features, body)
        bones = logits.log_softmax(dim=2)
        found = map_of(bones.exp(), evidence)
        if self.scores:
            score = self.scores[str(level)](features).float()
            score = score.reshape(-1, VIEW_COUNT, 1, height, width)
            peaks = standing_out(bones, score, views)
            found = torch.cat([found, map_of(peaks, evidence)], dim=2)
        return found.reshape(images, -1, height, width), turn_posterior(logits)


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
        self.of_pixel = Pointwise(channels, width)
        self.of_map = Pointwise(said, width, bias=False)
        self.out = zeroed(Pointwise(width, channels))

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
        self.out = nn.Linear(token_width, said)  # for all bones, those rarely named as well
        nn.init.constant_(self.out.bias, _RARELY)
        self.of_bone = nn.Parameter(torch.zeros(labels, said, token_width))

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
        shared = self.out(functional.leaky_relu(read + query)).float()
        own = torch.einsum("bld,lsd->bls", read.float(), self.of_bone.float())
        logits: Tensor = shared + own
        no_bone = torch.arange(logits.shape[1], device=logits.device) == 0
        return logits.masked_fill(no_bone[:, None] | ~told[:, None, None], _NOTHING)
