import math

import pytest
import torch
from torch import nn

from mmseg_bone.data.encode import collate
from mmseg_bone.imaging import body_frame
from mmseg_bone.imaging.body_frame import BLOCK, BodyFrame
from mmseg_bone.nn import anatomy
from mmseg_bone.nn.anatomy import BoneAtlas, BoneHeads, MapFusion, SiteHead, map_of, standing_out

LABELS, SAID = 4, 3
HIGH, NEGATED = 0, 2


def evidence(bone, said):
    """Of one study: one thing said of one bone."""
    told = torch.zeros(1, LABELS, SAID)
    told[0, bone, said] = 1.0
    return told


def atlas():
    """Bone 1 in the patient's right half, bone 2 in the left; half sure in the posterior view."""
    shares = torch.zeros(2, LABELS, 4, 4, dtype=torch.uint8)
    shares[0, 1, :, :2] = shares[0, 2, :, 2:] = 255
    shares[1, 1, :, :2] = shares[1, 2, :, 2:] = 51
    return BoneAtlas(shares)


def places(height, width):
    """Of a patient cut off on all sides, each view as its camera sees it."""
    y = (torch.arange(height) + 0.5) / height * 2 - 1
    x = (torch.arange(width) + 0.5) / width * 2 - 1
    place = torch.stack(torch.meshgrid(y, x, indexing="ij"))
    return 0.6 * torch.stack([place, place.flip(-1)])[None]


def test_the_map_is_the_inner_product_of_bone_and_evidence():
    bones = torch.zeros(1, 2, LABELS, 1, 2)
    bones[0, 0, 1, 0] = torch.tensor([0.25, 1.0])
    bones[0, 0, 2, 0] = torch.tensor([0.75, 0.0])
    said = evidence(1, HIGH) + 0.5 * evidence(2, HIGH) + evidence(2, NEGATED)
    found = map_of(bones, said)

    assert found.shape == (1, 2, SAID, 1, 2)
    assert found[0, 0, HIGH, 0].tolist() == [0.625, 1.0]
    assert found[0, 0, NEGATED, 0].tolist() == [0.75, 0.0]
    assert not found[0, 1].any()


def test_what_is_said_of_a_bone_lies_where_the_atlas_has_it_in_both_views():
    features = torch.zeros(2, 5, 8, 8)  # one image per view, the patient's left at the right
    found, logits = atlas()(2, features, evidence(2, HIGH), places(8, 8))

    assert logits is None
    assert found.shape == (2, SAID, 8, 8)
    assert (found[0, HIGH, :, 6:] == 1).all()
    assert (found[0, HIGH, :, :2] == 0).all()
    assert found[1, HIGH, 4, 7].item() == pytest.approx(0.2)
    assert not found[:, 1:].any()


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
def test_every_level_sees_the_same_map(level):
    size = 32 * 4 // 2**level
    found, _ = atlas()(level, torch.zeros(2, 5, size, size), evidence(1, HIGH), places(32, 32))
    assert found.shape == (2, SAID, size, size)
    assert (found[0, HIGH, :, : size // 4] > 0.999).all()
    assert (found[0, HIGH, :, -size // 4 :] < 0.001).all()


def exact(frame, width, wide, level, column, row):
    """Share of a ramp of bones in the posterior view, at a feature of the turned, padded image."""
    pixels = wide - 1 - (column * 2**level + torch.arange(2**level))  # as the camera counts them
    blocks = torch.unique(pixels // BLOCK)
    blocks = blocks[blocks < -(-width // BLOCK)]  # further right is padding
    if not len(blocks):
        return 0.0
    x = frame.coordinates(100, len(range(0, width, BLOCK)), BLOCK, turned=width)[1, row]
    return (x[blocks].mean().item() + 0.75) / 1.5


@pytest.mark.parametrize("width", [47, 49, 50, 52, 64])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_the_posterior_map_is_exact_at_every_level_of_an_image_of_any_width(depth, width):
    frame = BodyFrame(crown=0.0, thorax=29.7, toes=200.0, middle=26.0, lean=0.0, pixel_ratio=1.0)
    here, behind = (
        frame.coordinates(16, -(-width // BLOCK), BLOCK, turned=turned) for turned in (None, width)
    )
    sample = {
        "id": "s1",
        "image": torch.zeros(2, 64, width),
        "views": torch.tensor([True, True]),
        "size": torch.tensor([64, width]),
        "body": torch.stack([torch.from_numpy(here), torch.from_numpy(behind)]),
    }
    stride = 2 ** (depth - 1)
    batch = collate([sample], stride=stride)
    wide = batch["image"].shape[-1]
    ramp = torch.zeros(2, LABELS, 4, 4, dtype=torch.uint8)
    ramp[:, 1] = torch.tensor([0, 85, 170, 255])  # linear in x from -0.75 to 0.75

    for level in range(depth):
        shape = (64 // 2**level, wide // 2**level)
        said, _ = BoneAtlas(ramp)(
            level, torch.zeros(2, 5, *shape), evidence(1, HIGH), batch["body"]
        )
        assert said.shape == (2, SAID, *shape)
        row = min(shape[0] - 1, 40 // 2**level)
        found = said[1, HIGH, row]
        right = torch.tensor(
            [exact(frame, width, wide, level, column, 8) for column in range(shape[1])]
        ).clamp(max=1.0)
        beside = (right > 0.04) & (right < 0.96)  # at its ends the ramp fades into nothing
        assert beside.sum() > 1
        torch.testing.assert_close(found[beside], right[beside], atol=1e-5, rtol=0)
        assert not found[right == 0].any()


def test_places_are_told_as_the_data_tells_them():
    assert anatomy.OUTSIDE == body_frame.OUTSIDE
    assert 2**anatomy.BODY_LEVEL == BLOCK


def test_views_that_are_channels_of_one_image_have_a_map_each():
    stacked, _ = atlas()(2, torch.zeros(1, 5, 8, 8), evidence(1, HIGH), places(8, 8))
    shared, _ = atlas()(2, torch.zeros(2, 5, 8, 8), evidence(1, HIGH), places(8, 8))
    assert torch.equal(stacked[0], shared.flatten(0, 1))


def test_nothing_is_said_outside_the_body():
    found, _ = atlas()(2, torch.zeros(2, 5, 8, 8), evidence(1, HIGH), places(8, 8) + 3.0)
    assert not found.any()


def test_the_atlas_wants_to_know_where_the_body_is():
    with pytest.raises(ValueError, match="data=with_evidence"):
        atlas()(2, torch.zeros(2, 5, 8, 8), evidence(1, HIGH), None)


@pytest.mark.parametrize("views_per_image", [1, 2])
def test_bones_as_the_heads_see_them(views_per_image):
    torch.manual_seed(0)
    heads = BoneHeads({1: 6}, LABELS, views_per_image)
    features = torch.randn(2 // views_per_image * 2, 6, 4, 2)  # two studies
    said = torch.cat([evidence(1, HIGH), evidence(3, NEGATED)])
    found, logits = heads(1, features, said, None)

    assert found.shape == (len(features), SAID * views_per_image, 4, 2)
    assert logits.shape == (2, 2, LABELS, 4, 2)
    bones = logits.softmax(dim=2)
    maps = found.reshape(2, 2, SAID, 4, 2)
    torch.testing.assert_close(maps[0, 0, HIGH], bones[0, 0, 1])
    torch.testing.assert_close(maps[0, 1, HIGH], bones[0, 1, 1].flip(-1))  # as its camera saw it
    torch.testing.assert_close(maps[1, 0, NEGATED], bones[1, 0, 3])


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("views_per_image", [1, 2])
def test_heads_on_an_atlas_begin_with_what_it_says(level, views_per_image):
    heads = BoneHeads({level: 6}, LABELS, views_per_image, atlas=atlas())
    size = 32 * 4 // 2**level
    features = torch.randn(2 // views_per_image, 6, size, size)
    found, logits = heads(level, features, evidence(2, HIGH), places(32, 32))

    assert logits.shape == (1, 2, LABELS, size, size)
    alone, _ = atlas()(level, features, evidence(2, HIGH), places(32, 32))
    maps, shares = found.reshape(2, SAID, size, size), alone.reshape(2, SAID, size, size)
    sure = (shares[:, HIGH] + 1 / 255) / (shares[:, HIGH] + 1 / 255 + 3 / 255)  # a share of 1 or 0
    torch.testing.assert_close(maps[0, HIGH, :, -size // 4 :], sure[0, :, -size // 4 :])
    assert maps[0, HIGH, :, : size // 4].max() < 0.01
    logits.logsumexp(dim=2).sum().backward()
    assert heads.corrections[str(level)].weight.grad.any()


def test_heads_on_an_atlas_say_what_to_change_of_it():
    heads = BoneHeads({2: 6}, LABELS, 1, atlas=atlas())
    with torch.no_grad():  # what the atlas calls bone 2 is bone 3
        heads.corrections["2"].bias[3] = 20.0
    found, _ = heads(2, torch.randn(2, 6, 8, 8), evidence(3, HIGH), places(8, 8))
    assert found[:, HIGH].min() > 0.99


def test_heads_on_an_atlas_are_not_those_that_begin_with_nothing():
    """Or `start=` would add up what the image part learnt and what the atlas knows."""
    alone, on_atlas = (BoneHeads({2: 6}, LABELS, 1, atlas=a) for a in (None, atlas()))
    shared = dict(alone.named_parameters()).keys() & dict(on_atlas.named_parameters()).keys()
    assert not shared


def test_what_stands_out_most_on_a_bone_is_1_in_whichever_view_it_is():
    bones = torch.tensor([0.5, 1.0]).log().reshape(1, 1, 2, 1, 1).expand(1, 2, 2, 1, 3)
    score = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, -torch.inf]]).reshape(1, 2, 1, 1, 3)
    found = standing_out(bones, score)
    expected = torch.tensor([[-3.0, -2.0, -1.0], [0.0, -3.0, -torch.inf]]).exp()
    for bone in range(2):  # how sure a bone is all over does not matter
        torch.testing.assert_close(found[0, :, bone, 0], expected)


def test_a_place_that_is_another_bone_stands_out_on_its_own_only():
    bones = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log().reshape(1, 1, 2, 1, 2)
    score = torch.tensor([5.0, 0.0]).reshape(1, 1, 1, 1, 2)
    found = standing_out(bones, score)[0, 0, :, 0]
    assert found[0, 0] == 1
    torch.testing.assert_close(found[0, 1], torch.tensor(-5.0).exp() / 9)
    torch.testing.assert_close(found[1], torch.tensor([1.0, 9 / math.exp(5)]))


def test_nothing_stands_out_in_a_view_that_was_not_acquired():
    bones = torch.full((2, 2, 1, 1, 2), 0.5).log()
    score = torch.tensor([[1.0, 0.0], [3.0, 2.0]]).reshape(1, 2, 1, 1, 2).expand(2, -1, -1, -1, -1)
    found = standing_out(bones, score, torch.tensor([[True, True], [True, False]]))
    assert found[0].max() == found[0, 1, 0, 0, 0] == 1
    torch.testing.assert_close(found[1, 0, 0, 0], torch.tensor([1.0, math.exp(-1)]))
    assert not found[1, 1].any()


@pytest.mark.parametrize("views_per_image", [1, 2])
def test_heads_tell_peaks_after_the_evidence_itself(views_per_image):
    torch.manual_seed(0)
    heads = BoneHeads({1: 6}, LABELS, views_per_image, peaks=True)
    features = torch.randn(2 // views_per_image, 6, 4, 2)  # one study
    found, _ = heads(1, features, evidence(1, HIGH), None)
    maps = found.reshape(2, 2 * SAID, 4, 2)
    plain, peaks = maps[:, HIGH], maps[:, SAID + HIGH]
    assert peaks.max() == 1
    assert plain.max() < 1
    assert not maps[:, SAID + NEGATED].any()
    peaks.sum().backward()
    assert heads.scores["1"].weight.grad.any()


def test_a_map_changes_nothing_at_first_and_never_where_there_is_no_report():
    torch.manual_seed(0)
    fusion = MapFusion(6, SAID)
    features, said = torch.randn(4, 6, 3, 3), torch.rand(4, SAID, 3, 3)
    told = torch.tensor([True, False])
    assert torch.equal(fusion(features, said, told), features)

    for parameter in fusion.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    fused = fusion(features, said, told)
    assert torch.equal(fused[2:], features[2:])
    assert not torch.allclose(fused[:2], features[:2])
    # That a bone is passed over is read, too.
    assert not torch.allclose(fusion(features, 0 * said, told)[:2], features[:2])
    fused.square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in fusion.parameters())


def test_each_bone_asks_the_words_and_padding_is_not_asked():
    torch.manual_seed(0)
    head, words = SiteHead(6, LABELS, SAID), torch.randn(2, 5, 6)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    logits = head(words, mask)
    assert logits.shape == (2, LABELS, SAID)
    assert logits[0, 1:].std(dim=0).min() > 1e-3  # bones hear different things

    words[1, 3:] = torch.nan
    torch.testing.assert_close(head(words, mask), logits)
    torch.testing.assert_close(head(words[1:, :3], mask[1:, :3]), logits[1:])


def test_of_no_bone_and_without_a_report_nothing_is_said():
    head = SiteHead(6, LABELS, SAID)
    mask = torch.tensor([[True] * 5, [False] * 5])
    said = head(torch.randn(2, 5, 6), mask).sigmoid()
    assert said[:, 0].max() < 1e-9
    assert said[1].max() < 1e-9
    assert said[0, 1:].min() > 1e-4


def test_a_site_head_learns_which_word_speaks_of_which_bone():
    torch.manual_seed(0)
    head, words = SiteHead(6, LABELS, SAID), nn.Embedding(10, 6)
    optimizer = torch.optim.Adam([*head.parameters(), *words.parameters()], lr=2e-2)
    tokens = torch.tensor([[2, 7, 3], [2, 8, 3]])
    said = torch.cat([evidence(1, HIGH), evidence(3, NEGATED)])
    for _ in range(150):
        logits = head(words(tokens), tokens > 0)
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(logits, said, reduction="sum").backward()
        optimizer.step()
    assert torch.equal(head(words(tokens), tokens > 0) > 0, said > 0)
    assert torch.equal(head(words(tokens.flip(0)), tokens > 0) > 0, said.flip(0) > 0)
