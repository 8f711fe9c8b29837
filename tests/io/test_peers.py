import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mmseg_bone.data.datamodule import StudyDataModule
from mmseg_bone.data.encode import EncodeStudy
from mmseg_bone.errors import StoreError
from mmseg_bone.io.peers import cases, roles, write_monai, write_nnunet
from mmseg_bone.io.store import Store


@pytest.fixture
def studies(study):
    """Four patients; the second has one view, the last was not drawn on."""
    counts = study.counts.copy()
    counts[0, 0, 0] = 65_535
    one = {"views": ("posterior",), "counts": counts[1:], "mask": study.mask[1:]}
    parts = [{}, one, {}, {"mask": None}]
    return [
        replace(study, **({"id": f"s{i}", "patient": f"p{i}", "counts": counts} | part))
        for i, part in enumerate(parts)
    ]


@pytest.fixture
def store(studies, tmp_path):
    return Store.write(tmp_path / "store", studies, {f"p{i}": i % 3 for i in range(4)})


def read(path):
    with Image.open(path) as file:
        return np.asarray(file)


def test_nnunet_gets_each_view_as_a_case_and_counts_as_they_are(store, tmp_path):
    folder = write_nnunet(store, tmp_path / "raw", number=7)

    assert folder.name == "Dataset007_BoneScan"
    images = sorted(path.name for path in (folder / "imagesTr").iterdir())
    assert images == [
        "s0_anterior_0000.png",
        "s0_posterior_0000.png",
        "s1_posterior_0000.png",
        "s2_anterior_0000.png",
        "s2_posterior_0000.png",
    ]
    assert len(list((folder / "labelsTr").iterdir())) == 5
    assert len(list((folder / "imagesTs").iterdir())) == 2  # nobody drew on s3
    image = read(folder / "imagesTr" / "s0_anterior_0000.png")
    assert image.dtype == np.uint16
    assert np.array_equal(image, store["s0"].counts[0])
    label = read(folder / "labelsTr" / "s0_anterior.png")
    assert label.dtype == np.uint8
    assert np.array_equal(label, store["s0"].mask[0])


def test_nnunet_is_told_what_it_asks_for(store, tmp_path):
    folder = write_nnunet(store, tmp_path / "raw")
    about = json.loads((folder / "dataset.json").read_text())
    assert about["channel_names"] == {"0": "counts"}
    assert about["labels"] == {"background": 0, "metastasis": 1}
    assert about["numTraining"] == 5
    assert about["file_ending"] == ".png"
    splits = json.loads((folder / "splits_final.json").read_text())
    assert splits[0] == {
        "train": ["s2_anterior", "s2_posterior"],
        "val": ["s0_anterior", "s0_posterior"],
    }
    assert [split["val"] for split in splits[1:]] == [
        ["s1_posterior"],
        ["s2_anterior", "s2_posterior"],
    ]


def test_monai_gets_a_list_for_each_fold_and_one_of_all(store, tmp_path):
    write_monai(store, tmp_path / "monai")
    fold0 = json.loads((tmp_path / "monai" / "dataset_fold0.json").read_text())
    assert fold0["validation"] == [
        {"image": "imagesTr/s1_posterior.png", "label": "labelsTr/s1_posterior.png"}
    ]
    assert fold0["test"] == ["imagesTr/s0_anterior.png", "imagesTr/s0_posterior.png"]
    assert len(fold0["training"]) == fold0["numTraining"] == 2
    everything = json.loads((tmp_path / "monai" / "datalist.json").read_text())
    assert sorted(entry["fold"] for entry in everything["training"]) == [0, 0, 1, 2, 2]
    assert everything["testing"][0] == {"image": "imagesTs/s3_anterior.png"}
    for entry in (*everything["training"], *everything["testing"]):
        for path in (entry["image"], entry.get("label", entry["image"])):
            assert (tmp_path / "monai" / path).is_file()


def test_peers_learn_from_the_studies_our_own_training_learns_from(store):
    for fold, role in roles(store).items():
        ours = StudyDataModule(store.path, EncodeStudy(), fold=fold)
        assert (role.train, role.validation, role.test) == (
            ours.train_ids,
            ours.val_ids,
            ours.test_ids,
        )


def test_one_view_is_one_case(store):
    assert cases(store, ["s1"]) == ["s1_posterior"]


def test_no_word_of_a_report_is_written(store, tmp_path):
    write_nnunet(store, tmp_path / "raw")
    write_monai(store, tmp_path / "monai")
    for path in (*tmp_path.glob("raw/*/*.json"), *tmp_path.glob("monai/*.json")):
        assert "肋" not in json.dumps(json.loads(path.read_text()), ensure_ascii=False)


@pytest.mark.parametrize("value", [70_000, 0.5])
def test_counts_that_do_not_fit_16_bits_are_refused(studies, tmp_path, value):
    counts = studies[0].counts.astype(np.float32)
    counts[1, 2, 2] = value
    changed = [replace(studies[0], counts=counts), *studies[1:]]
    store = Store.write(tmp_path / "wide", changed, {f"p{i}": i % 3 for i in range(4)})
    with pytest.raises(StoreError, match=r"study 's0': counts of the posterior view reach"):
        write_nnunet(store, tmp_path / "raw")


def test_a_folder_in_use_and_too_few_folds_are_refused(studies, store, tmp_path):
    write_monai(store, tmp_path / "monai")
    with pytest.raises(StoreError, match="is not empty"):
        write_monai(store, tmp_path / "monai")
    two = Store.write(tmp_path / "two", studies, {f"p{i}": i % 2 for i in range(4)})
    with pytest.raises(StoreError, match="are in folds 0, 1; three are needed"):
        write_nnunet(two, tmp_path / "raw")
