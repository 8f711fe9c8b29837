import pytest
import torch

from mmseg_bone.errors import TextModelError
from mmseg_bone.text.encoder import ReportEncoder

TOKENS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])


def test_one_feature_per_token_and_no_parameter_without_a_gradient(tiny):
    encoder = ReportEncoder(tiny)
    features = encoder(TOKENS, MASK)
    features.square().sum().backward()

    assert features.shape == (2, 5, encoder.width) == (2, 5, 8)
    assert all(p.grad is not None for p in encoder.parameters())


def test_padding_is_never_read(tiny):
    encoder, other = ReportEncoder(tiny).eval(), TOKENS.clone()
    other[~MASK] = 9

    torch.testing.assert_close(encoder(other, MASK)[1, :3], encoder(TOKENS, MASK)[1, :3])
    torch.testing.assert_close(
        encoder(TOKENS[1:, :3], MASK[1:, :3])[0], encoder(TOKENS, MASK)[1, :3]
    )


@pytest.mark.parametrize("count", [0, 1, 16])
def test_any_number_of_tokens_up_to_the_places_works(tiny, count):
    tokens = torch.ones(2, count, dtype=torch.long)
    features = ReportEncoder(tiny)(tokens, tokens.bool())
    assert features.shape == (2, count, 8)
    assert features.isfinite().all()


def test_a_study_without_a_report_gives_finite_features_and_gradients(tiny):
    encoder = ReportEncoder(tiny)
    encoder(TOKENS, torch.zeros_like(MASK)).sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize(
    ("tune", "learning"),
    [
        ("all", {"embeddings", "0", "1"}),
        ("last_1", {"1"}),
        (1, {"1"}),
        ("last_2", {"0", "1"}),
        ("frozen", set()),
    ],
)
def test_only_what_is_tuned_learns(tiny, tune, learning):
    parameters = ReportEncoder(tiny, tune).named_parameters()
    names = [name for name, p in parameters if p.requires_grad]
    found = {n.split(".")[3] if ".layer." in n else "embeddings" for n in names}
    assert found == learning


def test_what_is_frozen_answers_alike_in_training(tiny):
    frozen = ReportEncoder(tiny, "frozen")
    torch.nn.Sequential(frozen).train()
    assert torch.equal(frozen(TOKENS, MASK), frozen(TOKENS, MASK))

    tuned = ReportEncoder(tiny, "all").train()  # dropout
    assert not torch.equal(tuned(TOKENS, MASK), tuned(TOKENS, MASK))


def test_the_last_layers_alone_are_in_training(tiny):
    bert = ReportEncoder(tiny, "last_1").train().bert
    assert [layer.training for layer in bert.encoder.layer] == [False, True]
    assert not bert.embeddings.training
    assert not ReportEncoder(tiny, "last_1").eval().bert.encoder.layer[1].training


@pytest.mark.parametrize("tune", ["some", "last_", "last_3", "last_-1"])
def test_what_cannot_be_tuned_is_refused(tiny, tune):
    with pytest.raises(TextModelError, match=f"tune='{tune}'.*up to the encoder's 2 layers"):
        ReportEncoder(tiny, tune)


def test_the_embedded_default_is_the_same_wherever_it_is_built():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = ReportEncoder()
    assert torch.equal(torch.get_rng_state(), before)  # others' random numbers are untouched

    torch.manual_seed(6)
    two = ReportEncoder(seed=1)  # a seed is of random weights, and these are trained
    weight = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(one.state_dict()[weight], two.state_dict()[weight])
    assert sum(p.numel() for p in one.parameters()) < 3e6  # 12 MB
