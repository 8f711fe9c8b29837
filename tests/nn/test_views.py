import pytest
import torch

from mmseg_bone.nn.views import (
    PairedViews,
    SharedViews,
    StackedViews,
    blank_missing,
    make_layout,
    turn_posterior,
)

LEFT_RIB = torch.zeros(1, 2, 3, 4)  # at the patient's left: anterior right, posterior left
LEFT_RIB[0, 0, 1, 3] = LEFT_RIB[0, 1, 1, 0] = 1.0


def test_the_patients_left_lies_at_the_right_of_both_views():
    assert turn_posterior(LEFT_RIB).nonzero().tolist() == [[0, 0, 1, 3], [0, 1, 1, 3]]


def test_turned_twice_is_the_image_itself():
    image = torch.rand(2, 2, 3, 4)
    assert torch.equal(turn_posterior(turn_posterior(image)), image)


def test_shared_views_are_images_of_their_own_that_say_which_view_they_are():
    laid = SharedViews().lay_out(torch.cat([LEFT_RIB, 2 * LEFT_RIB]))

    assert laid.shape == (4, 2, 3, 4)
    assert laid[:, 0, 1, 3].tolist() == [1, 1, 2, 2]  # study by study
    assert [image.unique().tolist() for image in laid[:, 1]] == [[-1], [1], [-1], [1]]


def test_paired_views_show_each_the_other_side_of_the_same_place():
    front, back = torch.zeros(2, 1, 1, 3, 4)
    front[..., 1, 3] = 1.0  # the left rib of the anterior view
    back[..., 1, 0] = 2.0  # and of the posterior one
    laid = PairedViews().lay_out(torch.cat([front, back], dim=1))

    assert laid.shape == (2, 3, 3, 4)
    assert laid[:, :, 1, 3].tolist() == [[1, -1, 2], [2, 1, 1]]
    assert laid[:, [0, 2]].count_nonzero() == 4


def test_stacked_views_are_channels_of_one_image():
    laid = StackedViews().lay_out(LEFT_RIB)

    assert laid.nonzero().tolist() == [[0, 0, 1, 3], [0, 1, 1, 3]]


def test_what_comes_out_lies_as_each_camera_saw_it():
    image = torch.rand(3, 2, 3, 4)
    shared, paired, stacked = map(make_layout, ("shared", "paired", "stacked"))

    assert torch.equal(shared.restore(shared.lay_out(image)[:, :1]), image)
    assert torch.equal(paired.restore(paired.lay_out(image)[:, :1]), image)
    assert torch.equal(stacked.restore(stacked.lay_out(image)), image)


def test_a_view_that_was_not_acquired_is_not_read():
    image = torch.full((2, 2, 3, 4), torch.nan)
    image[0] = image[1, 0] = 1.0

    blank = blank_missing(image, torch.tensor([[True, True], [True, False]]))

    assert blank[1, 1].eq(0).all()
    assert blank.sum() == 3 * 12


def test_a_patch_of_pixels_is_one_that_holds_them_all():
    image = torch.arange(16.0).reshape(1, 2, 2, 4)  # of each view, two patches side by side
    laid = make_layout("stacked", 2).lay_out(image)

    assert laid.shape == (1, 8, 1, 2)
    assert laid[0, :4, 0, 0].tolist() == [0, 1, 4, 5]  # row by row
    assert laid[0, 4:, 0, 0].tolist() == [11, 10, 15, 14]  # the posterior view is turned


@pytest.mark.parametrize("views", ["shared", "paired", "stacked"])
def test_patches_are_taken_apart_again_to_the_pixel(views):
    image, patches, plain = torch.rand(3, 2, 4, 8), make_layout(views, 4), make_layout(views)
    laid = patches.lay_out(image)

    assert laid.shape[1:] == (patches.channels_in, 1, 2)
    assert patches.views_per_image == plain.views_per_image == plain.channels_out
    assert torch.equal(patches.restore(laid[:, : patches.channels_out]), image)
