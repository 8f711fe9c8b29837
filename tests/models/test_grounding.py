import numpy as np
import pytest
import torch
from torch import nn

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.losses.sides import deeply_supervised
from mmseg_bone.models.grounding import Grounding
from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.text_msa_net import TextMSANet
from mmseg_bone.models.text_unet import TextUNet
from mmseg_bone.models.unet import UNet
from mmseg_bone.text.site_evidence import EVIDENCE_SHAPE, SAID

TINY = {"base_channels": 4, "depth": 3}
LEFT, RIGHT = BY_NAME["rib_left_6"].label, BY_NAME["rib_right_6"].label
# "peaks": heads that tell what stands out on a bone, too. "both": such heads on an atlas.
KINDS = [(a, e) for a in ("atlas", "head", "peaks", "both") for e in ("parser", "encoder")]
every_kind = pytest.mark.parametrize(("anatomy", "evidence"), KINDS)


def halves():
    """An atlas of two ribs, the right one in her right half, the left one in her left."""
    atlas = np.zeros((2, len(BONES) + 1, 4, 4), np.uint8)
    atlas[:, RIGHT, :, :2] = atlas[:, LEFT, :, 2:] = 255
    return atlas


def grounded(anatomy, evidence, words=None):
    peaks = anatomy in ("peaks", "both")
    anatomy = "head" if anatomy == "peaks" else anatomy
    return Grounding(anatomy=anatomy, evidence=evidence, atlas=halves, words=words, peaks=peaks)


def make(tiny_text, anatomy="atlas", evidence="parser", kind=TextUNet, **settings):
    torch.manual_seed(0)
    grounding = grounded(anatomy, evidence)
    return kind(tiny_text(), "atlas", grounding=grounding, **(TINY | settings))


def scenes(count, draw, height=16, width=16):
    """Two spots alike, at her left and right; the report names the lesion.

    In the batch are its words, its evidence, where the body is and which bones are seen.
    """
    image = 0.1 * torch.rand(count, 2, height, width, generator=draw)
    left = torch.rand(count, generator=draw) < 0.5
    mask = torch.zeros(image.shape, dtype=torch.bool)
    bones = torch.zeros(image.shape, dtype=torch.uint8)
    evidence = torch.zeros(count, *EVIDENCE_SHAPE)
    rows, middle = slice(height // 2 - 2, height // 2 + 1), width // 2
    for side, label, columns in (
        (True, LEFT, slice(middle + 3, middle + 6)),
        (False, RIGHT, slice(middle - 6, middle - 3)),
    ):
        image[:, 0, rows, columns] = 0.9
        mask[left == side, 0, rows, columns] = True
        bones[:, 0, :, middle:] = LEFT
        bones[:, 0, :, :middle] = RIGHT
        evidence[left == side, label, SAID.index("high")] = 1.0
    for part in (image, mask, bones):
        part[:, 1] = part[:, 0].flip(-1)
    blocks = [torch.linspace(-0.75, 0.75, size // 4) for size in (height, width)]
    place = torch.stack(torch.meshgrid(*blocks, indexing="ij"))
    word = torch.where(left, 7, 8)
    tokens = torch.stack([torch.full_like(word, 2), word, torch.full_like(word, 3)], dim=1)
    return {
        "image": image,
        "mask": mask,
        "views": torch.ones(count, 2, dtype=torch.bool),
        "bones": bones,
        "evidence": evidence,
        "told": torch.ones(count, dtype=torch.bool),
        "body": torch.stack([place, place.flip(-1)]).expand(count, -1, -1, -1, -1),
        "tokens": tokens,
        "token_mask": torch.ones_like(tokens, dtype=torch.bool),
    }


BATCH = scenes(2, torch.Generator().manual_seed(0))
UNSEEN = scenes(16, torch.Generator().manual_seed(1))


def read(network, batch=BATCH, **other):
    return network(**{key: (batch | other)[key] for key in network.reads})


def learnt(network):
    """Grounding as after some learning."""
    for parameter in network.fusion.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    return network.eval()


@every_kind
@pytest.mark.parametrize("views", ["shared", "stacked"])
@pytest.mark.parametrize(("levels", "patch"), [([0, 1, 2], 1), ([1, 2, 3], 2)])
@pytest.mark.parametrize(("kind", "alone"), [(TextUNet, UNet), (TextMSANet, MSANet)])
def test_untrained_it_is_the_text_free_network_bit_for_bit(
    tiny_text, anatomy, evidence, views, levels, patch, kind, alone
):
    network = make(tiny_text, anatomy, evidence, kind, views=views, levels=levels, patch=patch)
    torch.manual_seed(0)
    text_free = alone(**TINY, views=views, patch=patch)
    assert torch.equal(read(network), text_free(BATCH["image"]))


def test_an_atlas_has_no_peaks():
    parts = Grounding(anatomy="atlas", atlas=halves, peaks=True)
    with pytest.raises(ValueError, match="needs anatomy='head'"):
        parts.make({2: 4}, 1, None)


@every_kind
def test_it_says_what_it_reads_and_what_it_learns(tiny_text, anatomy, evidence):
    network = make(tiny_text, anatomy, evidence)
    words = ("tokens", "token_mask") if evidence == "encoder" else ("evidence", "told")
    also = {"atlas": ["body"], "head": [], "peaks": ["views"], "both": ["body", "views"]}[anatomy]
    assert network.reads == ("image", *words, *also)
    learns = {"parser": set(), "encoder": {"evidence", "told"}}[evidence]
    assert set(network.learns) == learns | ({"bones"} if anatomy != "atlas" else set())
    assert (network.text is None) == (evidence == "parser")


@every_kind
def test_a_study_without_a_report_is_segmented_from_its_image(tiny_text, anatomy, evidence):
    network = learnt(make(tiny_text, anatomy, evidence))
    told = torch.tensor([True, False])
    mask = BATCH["token_mask"] & told[:, None]
    logits, alone = read(network, told=told, token_mask=mask), network.unet(BATCH["image"])

    torch.testing.assert_close(logits[1], alone[1])
    assert not torch.allclose(logits[0], alone[0])
    assert torch.equal(network(BATCH["image"]), alone)


@every_kind
def test_no_parameter_is_left_without_a_gradient(tiny_text, anatomy, evidence):
    network = make(tiny_text, anatomy, evidence, report_dropout=0.0)
    logits, sides = network.with_sides(**{key: BATCH[key] for key in network.reads})
    assert {side.learns for side in sides} == set(network.learns) - {"told"}
    deeply_supervised(DiceCrossEntropy(), logits, sides, BATCH).backward()

    assert [n for n, p in network.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("words", ["concat", "film", "cross_attention"])
@every_kind
def test_the_words_may_be_read_after_the_evidence(tiny_text, anatomy, evidence, words):
    torch.manual_seed(0)
    grounding = grounded(anatomy, evidence, words)
    network = TextUNet(tiny_text(), "atlas", grounding=grounding, report_dropout=0.0, **TINY)
    assert {"tokens", "token_mask"} <= set(network.reads)
    assert torch.equal(read(network), network.unet(BATCH["image"]))  # untrained

    logits, sides = network.with_sides(**{key: BATCH[key] for key in network.reads})
    deeply_supervised(DiceCrossEntropy(), logits, sides, BATCH).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []
    for parameter in network.words.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    other = torch.where(BATCH["tokens"] == 7, 8, 7)
    assert not torch.allclose(read(network.eval(), tokens=other), read(network))
    mask, told = torch.zeros_like(BATCH["token_mask"]), torch.tensor([False, False])
    unread = read(network, told=told, token_mask=mask)
    torch.testing.assert_close(unread, network.unet(BATCH["image"]))


@every_kind
def test_half_precision_answers_nearly_the_same(tiny_text, anatomy, evidence):
    network = learnt(make(tiny_text, anatomy, evidence))
    with torch.autocast("cpu", torch.bfloat16):
        half = read(network)
    assert (half.float().sigmoid() - read(network).sigmoid()).abs().max() < 0.05


def test_reports_are_left_out_at_random_in_training_only(tiny_text):
    network = learnt(make(tiny_text, report_dropout=0.5))
    many = {key: part[:1].repeat(200, *[1] * (part.ndim - 1)) for key, part in BATCH.items()}
    alone = network.unet(many["image"])

    network.train()
    torch.manual_seed(0)
    left_out = (read(network, many) - alone).flatten(1).abs().amax(1) < 1e-6
    assert 0.4 < left_out.float().mean() < 0.6
    assert ((read(network.eval(), many) - alone).flatten(1).abs().amax(1) > 1e-6).all()


def test_the_atlas_travels_with_the_weights(tiny_text):
    state = make(tiny_text).state_dict()
    assert torch.equal(state["ground.anatomy.shares"], torch.from_numpy(halves()))


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ({}, "needs an atlas of bones"),
        ({"evidence": "encoder", "atlas": halves}, "an encoder"),
        ({"words": "film", "atlas": halves}, "no encoder that reads"),
    ],
)
def test_what_is_missing_is_said(parts, missing):
    with pytest.raises(ValueError, match=missing):
        TextUNet(None, "atlas", grounding=Grounding(**parts), **TINY)


def taught(network, steps, pooled=False):
    """The network after so many batches of scenes."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    draw, loss = torch.Generator().manual_seed(0), DiceCrossEntropy(pooled=pooled)
    for _ in range(steps):
        batch = scenes(8, draw)
        logits, sides = network.with_sides(**{key: batch[key] for key in network.reads})
        optimizer.zero_grad()
        deeply_supervised(loss, logits, sides, batch).backward()
        optimizer.step()
    return network.eval()


def dice(network, **other):
    """Pooled, on scenes it has not seen."""
    found = read(network, UNSEEN, **other) > 0
    return 2 * (found & UNSEEN["mask"]).sum() / (found.sum() + UNSEEN["mask"].sum())


@pytest.mark.parametrize("anatomy", ["atlas", "head", "peaks"])
def test_it_learns_at_once_which_of_two_spots_the_report_names(tiny_text, anatomy):
    network = make(tiny_text, anatomy, base_channels=8, depth=2, report_dropout=0.0)
    network = taught(network, 40)

    swapped = UNSEEN["evidence"].clone()
    swapped[:, [LEFT, RIGHT]] = UNSEEN["evidence"][:, [RIGHT, LEFT]]
    assert dice(network) > 0.9
    assert dice(network, evidence=swapped) < 0.1


def test_words_say_which_of_two_spots_it_is_and_without_them_both_are_marked(tiny_text):
    torch.manual_seed(0)
    text_free = TextUNet(None, "none", base_channels=8, depth=2)
    assert 0.6 < dice(taught(text_free, 45, pooled=True)) < 0.7  # both: 2 / (2 + 1)

    torch.manual_seed(0)
    network = TextUNet(
        tiny_text(), "cross_attention", [0, 1], base_channels=8, depth=2, report_dropout=0.5
    )  # with fewer reports left out some seeds mark only one spot where there is none to read
    network = taught(network, 150, pooled=True)
    swapped = UNSEEN["tokens"].clone()
    swapped[:, 1] = 7 + 8 - UNSEEN["tokens"][:, 1]
    assert dice(network) > 0.9
    assert dice(network, tokens=swapped) < 0.1
    nobody = torch.zeros_like(UNSEEN["token_mask"])
    assert dice(network, token_mask=nobody) > 0.6  # no worse than who never read
