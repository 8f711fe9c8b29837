import math

import numpy as np
import pytest

from mmseg_bone.analysis.probes import linear_probe


def test_labels_along_a_line_are_all_named():
    x = np.array([[-2.0, 5.0], [-1.0, 3.0], [1.0, 4.0], [2.0, 4.0]])
    sides = ["left", "left", "right", "right"]
    assert linear_probe(x, sides, x * [10, 1], sides) == (1.0, 0.5, 4)


def test_three_corners_are_told_apart_and_a_ring_is_not():
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]).repeat(5, axis=0)
    labels = [name for name in "abc" for _ in range(5)]
    assert linear_probe(corners, labels, corners, labels).accuracy == 1.0

    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], 1)
    inside = np.concatenate([circle * 0.1, circle])
    ring = ["inside"] * 40 + ["ring"] * 40
    assert linear_probe(inside, ring, inside, ring).accuracy < 0.7


def test_noise_is_named_no_better_than_by_chance():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 5)), rng.integers(2, size=400).astype(str).tolist()
    probe = linear_probe(x[:200], y[:200], x[200:], y[200:])
    assert probe.accuracy == pytest.approx(0.5, abs=0.12)


def test_features_of_any_unit_give_the_same_answers():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4))
    y = ["high" if row[0] + row[1] > 0 else "low" for row in x]
    scale, shift = np.array([1e-4, 1e4, 1.0, 3.0]), np.array([5.0, -1e3, 0.0, 2.0])
    moved = x * scale + shift
    assert linear_probe(x[:40], y[:40], x[40:], y[40:]) == linear_probe(
        moved[:40], y[:40], moved[40:], y[40:]
    )


def test_a_feature_that_never_changes_does_no_harm():
    x = np.array([[-1.0, 7.0], [1.0, 7.0]])
    assert linear_probe(x, ["a", "b"], x, ["a", "b"]).accuracy == 1.0


def test_a_label_never_met_is_named_wrong_and_no_case_is_no_score():
    x = np.array([[-1.0], [1.0]])
    assert linear_probe(x, ["a", "b"], x, ["a", "c"]).accuracy == 0.5
    none = linear_probe(x, ["a", "b"], x[:0], [])
    assert math.isnan(none.accuracy)
    assert none.cases == 0


def test_the_penalty_is_chosen_on_the_training_cases():
    """One true feature among sixty, and hardly more cases: little penalty is too little."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(265, 60)), rng.integers(2, size=265)
    x[:, 0] += 4 * y
    labels = y.astype(str).tolist()
    cases = x[:65], labels[:65], x[65:], labels[65:]
    assert linear_probe(*cases).accuracy > linear_probe(*cases, ridges=(1e-5,)).accuracy + 0.1


def test_one_training_case_is_enough_to_always_say_its_label():
    x = np.array([[1.0], [2.0]])
    assert linear_probe(x[:1], ["a"], x, ["a", "b"]).accuracy == 0.5
