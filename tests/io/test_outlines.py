import json

import numpy as np
import pytest

from mmseg_bone.io.hospital import labelme
from mmseg_bone.io.labelme import fill_labelme
from mmseg_bone.io.outlines import outlines


def drawn(*rows):
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def filled(mask):
    return fill_labelme(labelme(mask, picture="a.png"), mask.shape, {"metastasis": True})


def test_a_pixel_has_four_corners():
    (square,) = outlines(drawn("...", "..#"))

    assert sorted(map(tuple, square)) == [(2, 1), (2, 2), (3, 1), (3, 2)]


def test_straight_runs_are_drawn_in_one_piece():
    (rectangle,) = outlines(drawn("####", "####"))

    assert sorted(map(tuple, rectangle)) == [(0, 0), (0, 2), (4, 0), (4, 2)]


def test_an_empty_mask_has_no_outline():
    assert outlines(np.zeros((3, 4), bool)) == []


@pytest.mark.parametrize(
    "mask",
    [
        drawn("#"),
        drawn("#.", ".#"),  # touching at a corner
        drawn("###", "#.#", "###"),  # a hole
        drawn("#####", "#.#.#", "#####", "#...#", "#####"),  # three
        drawn("####", "#..#", "#.##", "####"),
        drawn("###.", "#.##", "##.#", ".###"),  # holes that touch
        drawn("##.", "#..", "###"),
        drawn("##", "##"),
    ],
)
def test_filling_the_outlines_gives_back_the_mask(mask):
    assert (filled(mask) == mask).all()


def test_random_masks_come_back_exactly():
    random = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9):
        mask = random.random((25, 20)) < share
        assert (filled(mask) == mask).all()


def test_labelme_says_the_size_of_the_view_and_the_label():
    drawing = json.loads(labelme(drawn("#..", "..."), picture="k_anterior.png"))

    assert (drawing["imageHeight"], drawing["imageWidth"]) == (2, 3)
    assert [shape["label"] for shape in drawing["shapes"]] == ["metastasis"]
    assert drawing["imagePath"] == "k_anterior.png"
