import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.phantom.camera import SIEMENS_ECAM
from mmseg_bone.phantom.draw import Eye, expectation, stage
from tests.phantom.drawing import focus, plan

SPACING = (0.24, 0.24)


@pytest.fixture(scope="module")
def views():
    scene = stage(plan(), SPACING, np.random.default_rng(2))
    return scene, {f: expectation(Eye(scene, SIEMENS_ECAM, f)) for f in (True, False)}


def test_nothing_shines_from_beside_the_patient(views):
    scene, images = views
    body = scene.body.front > scene.body.back
    for image in images.values():
        assert image[body].sum() > 0.95 * image.sum()
        assert image[:20].max() < 0.01 * image.max()


def test_the_spine_is_clearer_from_behind(views):
    """Spine over flank: 3-4 from behind, 2.3 from the front, in real scans."""
    scene, images = views
    grid = scene.body.grid
    spine = scene.place[scene.label == BY_NAME["L3"].label]
    row, column, _ = grid.pixel(spine[:, 0], spine[:, 2])
    rows = slice(int(row.min()), int(row.max()))
    middle, aside = int(column.mean()), int(9 / SPACING[1])
    ratio = {}
    for forward, image in images.items():
        flank = (image[rows, middle - aside].mean() + image[rows, middle + aside].mean()) / 2
        ratio[forward] = image[rows, middle].mean() / flank
    assert 1.4 < ratio[True] < 3.5
    assert ratio[True] < ratio[False] < 5


def test_the_image_of_a_sum_is_the_sum_of_the_images():
    spot = focus(bone="L3", ratio=6.0)
    one, none = (
        expectation(Eye(stage(p, SPACING, np.random.default_rng(2)), SIEMENS_ECAM, True))
        for p in (plan(spot), plan())
    )
    more = one - none
    assert more.min() > -1e-6 * one.max()
    assert np.unravel_index(more.argmax(), more.shape) != (0, 0)


def test_the_left_is_at_the_right_of_the_grid():
    spot = focus(bone="femur_left", ratio=9.0, along=0.5, diameter_mm=30.0)
    scene = stage(plan(spot), SPACING, np.random.default_rng(2))
    image = expectation(Eye(scene, SIEMENS_ECAM, True))
    plain = expectation(Eye(stage(plan(), SPACING, np.random.default_rng(2)), SIEMENS_ECAM, True))
    assert (image - plain).sum(axis=0).argmax() > image.shape[1] / 2
