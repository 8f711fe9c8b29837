import numpy as np
import pytest

from mmseg_bone.anatomy import BONES
from mmseg_bone.phantom.anatomy.body import Body, Grid, Stack
from mmseg_bone.phantom.draw import stage
from tests.phantom.drawing import plan

GRID = Grid((0.25, 0.2), (80, 100), top_cm=10.0, left_cm=-10.0)


def cylinder(radius, x=0.0, y=0.0):
    z = np.array([-10.0, 10.0])
    return Stack(z, np.tile([x, y], (2, 1)), np.full((2, 2), radius))


def body(organ=None, density=0.0):
    rows, columns, low, high = cylinder(5.0).extent(GRID)
    back, front = np.zeros(GRID.shape), np.zeros(GRID.shape)
    back[rows, columns], front[rows, columns] = low, high
    organs = [] if organ is None else [(*organ.extent(GRID), 0.0, density)]
    return Body(GRID, back, front, np.ones(80), organs, -5.0)


def depth(body, y, forward):
    row, column = np.array([40]), np.array([50])
    return float(body.depth_of(row, column, np.array([y]), forward)[0])


def test_rows_go_down_and_columns_to_the_patients_left():
    row, column, on = GRID.pixel(np.array([-9.9, 9.9, 11.0]), np.array([9.9, -9.9, 0.0]))
    assert (row[0], column[0]) == (0, 0)
    assert (row[1], column[1]) == (79, 99)
    np.testing.assert_array_equal(on, [True, True, False])


def test_a_cylinder_is_as_deep_as_its_chord():
    made = body()
    middle = np.abs(GRID.x) < 0.2
    np.testing.assert_allclose((made.front - made.back)[40, middle], 10.0, rtol=0.01)
    aside = np.argmin(np.abs(GRID.x - 3.0))
    chord = 2 * np.sqrt(25 - GRID.x[aside] ** 2)
    assert (made.front - made.back)[40, aside] == pytest.approx(chord)
    assert (made.front - made.back)[:, np.abs(GRID.x) > 5].max() == 0


def test_depth_counts_from_the_skin_that_faces_the_camera():
    assert depth(body(), 3.0, forward=True) == pytest.approx(2.0, abs=0.02)
    assert depth(body(), 3.0, forward=False) == pytest.approx(8.0, abs=0.02)


def test_lung_weakens_less_than_water():
    with_lung = body(cylinder(2.0), density=-0.7)
    # From y=-4 the way out passes 4 cm of lung, which count as 1.2.
    assert depth(with_lung, -4.0, forward=True) == pytest.approx(9.0 - 0.7 * 4.0, abs=0.05)
    assert depth(with_lung, -4.0, forward=False) == pytest.approx(1.0, abs=0.02)


def test_a_stack_off_the_grid_takes_no_pixel():
    rows, columns, low, _ = cylinder(1.0, x=50.0).extent(GRID)
    assert low.size == 0
    assert rows == columns == slice(0, 0)


@pytest.mark.parametrize(
    "who",
    [
        {"sex": "male", "bmi": 17.0, "height_cm": 168.0},
        {"sex": "male", "bmi": 34.0, "height_cm": 165.0},
        {"sex": "female", "bmi": 18.0, "height_cm": 150.0, "age": 80, "scoliosis_cm": -2.0},
        {"sex": "female", "bmi": 24.0, "height_cm": 158.0, "age": 84},
        {"sex": "male", "bmi": 23.0, "height_cm": 185.0, "scoliosis_cm": 2.0},
    ],
)
def test_no_bone_leaves_the_body(who):
    scene = stage(plan(**who), (0.23, 0.23), np.random.default_rng(1))
    row, column, on = scene.body.grid.pixel(scene.place[:, 0], scene.place[:, 2])
    assert on.all()
    inside = scene.place[:, 1] <= scene.body.front[row, column]
    inside &= scene.place[:, 1] >= scene.body.back[row, column]
    outside = {b.name: 1 - inside[scene.label == b.label].mean() for b in BONES}
    assert {name: share for name, share in outside.items() if share > 0.02} == {}


def test_only_women_have_breasts_which_take_up_a_little_more_than_muscle():
    bodies = {
        sex: stage(plan(sex=sex), (0.5, 0.5), np.random.default_rng(0)).body
        for sex in ("female", "male")
    }
    # Organs that lie before the heart, beside the midline, with more uptake and no less density.
    found = {
        sex: [
            (columns, added)
            for rows, columns, back, front, added, density in body.organs
            if back.size and added > 0 and not density and abs(body.grid.z[rows].mean() - 127) < 4
            and abs(body.grid.x[columns].mean()) > 7 and back[front > back].min() > 2
        ]
        for sex, body in bodies.items()
    }  # fmt: skip
    assert len(found["female"]) == 2
    assert not found["male"]
    (_, left), (_, right) = found["female"]
    assert left == right
    assert 0.3 <= left <= 1.0
