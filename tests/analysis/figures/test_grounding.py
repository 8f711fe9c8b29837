from mmseg_bone.analysis.figures.grounding import grounding_figure
from mmseg_bone.analysis.grounding import Reading


def test_a_frame_is_around_the_site_of_the_bone_that_a_lesion_lies_in(study):
    reading = Reading(
        view="anterior", number=1, probability=0.9, falls={"T7": 0.1, "rib_left_5": 0.4}
    )
    bones = {("anterior", 1): ("rib_left_5",)}
    figure = grounding_figure(study, study.mask, [reading], bones, title="run: s1")

    matrix = next(ax for ax in figure.axes if ax.images and ax.get_xticklabels())
    assert [tick.get_text() for tick in matrix.get_xticklabels()] == ["T7", "rib left 5"]
    assert [tick.get_text() for tick in matrix.get_yticklabels()] == ["anterior 1 (p 0.90)"]
    (frame,) = matrix.patches
    assert frame.get_xy() == (0.5, -0.5)


def test_without_a_lesion_the_picture_says_so(study):
    figure = grounding_figure(study, study.mask & False, [], {})
    assert any("no lesion" in text.get_text() for ax in figure.axes for text in ax.texts)
