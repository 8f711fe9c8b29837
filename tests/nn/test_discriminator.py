import pytest
import torch

from mmseg_bone.nn.discriminator import MultiScaleCritic

IMAGE = torch.rand(2, 2, 16, 8, generator=torch.Generator().manual_seed(0))
MASK = (IMAGE > 0.5).float()


@pytest.mark.parametrize(("pairing", "channels"), [("multiply", 1), ("concat", 2)])
def test_the_pair_and_six_convolutions_are_described(pairing, channels):
    described = MultiScaleCritic(4, pairing)(IMAGE, MASK)

    assert [d.shape[:2] for d in described] == [
        (4, width) for width in (channels, 4, 8, 16, 32, 32, 32)
    ]
    assert described[1].shape[2:] == (8, 4)


def test_an_image_is_multiplied_by_its_mask():
    pair = MultiScaleCritic(4)(IMAGE, MASK)[0]
    assert torch.equal(pair, (IMAGE * MASK).reshape(4, 1, 16, 8))
    assert torch.equal(
        MultiScaleCritic(4, "concat")(IMAGE, MASK)[0][3], torch.stack([IMAGE[1, 1], MASK[1, 1]])
    )


def test_an_image_of_one_pixel_can_be_described():
    one = torch.ones(1, 2, 1, 1)
    assert all(d.isfinite().all() for d in MultiScaleCritic(4)(one, one))


def test_building_a_critic_draws_none_of_torchs_random_numbers():
    before = torch.get_rng_state()
    one, two = MultiScaleCritic(4), MultiScaleCritic(4)
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(
        MultiScaleCritic(4, seed=1).convolutions[0].weight, one.convolutions[0].weight
    )
