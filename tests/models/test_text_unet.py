import pytest
import torch
from torch import nn

from mmseg_bone.models.text_unet import TextUNet
from mmseg_bone.models.unet import UNet
from mmseg_bone.nn.fusion import FUSIONS

TINY = {"base_channels": 4, "depth": 3}
IMAGE = torch.rand(2, 2, 16, 8, generator=torch.Generator().manual_seed(0))
TOKENS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])


def make(tiny_text, fusion="cross_attention", seed=0, tune="all", **settings):
    torch.manual_seed(seed)
    encoder = tiny_text(tune)  # Hydra builds what is handed in first
    return TextUNet(encoder, fusion, **(TINY | settings))


def learnt(network):
    """Fusion as after some learning."""
    for parameter in network.fusion.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    return network.eval()


@pytest.mark.parametrize("fusion", ["none", *FUSIONS])
@pytest.mark.parametrize("views", ["shared", "stacked"])
@pytest.mark.parametrize(("levels", "patch"), [(None, 1), ([0], 1), ([0, 1, 2], 1), ([1, 3], 2)])
def test_untrained_it_is_the_text_free_network_bit_for_bit(tiny_text, fusion, views, levels, patch):
    fused = make(tiny_text, fusion, views=views, levels=levels, patch=patch)
    torch.manual_seed(0)
    text_free = UNet(**TINY, views=views, patch=patch)

    for name, weight in text_free.state_dict().items():
        assert torch.equal(fused.unet.state_dict()[name], weight)
    assert torch.equal(fused(IMAGE, TOKENS, MASK), text_free(IMAGE))


def test_without_fusion_there_is_no_text_module_and_no_report_is_read(tiny_text):
    network = make(tiny_text, "none")

    assert network.reads == ("image",)
    assert [n for n, _ in network.named_parameters() if not n.startswith("unet.")] == []
    assert list(network.text_parameters()) == []
    assert torch.equal(network(IMAGE, TOKENS, MASK), network(IMAGE, TOKENS + 1, MASK))
    assert TextUNet(None, "none", **TINY).text is None


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_report_matters_once_learnt_and_its_padding_does_not(tiny_text, fusion):
    network, other = learnt(make(tiny_text, fusion)), TOKENS.clone()
    assert network.reads == ("image", "tokens", "token_mask")
    own = network(IMAGE, TOKENS, MASK)
    assert not torch.allclose(own, network(IMAGE, TOKENS.flip(0), MASK.flip(0)))

    other[~MASK] = 9
    torch.testing.assert_close(network(IMAGE, other, MASK), own, atol=1e-5, rtol=0)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("count", [0, 1, 32])
def test_any_number_of_tokens_works(tiny_text, fusion, count):
    network = learnt(make(tiny_text, fusion))
    tokens = torch.ones(2, count, dtype=torch.long)
    logits = network(IMAGE, tokens, tokens.bool())

    assert logits.isfinite().all()
    assert torch.allclose(logits, network.unet(IMAGE)) == (count == 0)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_study_without_a_report_is_segmented_from_its_image(tiny_text, fusion):
    network, mask = learnt(make(tiny_text, fusion)), MASK.clone()
    mask[1] = False
    logits, alone = network(IMAGE, TOKENS, mask), network.unet(IMAGE)

    torch.testing.assert_close(logits[1], alone[1])
    assert not torch.allclose(logits[0], alone[0])
    assert torch.equal(network(IMAGE), alone)  # no report for any study


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("without_reports", [False, True])
def test_no_parameter_is_left_without_a_gradient(tiny_text, fusion, without_reports):
    network = make(tiny_text, fusion, levels=[0, 1, 2], report_dropout=0.0)
    logits = network(IMAGE, TOKENS, MASK & (not without_reports))
    logits.sigmoid().mean().backward()

    assert [n for n, p in network.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("fusion", FUSIONS)
def test_half_precision_answers_nearly_the_same(tiny_text, fusion):
    network = learnt(make(tiny_text, fusion))
    with torch.autocast("cpu", torch.bfloat16):
        half = network(IMAGE, TOKENS, MASK)
    whole = network(IMAGE, TOKENS, MASK)
    assert (half.float().sigmoid() - whole.sigmoid()).abs().max() < 0.05


def test_a_frozen_encoder_stays_in_eval_mode_and_gets_no_gradient(tiny_text):
    network = make(tiny_text, tune="frozen").train()
    network(IMAGE, TOKENS, MASK).mean().backward()

    assert not any(module.training for module in network.text.bert.modules())
    assert all(p.grad is None and not p.requires_grad for p in network.text_parameters())


def test_reports_are_left_out_at_random_in_training_only(tiny_text):
    network = learnt(make(tiny_text, tune="frozen", report_dropout=0.5))
    image, tokens, mask = (t[:1].repeat(200, *[1] * (t.ndim - 1)) for t in (IMAGE, TOKENS, MASK))
    alone = network.unet(image)

    network.train()
    torch.manual_seed(0)
    left_out = (network(image, tokens, mask) - alone).flatten(1).abs().amax(1) < 1e-6
    assert 0.4 < left_out.float().mean() < 0.6

    read = (network.eval()(image, tokens, mask) - alone).flatten(1).abs().amax(1) > 1e-6
    assert read.all()


@pytest.mark.parametrize(
    ("depth", "levels"), [(5, ["2", "3", "4"]), (3, ["2"]), (2, ["1"]), (1, ["0"])]
)
def test_by_default_the_coarse_levels_read(tiny_text, depth, levels):
    assert list(make(tiny_text, depth=depth).fusion) == levels


@pytest.mark.parametrize("levels", [[], [3], [-1, 0]])
def test_levels_that_are_not_there_are_refused(tiny_text, levels):
    with pytest.raises(ValueError, match="expected some of 0 to 2"):
        make(tiny_text, levels=levels)


def test_fusion_without_an_encoder_is_refused():
    with pytest.raises(ValueError, match="fusion='film' needs an encoder"):
        TextUNet(None, "film", **TINY)


def two_spots(count, draw):
    """Two spots alike, at the patient's left and right; the report names the lesion."""
    image = 0.1 * torch.rand(count, 2, 8, 16, generator=draw)
    mask = torch.zeros(count, 2, 8, 16, dtype=torch.bool)
    left = torch.rand(count, generator=draw) < 0.5
    columns = {True: slice(11, 14), False: slice(2, 5)}  # in the anterior view
    for side, column in columns.items():
        image[:, 0, 3:6, column] = 0.9
        mask[left == side, 0, 3:6, column] = True
    image[:, 1], mask[:, 1] = image[:, 0].flip(-1), mask[:, 0].flip(-1)
    word = torch.where(left, 7, 8)
    tokens = torch.stack([torch.full_like(word, 2), word, torch.full_like(word, 3)], dim=1)
    return image, mask, tokens, torch.ones_like(tokens, dtype=torch.bool)


@pytest.mark.parametrize("fusion", ["none", *FUSIONS])
def test_only_a_fused_network_learns_which_of_two_spots_the_report_names(tiny_text, fusion):
    network = make(tiny_text, fusion, base_channels=8, depth=2, levels=[1], report_dropout=0.0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    draw = torch.Generator().manual_seed(0)
    for _ in range(60):
        image, mask, tokens, token_mask = two_spots(8, draw)
        logits = network(image, tokens, token_mask)
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(
            logits, mask.float(), pos_weight=torch.tensor(10.0)
        ).backward()
        optimizer.step()

    image, mask, tokens, token_mask = two_spots(16, draw)
    network.eval()

    def dice(tokens):
        found = network(image, tokens, token_mask) > 0
        return 2 * (found & mask).sum() / (found.sum() + mask.sum())

    other_side = torch.where(tokens == 7, 8, torch.where(tokens == 8, 7, tokens))
    if fusion == "none":
        assert dice(tokens) == dice(other_side) < 0.75  # either spot, or both
    else:
        assert dice(tokens) > 0.9
        assert dice(other_side) < 0.1


@pytest.mark.parametrize(
    ("depth", "patch", "reading"), [(5, 1, "234"), (4, 2, "234"), (2, 1, "1"), (2, 8, "34")]
)
def test_the_report_comes_in_from_a_quarter_of_the_resolution(tiny_text, depth, patch, reading):
    network = make(tiny_text, base_channels=2, depth=depth, patch=patch)
    assert "".join(network.fusion) == reading
