import pytest
import torch

from mmseg_bone.models.unet import UNet

TINY = {"base_channels": 4, "depth": 3}


@pytest.mark.parametrize("views", ["shared", "stacked"])
@pytest.mark.parametrize("norm", ["instance", "batch", "group"])
@pytest.mark.parametrize("coordinates", [True, False])
def test_one_logit_per_pixel_and_a_gradient_for_every_parameter(views, norm, coordinates):
    network = UNet(**TINY, views=views, norm=norm, coordinates=coordinates)
    logits = network(torch.rand(2, 2, 16, 8))

    assert logits.shape == (2, 2, 16, 8)
    logits.square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@pytest.mark.parametrize(("height", "width"), [(4, 4), (4, 20), (36, 8)])
def test_any_size_that_is_a_multiple_of_the_stride_works(height, width):
    network = UNet(**TINY)
    assert network.stride == 4
    assert network(torch.rand(1, 2, height, width)).shape == (1, 2, height, width)


def test_depth_and_base_channels_make_the_widths():
    assert UNet(base_channels=2, depth=4).widths == {0: 2, 1: 4, 2: 8, 3: 16}
    assert UNet(base_channels=2, depth=1).stride == 1


def test_in_patches_the_finest_level_is_that_of_a_coarser_resolution():
    network, seen = UNet(base_channels=2, depth=3, patch=2), {}

    def fuse(level, features):
        seen[level] = features.shape[1:]
        return features

    network(torch.rand(1, 2, 16, 8), fuse=fuse)
    assert network.stride == 8
    assert network.widths == {1: 2, 2: 4, 3: 8}
    assert seen == {1: (2, 8, 4), 2: (4, 4, 2), 3: (8, 2, 1)}


def test_in_patches_every_pixel_has_a_logit_of_its_own():
    network, image = UNet(**TINY, patch=2), torch.rand(1, 2, 16, 8)
    patch = network(image)[0, 0, 4:6, 4:6]
    assert len(patch.unique()) == 4


@pytest.mark.parametrize("patch", [0, 3, -2])
def test_patches_that_do_not_halve_the_resolution_are_refused(patch):
    with pytest.raises(ValueError, match=f"patch={patch}: expected a power of 2"):
        UNet(patch=patch)


@pytest.mark.parametrize("views", ["shared", "stacked"])
def test_a_turned_patient_is_a_turned_answer_once_views_are_not_told_apart(views):
    network = UNet(**TINY, views=views, coordinates=False)
    first = network.encoder.levels[0][0].weight
    with torch.no_grad():
        if views == "shared":
            first[:, 1] = 0  # which view it is
        else:
            first[:, 1] = first[:, 0]
            network.head.weight[1] = network.head.weight[0]
    anterior = torch.rand(1, 1, 8, 8)
    conjugate = torch.cat([anterior, anterior.flip(-1)], dim=1)

    logits = network(conjugate)
    torch.testing.assert_close(logits[:, 1], logits[:, 0].flip(-1))


def test_pixels_know_where_they_are():
    blank = torch.zeros(1, 2, 16, 16)
    inside = (..., slice(7, 9), slice(7, 9))  # away from the zeros around the image

    def spread(coordinates):
        torch.manual_seed(0)
        network = UNet(base_channels=4, depth=1, coordinates=coordinates)
        return network(blank)[inside].flatten(2).std(dim=2).max()

    assert spread(coordinates=False) < 1e-5
    assert spread(coordinates=True) > 1e-3


def test_what_was_not_acquired_is_not_read():
    network, image = UNet(**TINY, views="stacked"), torch.rand(1, 2, 8, 8)
    views, other = torch.tensor([[True, False]]), image.clone()
    other[:, 1] = 5.0

    torch.testing.assert_close(network(image, views), network(other, views))
    assert not torch.allclose(network(image), network(other))


def test_an_untrained_network_expects_few_lesions():
    assert UNet(**TINY)(torch.rand(2, 2, 32, 16)).sigmoid().mean() < 0.05


def test_batches_do_not_mix_studies():
    network, image = UNet(**TINY), torch.rand(3, 2, 8, 8)
    torch.testing.assert_close(network(image)[1:2], network(image[1:2]), rtol=1e-4, atol=1e-5)
