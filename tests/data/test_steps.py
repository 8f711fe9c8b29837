from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.data.encode import EncodeStudy
from mmseg_bone.data.steps import AddViews, CropBody, CropThorax, RemoveBladder, stages


@pytest.fixture
def tall(study):
    """A body of 60 rows whose thorax begins nowhere, so that a share of it is taken."""
    counts = np.full((2, 60, 6), 9, np.uint16)
    mask = np.zeros(counts.shape, bool)
    mask[0, 20, 4] = mask[1, 22, 1] = True
    return replace(study, counts=counts, mask=mask)


def test_a_crop_keeps_counts_and_mask_together_and_says_how_it_was_found(tall):
    cut = CropThorax(height_mm=16 * 2.26, margin_mm=0.0)(tall)
    first = round(0.149 * 60)
    assert np.array_equal(cut.mask, tall.mask[:, first : first + 16])
    assert cut.counts.shape == (2, 16, 6)
    assert cut.notes["thorax"] == "assumed"


def test_a_prediction_on_a_crop_comes_back_to_its_place(tall):
    crop = CropThorax(height_mm=16 * 2.26, margin_mm=0.0)
    back = crop.undo(crop(tall).mask.astype(np.float32), tall)
    assert np.array_equal(back, tall.mask)


def test_an_image_lower_than_the_crop_is_kept_whole(study):
    assert CropThorax()(study).counts.shape == study.counts.shape


def test_added_views_become_one_and_its_prediction_both(study):
    added = AddViews()(study)
    assert added.views == ("anterior",)
    assert added.counts[0, 3, 4] == 180  # the lesion of both views, once
    assert np.argwhere(added.mask).tolist() == [[0, 3, 4]]
    assert added.notes["views_added"] == "anterior+posterior"
    back = AddViews().undo(added.mask.astype(np.float32), study)
    assert np.array_equal(back, study.mask)


def test_a_posterior_view_alone_is_turned_and_turned_back(study):
    one = replace(study, views=("posterior",), counts=study.counts[1:], mask=study.mask[1:])
    added = AddViews()(one)
    assert np.argwhere(added.mask).tolist() == [[0, 3, 4]]
    assert np.array_equal(AddViews().undo(added.mask.astype(np.float32), one), one.mask)


def test_a_study_nobody_drew_on_stays_one_through_every_step(study):
    chain = [RemoveBladder(), AddViews(), CropThorax()]
    assert stages(chain, replace(study, mask=None))[-1].mask is None


def test_encoding_goes_through_all_steps_and_restores_backwards(tall):
    steps = {"thorax": CropThorax(height_mm=16 * 2.26, margin_mm=0.0), "views": AddViews()}
    encode = EncodeStudy(steps=steps)
    sample = encode(tall)

    assert sample["image"].shape == (2, 16, 6)
    assert sample["views"].tolist() == [True, False]
    back = encode.restore(sample["mask"].numpy().astype(np.float32), tall)
    assert back.shape == tall.counts.shape
    # Drawn in one view, predicted in both: the price of adding them up.
    assert np.array_equal(back > 0, tall.mask | tall.mask[::-1, :, ::-1])


def test_no_steps_change_nothing(study):
    assert stages((), study) == [study]
    assert (EncodeStudy(steps={})(study)["image"] == EncodeStudy()(study)["image"]).all()


@pytest.fixture
def aside(study):
    """A body at the right of the anterior view, which is the left of the posterior one."""
    counts = np.zeros((2, 300, 100), np.uint16)
    counts[0, 40:260, 60:90] = 50
    counts[1, 40:260, 10:40] = 50
    mask = np.zeros(counts.shape, bool)
    mask[0, 100, 65] = mask[1, 200, 12] = True
    return replace(study, counts=counts, mask=mask, spacing_mm=(2.0, 2.0))


def test_a_crop_to_the_body_takes_the_same_body_from_either_view(aside):
    cut = CropBody(margin_mm=10.0)(aside)
    _, height, width = cut.counts.shape
    assert 220 < height < 260
    assert 30 < width < 70
    assert cut.counts.sum() == aside.counts.sum()
    # What was so many columns from the patient's own edge still is, in either view.
    assert np.array_equal(cut.counts[0].sum(1), cut.counts[1].sum(1))
    assert np.array_equal(cut.counts[0], cut.counts[1][:, ::-1])
    assert cut.mask.sum(axis=(1, 2)).tolist() == [1, 1]


def test_a_crop_to_the_body_is_undone_exactly(aside):
    crop = CropBody()
    back = crop.undo(crop(aside).mask.astype(np.float32), aside)
    assert np.array_equal(back, aside.mask)
    one = replace(aside, views=("posterior",), counts=aside.counts[1:], mask=aside.mask[1:])
    assert np.array_equal(crop.undo(crop(one).mask.astype(np.float32), one), one.mask)


def test_a_blank_image_is_kept_whole_by_a_crop_to_the_body(aside):
    blank = replace(aside, counts=np.zeros_like(aside.counts))
    assert CropBody()(blank).counts.shape == aside.counts.shape
