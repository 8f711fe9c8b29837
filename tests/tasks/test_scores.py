import pytest
import torch

from mmseg_bone.tasks.scores import StudyDice


def study(*pixels):
    """One study, both views the same four pixels."""
    return torch.tensor([[[pixels], [pixels]]]).bool()


def test_studies_with_a_lesion_are_averaged_and_pixels_of_all_are_pooled():
    dice = StudyDice()
    dice.update(study(1, 1, 0, 0), study(1, 1, 0, 0))  # found: 1
    dice.update(
        torch.cat([study(1, 0, 0, 0), study(1, 0, 0, 0)]),  # half found: 2/3; a false alarm
        torch.cat([study(1, 1, 0, 0), study(0, 0, 0, 0)]),
    )

    scores = dice.compute()
    assert scores["dice"] == pytest.approx((1 + 2 / 3) / 2)
    assert scores["dice_micro"] == pytest.approx(2 * 6 / (2 * 6 + 2 + 2))  # 6 TP, 2 FN, 2 FP


def test_without_a_lesion_there_is_no_dice_to_average():
    dice = StudyDice()
    dice.update(study(0, 0, 0, 0), study(0, 0, 0, 0))
    assert dice.compute()["dice"].isnan()
    assert dice.compute()["dice_micro"].isnan()

    dice.update(study(1, 0, 0, 0), study(0, 0, 0, 0))  # a false alarm
    assert dice.compute()["dice"].isnan()
    assert dice.compute()["dice_micro"] == 0


def test_a_view_that_was_not_acquired_is_not_counted():
    dice, prediction, reference = StudyDice(), study(1, 1, 0, 0), study(1, 0, 0, 0)
    prediction[:, 1], reference[:, 1] = False, True  # all wrong
    dice.update(prediction, reference, torch.tensor([[True, False]]))
    assert dice.compute()["dice"] == pytest.approx(2 / 3)


def test_processes_are_pooled_before_dividing():
    one, two = StudyDice(), StudyDice()
    one.update(study(1, 1, 0, 0), study(1, 1, 0, 0))
    two.update(study(1, 0, 0, 0), study(1, 1, 1, 1))
    one.merge_state(two)

    assert one.compute()["dice"] == pytest.approx((1 + 2 / 5) / 2)
    assert one.compute()["dice_micro"] == pytest.approx(2 * 6 / (2 * 6 + 6))
