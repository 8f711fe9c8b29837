from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from mmseg_bone.analysis.figures.studies import PREDICTION, REFERENCE, draw_study, figure_of, to_png


@pytest.fixture
def axes():
    return list(Figure().subplots(1, 2))


def letters(ax):
    """The letters of an axes, from the image's left to its right."""
    found = [text for text in ax.texts if text.get_text() in ("R", "L")]
    return [text.get_text() for text in sorted(found, key=lambda text: text.get_position()[0])]


def test_the_patients_right_is_at_the_left_from_the_front_and_at_the_right_from_behind(study, axes):
    draw_study(study, axes)
    assert [ax.get_title() for ax in axes] == ["anterior", "posterior"]
    assert letters(axes[0]) == ["R", "L"]
    assert letters(axes[1]) == ["L", "R"]


def test_bone_is_dark_on_white_the_head_is_up_and_pixels_keep_their_shape(study, axes):
    draw_study(study, axes)
    image = axes[0].get_images()[0]
    assert image.get_cmap().name == "gray_r"
    assert image.origin == "upper"
    np.testing.assert_array_equal(image.get_array(), study.counts[0])
    assert axes[0].get_aspect() == pytest.approx(2.26 / 2.4)


def test_both_views_share_one_grey_scale_given_in_counts(study, axes):
    dim = replace(study, counts=study.counts // np.array([[[1]], [[2]]]))
    draw_study(dim, axes, window=(0.0, 1.0))
    limits = {ax.get_images()[0].get_clim() for ax in axes}
    assert limits == {(5.0, 90.0)}
    assert axes[1].get_xlabel() == "white 5, black 90 counts/pixel"


def outlines(ax):
    """Colour and place of every outline."""
    return [
        (tuple(np.round(c.get_edgecolor()[0][:3], 2)), c.get_paths()[0].get_extents().extents)
        for c in ax.collections
    ]


def test_the_reference_is_green_the_prediction_red_and_each_is_where_its_pixels_are(study, axes):
    prediction = np.zeros_like(study.mask)
    prediction[0, 0, 0] = True  # in the corner
    draw_study(study, axes, prediction=prediction)

    (green, where), (red, corner) = outlines(axes[0])
    assert (REFERENCE, green) == ("tab:green", (0.17, 0.63, 0.17))
    assert (PREDICTION, red) == ("tab:red", (0.84, 0.15, 0.16))
    np.testing.assert_allclose(where, (3.5, 2.5, 4.5, 3.5))  # x from, y from, x to, y to
    np.testing.assert_allclose(corner, (-0.5, -0.5, 0.5, 0.5))
    assert len(outlines(axes[1])) == 1  # nothing predicted there


def test_a_single_view_a_blank_scan_and_no_mask_are_drawn(study):
    blank = np.zeros((1, 5, 6), np.uint16)
    one = replace(study, views=("posterior",), counts=blank, mask=None)
    figure = figure_of(one, prediction=np.zeros((1, 5, 6), bool))
    assert letters(figure.axes[0]) == ["L", "R"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["prediction: none"]
    assert Image.open(BytesIO(to_png(figure, dpi=20))).format == "PNG"


def test_a_large_view_has_a_scale(study):
    tall = replace(study, counts=np.zeros((2, 100, 6), np.uint16), mask=None)
    figure = figure_of(tall)
    assert "20 cm" in [text.get_text() for text in figure.axes[0].texts]
    assert not figure.legends


def test_no_word_of_the_report_is_drawn(study):
    figure = figure_of(study, prediction=study.mask, title="a title")
    words = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "a title" in words
    assert "肋" not in words
