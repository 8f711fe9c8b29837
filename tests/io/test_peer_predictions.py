from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mmseg_bone.errors import RunError
from mmseg_bone.io.peer_predictions import PeerPredictions


def write_masks(folder, study, value=1, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    for view, mask in zip(study.views, study.mask, strict=True):
        name = f"{study.id}_{view}{suffix}.png"
        Image.fromarray(mask.astype(np.uint8) * np.uint8(value)).save(folder / name)


@pytest.mark.parametrize("value", [1, 255])
def test_masks_are_read_whatever_value_a_lesion_has(study, tmp_path, value):
    write_masks(tmp_path / "below", study, value)
    found = PeerPredictions(tmp_path)
    assert found.has("s1", "anterior")
    assert not found.has("s2", "anterior")
    assert np.array_equal(found.read(study), study.mask)


def test_an_empty_mask_is_an_answer(study, tmp_path):
    write_masks(tmp_path, replace(study, mask=np.zeros_like(study.mask)))
    assert not PeerPredictions(tmp_path).read(study).any()


def test_probabilities_of_nnunet_count_before_its_masks(study, tmp_path):
    write_masks(tmp_path, study)
    for at, view in enumerate(study.views):
        lesion = np.where(study.mask[at], 0.75, 0.125)[None]
        content = np.stack([1 - lesion, lesion])  # class, slice, row, column
        np.savez(tmp_path / f"s1_{view}.npz", probabilities=content)
    assert np.array_equal(PeerPredictions(tmp_path).read(study), np.where(study.mask, 0.75, 0.125))


@pytest.mark.parametrize("shape", [(5, 6), (1, 5, 6), (2, 5, 6), (2, 1, 5, 6)])
def test_probabilities_may_have_classes_before_them(study, tmp_path, shape):
    array = np.zeros(shape, np.float32)
    array[(-1,) * (len(shape) - 2)] = 0.5
    for view in study.views:
        np.save(tmp_path / f"s1_{view}_seg.npy", array)
    assert (PeerPredictions(tmp_path, "_seg").read(study) == 0.5).all()


def test_a_study_of_one_view_needs_one(study, tmp_path):
    one = replace(study, views=("posterior",), counts=study.counts[1:], mask=study.mask[1:])
    write_masks(tmp_path, one)
    assert np.array_equal(PeerPredictions(tmp_path).read(one), one.mask)


def test_what_is_missing_is_named(study, tmp_path):
    with pytest.raises(RunError, match=r"holds no \*\.png, \.npy or \.npz"):
        PeerPredictions(tmp_path)
    write_masks(tmp_path, study)
    (tmp_path / "s1_posterior.png").unlink()
    with pytest.raises(RunError, match=r"holds no s1_posterior\.png"):
        PeerPredictions(tmp_path).read(study)


def test_two_predictions_of_one_view_are_refused(study, tmp_path):
    write_masks(tmp_path / "fold_0", study)
    write_masks(tmp_path / "fold_1", study)
    with pytest.raises(RunError, match="are both predictions of one view"):
        PeerPredictions(tmp_path).read(study)


def test_columns_before_rows_are_recognised(study, tmp_path):
    for view in study.views:
        np.save(tmp_path / f"s1_{view}.npy", np.zeros((6, 5)))
    with pytest.raises(RunError, match="6×5 pixels, its view 5×6. Rows and columns have changed"):
        PeerPredictions(tmp_path).read(study)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.full((5, 6), 3.0), "a probability lies from 0 to 1"),
        (np.full((5, 6), np.nan), "a probability lies from 0 to 1"),
        (np.zeros((3, 5, 6)), r"has shape \(3, 5, 6\)"),
        (np.array([{"a": 1}]), "cannot be read as a NumPy array of numbers"),
    ],
)
def test_arrays_that_are_no_probability_are_refused(study, tmp_path, array, said):
    np.save(tmp_path / "s1_anterior.npy", array, allow_pickle=True)
    with pytest.raises(RunError, match=said):
        PeerPredictions(tmp_path).read(study)


def test_pictures_that_are_no_mask_are_refused(study, tmp_path):
    path = tmp_path / "s1_anterior.png"
    Image.fromarray(np.arange(30, dtype=np.uint8).reshape(5, 6)).save(path)
    with pytest.raises(RunError, match="is no mask: it has 30 different values"):
        PeerPredictions(tmp_path).read(study)
    path.write_text("no picture")
    with pytest.raises(RunError, match="cannot be read as PNG"):
        PeerPredictions(tmp_path).read(study)


def test_an_archive_of_several_arrays_has_to_name_the_right_one(study, tmp_path):
    np.savez(tmp_path / "s1_anterior.npz", a=np.zeros(2), b=np.zeros(2))
    with pytest.raises(RunError, match="holds a, b; expected one array"):
        PeerPredictions(tmp_path).read(study)
