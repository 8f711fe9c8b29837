import pytest
import torch

from mmseg_bone.losses.fuzzy_cmeans import (
    RobustFuzzyCMeans,
    SupervisedFuzzyCMeans,
    centroids,
    disagreement,
    memberships,
    roughness,
    spread,
)

DRAW = torch.Generator().manual_seed(0)
plane_and_volume = pytest.mark.parametrize("space", [(5, 4), (3, 4, 5)])


def hard(labels, classes=3):
    """Each pixel wholly in the class of its label."""
    return torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).double()


def soft(*shape):
    return torch.randn(*shape, generator=DRAW, dtype=torch.float64).softmax(dim=1)


def test_a_centroid_is_the_mean_of_its_class():
    membership = torch.tensor([[[1.0, 0.5], [0.0, 0.5]]])  # two classes, two pixels
    image = torch.tensor([[2.0, 7.0]])
    # (1² · 2 + ½² · 7) / (1² + ½²), and 7 for the other
    torch.testing.assert_close(centroids(membership, image), torch.tensor([[3.0, 7.0]]))


def test_an_empty_class_has_no_centroid_and_costs_nothing():
    membership = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    image = torch.tensor([[2.0, 2.0]])
    assert centroids(membership, image).tolist() == [[2, 0]]
    assert spread(membership, image) == 0


@plane_and_volume
def test_an_image_of_even_classes_is_at_no_cost_with_the_right_labels(space):
    labels = torch.randint(0, 3, (2, *space), generator=DRAW)
    image = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)[labels]
    assert spread(hard(labels), image).abs().max() < 1e-12
    assert spread(hard(labels.flip(-1)), image).min() > 0.01


def test_pixels_cost_the_square_of_their_distance_from_the_centroid():
    membership = torch.ones(1, 1, 1, 2)
    assert spread(membership, torch.tensor([[[0.0, 4.0]]])) == pytest.approx(4.0)  # 2² each


def test_neighbours_of_another_class_are_rough():
    lone = torch.zeros(1, 3, 3, dtype=torch.long)
    lone[0, 1, 1] = 1
    assert roughness(hard(lone)).item() == pytest.approx((8 + 8) / 9)  # it has 8, and 8 have it
    corner = torch.zeros(1, 3, 3, dtype=torch.long)
    corner[0, 0, 0] = 1
    assert roughness(hard(corner)).item() == pytest.approx((3 + 3) / 9)
    inside = torch.zeros(1, 3, 3, 3, dtype=torch.long)
    inside[0, 1, 1, 1] = 1
    assert roughness(hard(inside)).item() == pytest.approx((26 + 26) / 27)
    assert roughness(hard(torch.ones_like(inside))) == 0


def test_a_pixel_is_no_neighbour_of_itself():
    undecided = torch.full((1, 2, 1, 2), 0.5)
    assert roughness(undecided[..., :1]) == 0
    assert roughness(undecided) == pytest.approx(2 * 0.5**2 * 0.5**2)  # one neighbour each


@plane_and_volume
def test_classes_have_no_order(space):
    membership, order = soft(2, 3, *space), [2, 0, 1]
    image = torch.rand(2, *space, generator=DRAW, dtype=torch.float64)
    torch.testing.assert_close(spread(membership[:, order], image), spread(membership, image))
    torch.testing.assert_close(roughness(membership[:, order]), roughness(membership))


@plane_and_volume
def test_gradients_are_right(space):
    image = torch.rand(1, *space, generator=DRAW, dtype=torch.float64)
    reference = hard(torch.randint(0, 2, (1, *space), generator=DRAW), 2)
    logits = torch.randn(1, 2, *space, generator=DRAW, dtype=torch.float64, requires_grad=True)

    def total(logits):
        u = logits.softmax(dim=1)
        return spread(u, image) + roughness(u) + disagreement(u, reference)

    assert torch.autograd.gradcheck(total, logits)
    views = image[None].expand(1, 2, *space)
    assert torch.autograd.gradcheck(lambda x: RobustFuzzyCMeans()(x, views), logits)
    mask = views > 0.5
    assert torch.autograd.gradcheck(lambda x: SupervisedFuzzyCMeans()(x, mask), logits)


def test_only_wrong_membership_disagrees():
    logits = torch.tensor([0.8]).logit().reshape(1, 1, 1)
    loss = SupervisedFuzzyCMeans()
    assert loss(logits, torch.tensor([[[True]]])) == pytest.approx(0.2**2 / 2)
    assert loss(logits, torch.tensor([[[False]]])) == pytest.approx(0.8**2 / 2)
    sure = torch.full((1, 2, 3, 3), 200.0)
    assert loss(sure, torch.ones(1, 2, 3, 3, dtype=torch.bool)) == 0


def test_memberships_sum_to_one_and_never_round_to_more():
    logits = torch.tensor([-90.0, -1.0, 0.0, 90.0]).reshape(1, 2, 2).bfloat16()
    membership = memberships(logits)
    assert membership.shape == (2, 2, 2)
    assert membership.dtype == torch.float32
    torch.testing.assert_close(membership.sum(1), torch.ones(2, 2))
    assert membership[0, 0, 0] == 1  # surely no lesion


@pytest.mark.parametrize("reference", [False, True])
def test_a_view_that_was_not_acquired_is_left_out(reference):
    logits = torch.randn(2, 2, 4, 4, generator=DRAW)
    image = torch.rand(2, 2, 4, 4, generator=DRAW)
    views, other = torch.tensor([[True, True], [True, False]]), logits.clone()
    other[1, 1] = 50.0
    loss = SupervisedFuzzyCMeans() if reference else RobustFuzzyCMeans()
    against = image > 0.5 if reference else image
    assert loss(other, against, views) == loss(logits, against, views)
    assert loss(other, against) != loss(logits, against)
    assert loss(logits, against, torch.zeros_like(views)) == 0


def divided(smoothness):
    """Labels that the loss finds by itself in two halves under noise."""
    draw = torch.Generator().manual_seed(0)
    truth = (torch.arange(16) >= 8).expand(1, 2, 16, 16)
    image = torch.where(truth, 0.7, 0.3) + 0.15 * torch.randn(1, 2, 16, 16, generator=draw)
    logits = torch.zeros_like(image).copy_(20 * (image - 0.5)).requires_grad_()
    loss, optimizer = RobustFuzzyCMeans(smoothness=smoothness), torch.optim.Adam([logits], 0.3)
    for _ in range(60):
        optimizer.zero_grad()
        loss(logits, image).backward()
        optimizer.step()
    found = logits > 0
    changes = sum((found.diff(dim=axis)).sum().item() for axis in (2, 3))
    return changes, (found == truth).float().mean().item()


def test_smoothness_makes_labels_less_rough_and_more_right():
    rough, right_without = divided(0.0)
    smooth, right = divided(8e-3)
    assert smooth < rough / 2
    assert right > right_without
    assert right > 0.97
