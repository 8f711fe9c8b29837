import pytest
import torch
from torch import nn

from mmseg_bone.nn.fusion import FUSIONS, FeatureModulation, ReportPooling

CHANNELS, WIDTH = 8, 6
FEATURES = torch.randn(4, CHANNELS, 6, 2, generator=torch.Generator().manual_seed(0))
TOKENS = torch.randn(2, 5, WIDTH, generator=torch.Generator().manual_seed(1))
ALL = torch.ones(2, 5, dtype=torch.bool)
every_fusion = pytest.mark.parametrize("name", FUSIONS)


def untrained(name):
    torch.manual_seed(0)
    return FUSIONS[name](CHANNELS, WIDTH)


def trained(name):
    """As after some learning: nothing is nought any more, biases least of all."""
    block = untrained(name)
    for parameter in block.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    return block


@every_fusion
def test_nothing_changes_before_training(name):
    assert torch.equal(untrained(name)(FEATURES, TOKENS, ALL), FEATURES)


@every_fusion
def test_words_come_in_once_trained(name):
    block = trained(name)
    assert not torch.allclose(block(FEATURES, TOKENS, ALL), FEATURES)
    assert not torch.allclose(block(FEATURES, TOKENS, ALL), block(FEATURES, -TOKENS, ALL))


@every_fusion
@pytest.mark.parametrize("rubbish", [1e3, torch.nan])
def test_padding_is_never_read(name, rubbish):
    words, scrambled = ALL.clone(), TOKENS.clone()
    words[:, 3:] = False
    scrambled[:, 3:] = rubbish

    torch.testing.assert_close(
        trained(name)(FEATURES, scrambled, words),
        trained(name)(FEATURES, TOKENS[:, :3], ALL[:, :3]),
    )


@every_fusion
def test_a_study_without_a_report_passes_unchanged_beside_one_that_has_one(name):
    words = ALL.clone()
    words[1] = False

    block = trained(name)
    fused = block(FEATURES, TOKENS, words)
    fused.sum().backward()

    assert torch.equal(fused[2:], FEATURES[2:])  # both views of the second study
    assert not torch.allclose(fused[:2], FEATURES[:2])
    assert all(p.grad.isfinite().all() for p in block.parameters())


@every_fusion
def test_a_batch_without_a_single_token_passes_unchanged(name):
    block = trained(name)
    fused = block(FEATURES, TOKENS[:, :0], ALL[:, :0])
    fused.sum().backward()

    assert torch.equal(fused, FEATURES)
    assert all(p.grad is not None for p in block.parameters())


@every_fusion
def test_every_parameter_learns(name):
    block = trained(name)
    block(FEATURES, TOKENS, ALL).square().sum().backward()
    assert [n for n, p in block.named_parameters() if p.grad.abs().sum() < 1e-6] == []


@every_fusion
def test_both_views_read_the_report_of_their_own_study(name):
    block = trained(name)
    both = block(FEATURES, TOKENS, ALL)
    for study in range(2):
        own = slice(2 * study, 2 * study + 2)
        alone = block(FEATURES[own], TOKENS[study : study + 1], ALL[:1])
        torch.testing.assert_close(both[own], alone)
        for image in range(2 * study, 2 * study + 2):  # one image per study, as when stacked
            single = block(FEATURES[image : image + 1], TOKENS[study : study + 1], ALL[:1])
            torch.testing.assert_close(both[image : image + 1], single)


@every_fusion
def test_the_layout_in_memory_does_not_matter(name):
    nhwc = FEATURES.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(
        trained(name)(nhwc, TOKENS, ALL), trained(name)(FEATURES, TOKENS, ALL)
    )


def test_the_same_word_says_different_things_to_different_places():
    alike = torch.ones(1, CHANNELS, 6, 2)
    read = trained("cross_attention")(alike, TOKENS[:1], ALL[:1])
    assert read.std(dim=(2, 3)).max() > 1e-3
    assert trained("film")(alike, TOKENS[:1], ALL[:1]).std(dim=(2, 3)).max() < 1e-6


@pytest.mark.parametrize(("size", "block"), [((4, 4), 2), ((6, 3), 1), ((4, 2), 2)])
def test_pixels_of_a_block_read_the_same_and_blocks_read_for_themselves(size, block):
    features = torch.randn(1, CHANNELS, *size, generator=torch.Generator().manual_seed(2))
    attention = trained("cross_attention")
    change = attention(features, TOKENS[:1], ALL[:1]) - features
    blocks = change.unfold(2, block, block).unfold(3, block, block).flatten(4)

    assert blocks.std(dim=-1, correction=0).max() < 1e-6
    assert blocks[..., 0].flatten(2).std(dim=-1).max() > 1e-3


def test_a_block_asks_by_its_mean():
    def change(features):
        return trained("cross_attention")(features, TOKENS[:1], ALL[:1]) - features

    features = FEATURES[:1]
    turned = features.unflatten(2, (3, 2)).flip(3).flatten(2, 3).flip(3)  # each block, half round
    torch.testing.assert_close(change(turned)[..., :1], change(features)[..., :1])
    assert not torch.allclose(change(2 * features), change(features))


def test_attention_is_no_wider_than_asked_for():
    wide = FUSIONS["cross_attention"](100, WIDTH, heads=2, width=64)
    assert {wide.query.out_features, wide.key.out_features, wide.value.out_features} == {64}
    assert FUSIONS["cross_attention"](10, WIDTH, heads=4).heads == 2  # 4 do not share 10


def test_attention_reads_the_word_that_fits():
    """A pixel that asks for a word's key gets that word's value."""
    block = FUSIONS["cross_attention"](4, 2, heads=1)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    block.key.weight.data[:2] = torch.eye(2)  # the word itself is its key and its value
    block.value.weight.data[:2] = torch.eye(2)
    block.query.bias.data[0] = 100.0  # every pixel asks for the first
    block.out.weight.data = torch.eye(4)
    words = torch.tensor([[[0.0, 7.0], [1.0, 5.0]]])

    change = block(torch.zeros(1, 4, 1, 1), words, torch.tensor([[True, True]]))
    torch.testing.assert_close(change.flatten(), torch.tensor([1.0, 5.0, 0.0, 0.0]))


def test_modulation_scales_and_shifts():
    block = FeatureModulation(2, 1)
    block.out.weight.data = torch.tensor([[1.0], [0.0], [0.0], [3.0]])  # γ1, γ2, β1, β2
    features = torch.tensor([5.0, 7.0]).reshape(1, 2, 1, 1)

    fused = block(features, torch.tensor([[[2.0]]]), torch.tensor([[True]]))
    assert fused.flatten().tolist() == [5 * (1 + 2), 7 + 2 * 3]


def test_pooling_starts_as_the_mean_of_what_is_readable():
    readable = torch.tensor([[True, True, False, False, False]]).expand(2, 5)
    torch.testing.assert_close(ReportPooling(WIDTH)(TOKENS, readable), TOKENS[:, :2].mean(1))
