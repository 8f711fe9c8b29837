import torch

from mmseg_bone.nn.position import coordinates, waves


def test_coordinates_run_from_corner_to_corner():
    at = coordinates(torch.zeros(2, 5, 3, 2))

    assert at.shape == (2, 2, 3, 2)
    assert at[1, 0].tolist() == [[-1, -1], [0, 0], [1, 1]]
    assert at[1, 1].tolist() == [[-1, 1]] * 3


def test_an_axis_of_one_pixel_is_in_the_middle():
    assert coordinates(torch.zeros(1, 1, 1, 1)).eq(0).all()


def test_waves_are_sines_and_cosines_at_octaves():
    at = torch.tensor([0.5, 0.0]).reshape(1, 2, 1, 1)  # y = 1/2, x = 0

    sine, cosine = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, -1.0, 1.0]  # of pi/2, 0; pi, 0
    torch.testing.assert_close(waves(at, 2).flatten(), torch.tensor([*sine, *cosine]))
