from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.data.datamodule import EpochShuffle, StudyDataModule
from mmseg_bone.data.encode import EncodeStudy
from mmseg_bone.errors import StoreError
from mmseg_bone.imaging.augment import Augment
from mmseg_bone.io.store import Store


@pytest.fixture
def store(study, tmp_path):
    """Seven patients of one study in three folds; the last one nobody drew on."""
    studies = [
        replace(study, id=f"s{i}", patient=f"p{i}", mask=None if i == 6 else study.mask)
        for i in range(7)
    ]
    Store.write(tmp_path / "store", studies, {f"p{i}": i % 3 for i in range(7)})
    return tmp_path / "store"


def test_one_fold_is_held_out_the_next_validates_and_undrawn_studies_are_left_out(store):
    data = StudyDataModule(store, EncodeStudy(), fold=2)
    assert data.test_ids == ["s2", "s5"]
    assert data.val_ids == ["s0", "s3"]
    assert data.train_ids == ["s1", "s4"]
    assert [batch["id"] for batch in data.predict_dataloader()] == [["s2", "s5"]]
    assert [batch["id"] for batch in data.val_dataloader()] == [["s0", "s3"]]


def test_undrawn_studies_are_learnt_from_if_asked_for_and_never_scored(store):
    data = StudyDataModule(store, EncodeStudy(), Augment(), fold=1, include_undrawn=True)
    assert (data.test_ids, data.val_ids) == (["s1", "s4"], ["s2", "s5"])
    assert data.train_ids == ["s0", "s3", "s6"]  # nobody drew on s6, of fold 0

    (batch,) = data.train_dataloader()
    drawn = dict(zip(batch["id"], batch["drawn"].tolist(), strict=True))
    assert drawn == {"s0": True, "s3": True, "s6": False}
    lesion = dict(zip(batch["id"], batch["mask"].flatten(1).any(1).tolist(), strict=True))
    assert lesion == drawn
    assert all("drawn" not in batch for batch in data.val_dataloader())


@pytest.mark.parametrize("fold", [0, 2])  # s6 is of fold 0: held out, or validated on
def test_undrawn_studies_of_a_fold_that_is_not_learnt_from_are_left_out(store, fold):
    data = StudyDataModule(store, EncodeStudy(), fold=fold, include_undrawn=True)
    assert "s6" not in data.train_ids + data.val_ids + data.test_ids


def test_a_share_of_the_patients_is_learnt_from_and_the_same_ones_by_every_seed(study, tmp_path):
    studies = [  # twenty patients of two studies in the fold that is learnt from
        replace(study, id=f"s{i}", patient=f"p{i // 2}") for i in range(44)
    ]
    folds = {f"p{i}": 2 for i in range(20)} | {"p20": 0, "p21": 1}
    Store.write(tmp_path / "store", studies, folds)

    def learnt(share, seed=0):
        data = StudyDataModule(tmp_path / "store", EncodeStudy(), share=share, seed=seed)
        assert (data.test_ids, data.val_ids) == (["s40", "s41"], ["s42", "s43"])  # whole
        patients = [data.store.rows[id]["patient"] for id in data.train_ids]
        assert all(patients.count(patient) == 2 for patient in patients)  # both studies of each
        return data.train_ids

    assert len(learnt(1.0)) == 40
    assert len(learnt(0.3)) == 12
    assert len(learnt(0.001)) == 2  # one patient at least
    assert set(learnt(0.1)) < set(learnt(0.3)) < set(learnt(1.0))
    assert learnt(0.3, seed=0) == learnt(0.3, seed=1)
    assert learnt(0.3) != learnt(1.0)[:12]  # not the first of the store


def test_masks_beyond_the_share_are_withheld_where_undrawn_studies_are_learnt_from(store):
    settings = {"fold": 1, "share": 0.5, "include_undrawn": True, "batch_size": 5}
    data = StudyDataModule(store, EncodeStudy(), repeat_drawn=3, **settings)
    kept = StudyDataModule(store, EncodeStudy(), fold=1, share=0.5).train_ids
    assert len(kept) == 1  # of s0 and s3, on both of which somebody drew
    assert sorted(data.train_ids) == sorted([*kept * 3, *({"s0", "s3", "s6"} - set(kept))])

    (batch,) = data.train_dataloader()
    drawn = batch["drawn"]
    assert len(drawn) == 5
    assert {id for id, yes in zip(batch["id"], drawn.tolist(), strict=True) if yes} == set(kept)
    assert not batch["mask"][~drawn].any()
    assert all("drawn" not in batch for batch in data.val_dataloader())  # whole


def test_a_study_that_is_repeated_is_augmented_anew(store):
    data = StudyDataModule(store, EncodeStudy(), Augment(), fold=1, repeat_drawn=2, batch_size=4)
    assert data.train_ids == ["s0", "s0", "s3", "s3"]
    (batch,) = data.train_dataloader()
    first, second = (
        image for id, image in zip(batch["id"], batch["image"], strict=True) if id == "s0"
    )
    assert not first.equal(second)


def test_a_study_is_learnt_from_once_at_least(store):
    with pytest.raises(StoreError, match="data.repeat_drawn=0: expected 1 or more"):
        StudyDataModule(store, EncodeStudy(), repeat_drawn=0)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_an_error(share, store):
    with pytest.raises(StoreError, match="is no share of the patients; expected more than 0"):
        StudyDataModule(store, EncodeStudy(), share=share)


def test_a_fold_that_was_not_dealt_is_an_error(store):
    with pytest.raises(StoreError, match=r"fold 7; it has folds 0, 1, 2\."):
        StudyDataModule(store, EncodeStudy(), fold=7)


def test_two_folds_leave_nothing_to_learn_from(study, tmp_path):
    studies = [replace(study, id=f"s{i}", patient=f"p{i}") for i in range(2)]
    Store.write(tmp_path / "two", studies, {"p0": 0, "p1": 1})
    with pytest.raises(StoreError, match="Three are needed"):
        StudyDataModule(tmp_path / "two", EncodeStudy(), fold=0)


def test_a_fold_to_validate_on_without_a_lesion_is_an_error(study, tmp_path):
    normal = np.zeros_like(study.mask)
    studies = [
        replace(study, id=f"s{i}", patient=f"p{i}", mask=normal if i == 1 else study.mask)
        for i in range(3)
    ]
    Store.write(tmp_path / "store", studies, {f"p{i}": i for i in range(3)})
    said = r"no study in fold 1 of .*store has a lesion drawn.*fold 0 is held out.*\(fold=1, 2\)"
    with pytest.raises(StoreError, match=said):
        StudyDataModule(tmp_path / "store", EncodeStudy(), fold=0)
    for fold in (1, 2):  # the fold held out, or learnt from, may be without
        StudyDataModule(tmp_path / "store", EncodeStudy(), fold=fold)


def test_an_epoch_has_an_order_of_its_own_and_always_the_same():
    sampler = EpochShuffle(20, seed=0)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    again = EpochShuffle(20, seed=0)
    again.set_epoch(1)

    assert sorted(place for _, place in second) == list(range(20))
    assert [place for _, place in first] != [place for _, place in second]
    assert list(again) == second


def test_workers_that_validate_end_with_the_epoch(store):
    data = StudyDataModule(store, EncodeStudy(), workers=1)
    assert data.train_dataloader().persistent_workers
    assert not data.val_dataloader().persistent_workers


def test_augmentation_depends_on_seed_epoch_and_study_alone(store):
    data = StudyDataModule(store, EncodeStudy(), Augment(), fold=1, batch_size=1)
    images = {}
    for _ in range(2):  # as after a resume: a new loader, the same epoch
        loader = data.train_dataloader()
        loader.sampler.set_epoch(3)
        for batch in loader:
            image = batch["image"].numpy()
            np.testing.assert_array_equal(images.setdefault(batch["id"][0], image), image)
    assert len(images) == 2
