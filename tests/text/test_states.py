"""What is looked up is what would be computed, and it is computed once."""

import json

import pytest
import torch

from mmseg_bone.errors import TextModelError
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.states import fingerprint

TOKENS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])


class Memory(dict):
    """A shelf in memory."""

    def put(self, key, states):
        assert key not in self
        self[key] = states


@pytest.fixture
def frozen(tiny):
    return ReportEncoder(tiny, "frozen")


def keeping(encoder):
    """Let it keep its states; the shelf, and the shapes of what it computes."""
    shelf, computed, compute = Memory(), [], encoder.compute

    def counted(tokens, token_mask):
        computed.append(tuple(tokens.shape))
        return compute(tokens, token_mask)

    encoder.compute = counted
    encoder.keep_states(shelf)
    return shelf, computed


def test_looked_up_features_are_those_computed_to_half_precision(frozen):
    expected = frozen(TOKENS, MASK)
    shelf, computed = keeping(frozen)
    for _ in range(2):
        features = frozen(TOKENS, MASK)
        assert features.dtype == torch.float32
        torch.testing.assert_close(features[MASK], expected[MASK], atol=1e-3, rtol=1e-3)
    assert computed == [(1, 5), (1, 3)]
    assert [states.dtype for states in shelf.values()] == [torch.float16] * 2


def test_a_report_is_computed_once_whatever_stands_beside_it(frozen):
    shelf, computed = keeping(frozen)
    frozen(TOKENS, MASK)
    alone = frozen(TOKENS[1:, :3], MASK[1:, :3])
    twice = frozen(TOKENS[[1, 1, 0]], MASK[[1, 1, 0]])
    assert torch.equal(twice[0, :3], alone[0])
    assert torch.equal(twice[1, :3], alone[0])
    assert len(shelf) == len(computed) == 2

    frozen(TOKENS.flip(1)[:1], MASK[:1])  # other words, such as those of the other side
    assert len(shelf) == 3
    assert computed[2:] == [(1, 5)]


def test_what_is_kept_of_a_report_is_the_same_to_the_bit_whatever_it_was_first_read_with(tiny):
    kept = []
    for places in ([0, 1], [1, 0], [1]):
        encoder = ReportEncoder(tiny, "frozen")
        shelf, computed = keeping(encoder)
        encoder(TOKENS[places], MASK[places])
        assert {batch for batch, _ in computed} == {1}
        kept.append(shelf[encoder.kept.key(TOKENS[1, :3])])
    assert torch.equal(kept[0], kept[1])
    assert torch.equal(kept[0], kept[2])


@pytest.mark.parametrize("count", [0, 5])
def test_without_a_report_nothing_is_computed(frozen, count):
    shelf, computed = keeping(frozen)
    features = frozen(TOKENS[:, :count], MASK[:, :count] & False)
    assert torch.equal(features, torch.zeros(2, count, 8))
    assert not shelf
    assert not computed


def test_in_mixed_precision_the_same_is_kept(frozen):
    for weight in frozen.bert.encoder.parameters():
        weight.data *= 20  # so that its layers say more than what goes past them
    expected = frozen(TOKENS, MASK)[MASK].half()
    keeping(frozen)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = frozen(TOKENS, MASK)
    torch.testing.assert_close(mixed[MASK], expected.float(), atol=1e-3, rtol=0)


def test_encoders_that_share_a_shelf_share_no_states(tiny):
    one, two = ReportEncoder(tiny, "frozen"), ReportEncoder(tiny, "frozen")
    two.bert.encoder.layer[1].output.LayerNorm.bias.data += 1
    shelf = Memory()
    for encoder in (one, two):
        encoder.keep_states(shelf)
        encoder(TOKENS, MASK)
    assert len(shelf) == 4
    assert not torch.allclose(one(TOKENS, MASK)[MASK], two(TOKENS, MASK)[MASK], atol=0.5)


def test_other_weights_or_heads_are_another_encoder(tiny):
    own = fingerprint(ReportEncoder(tiny, "frozen").bert)
    assert fingerprint(ReportEncoder(tiny).bert) == own

    other = ReportEncoder(tiny)
    other.bert.encoder.layer[1].output.dense.bias.data[0] += 1e-3
    assert fingerprint(other.bert) != own
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"num_attention_heads": 4}))
    assert fingerprint(ReportEncoder(tiny).bert) != own


@pytest.mark.parametrize("tune", ["all", "last_1"])
def test_states_of_an_encoder_that_learns_are_not_kept(tiny, tune):
    encoder = ReportEncoder(tiny, tune)
    with pytest.raises(TextModelError, match="does not learn; choose text.tune=frozen"):
        encoder.keep_states(Memory())


def test_states_are_let_go(frozen):
    shelf, computed = keeping(frozen)
    frozen.keep_states(None)
    frozen(TOKENS, MASK)
    assert computed == [(2, 5)]
    assert not shelf
