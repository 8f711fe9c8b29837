import pytest

from mmseg_bone.tasks.schedule import share_of_peak


def rates(schedule, warmup):
    return [
        share_of_peak(step, steps=8, warmup=warmup, schedule=schedule) for step in (0, 1, 3, 5, 8)
    ]


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine():
    expected = [0.5, 1.0, (1 + 3**0.5 / 2) / 2, 0.5, 0.0]  # 2 rising; 1, 3, 6 of 6 falling
    assert rates("cosine", 0.25) == pytest.approx(expected)


def test_a_constant_rate_is_constant_after_its_rise():
    assert rates("constant", 0.0) == [1, 1, 1, 1, 1]
    assert rates("constant", 0.5) == [0.25, 0.5, 1, 1, 1]


def test_training_on_after_the_last_step_stays_at_the_end():
    assert share_of_peak(20, steps=8, warmup=0.0, schedule="cosine") == pytest.approx(0)
