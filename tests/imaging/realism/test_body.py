import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.realism.body import find_body
from mmseg_bone.imaging.realism.regions import Box, box_mean, leg_columns, shaft_means, soft_mean

SPACING = (2.0, 2.0)


def stick_figure():
    """A body of 300 × 100 pixels from row 50 and column 80, its legs apart from row 200."""
    counts = np.zeros((400, 260))
    counts[50:350, 80:180] = 20
    counts[200:350, 120:140] = 0  # between the legs, up to the end
    counts[200:350, 95:105] = counts[200:350, 155:165] = 60  # shafts
    return counts


def test_the_body_is_found_with_its_length_width_and_area():
    body = find_body(stick_figure(), SPACING)

    assert body.length_mm == pytest.approx(600, abs=40)  # the mask takes in some of the blur
    assert body.widths_mm((0.2,))[0] == pytest.approx(200, abs=40)
    assert 0.108 <= body.area_m2 <= 0.147  # of 0.120 with the gap filled, and the halo
    assert body.midline[100] == pytest.approx(129.5, abs=1)


def test_a_blank_image_has_no_body():
    assert find_body(np.zeros((40, 30)), SPACING) is None


def test_halving_the_counts_leaves_the_body_as_it_is():
    whole, half = find_body(stick_figure(), SPACING), find_body(stick_figure() / 2, SPACING)

    assert (whole.mask == half.mask).all()


def test_pixels_twice_as_large_leave_the_body_as_large():
    fine = stick_figure()
    coarse = fine.reshape(200, 2, 130, 2).sum(axis=(1, 3))

    assert find_body(coarse, (4.0, 4.0)).length_mm == pytest.approx(
        find_body(fine, SPACING).length_mm, abs=6
    )


def test_a_landmark_moves_the_places_around_it():
    bones = np.zeros((400, 260), np.uint8)
    bones[300, 100] = BY_NAME["patella_left"].label  # knees at 0.83 of the length, not at 0.69

    body = find_body(stick_figure(), SPACING, bones)

    assert body.row(0.69) == 300
    assert find_body(stick_figure(), SPACING).row(0.69) < 270
    assert body.row(0.0) == body.crown
    assert body.row(1.0) == body.toes


def test_a_label_where_its_bone_cannot_be_moves_nothing():
    bones = np.zeros((400, 260), np.uint8)
    bones[10, 100] = BY_NAME["patella_left"].label  # above the crown

    assert find_body(stick_figure(), SPACING, bones).row(0.69) == find_body(
        stick_figure(), SPACING
    ).row(0.69)


def test_boxes_shafts_and_soft_tissue_hold_what_was_drawn():
    body = find_body(stick_figure(), SPACING)
    rows = body.between(0.7, 0.8)
    left, right = leg_columns(body, rows)

    assert box_mean(body, Box((0.1, 0.3), (-50.0, 50.0))) == pytest.approx(20)
    assert left.stop == right.start
    assert shaft_means(body, 0.7, 0.8) == pytest.approx(60, rel=0.05)
    assert soft_mean(body, 0.7, 0.8) == pytest.approx(20, rel=0.08)


def test_the_brightest_box_is_found_wherever_it_is():
    counts = stick_figure()
    counts[100:110, 130:140] = 80
    body = find_body(counts, SPACING)
    size = 20 / body.scale  # 10 pixels of this body

    assert box_mean(body, Box((0.05, 0.4), (-100.0, 100.0), size)) == pytest.approx(80)
