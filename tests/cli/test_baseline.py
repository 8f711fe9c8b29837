from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.data.baseline import mark_hot_spots, sweep_clusters
from mmseg_bone.data.steps import CropThorax
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


@pytest.fixture
def store(study, tmp_path):
    """Four patients in two folds: a hot lesion, and background of five levels."""
    counts = np.tile(np.array([0, 10, 20, 25, 30, 35], np.uint16), (2, 5, 1))
    counts[study.mask] = 90
    studies = [replace(study, id=f"s{i}", patient=f"p{i}", counts=counts) for i in range(4)]
    return Store.write(tmp_path / "kstore", studies, {f"p{i}": i % 2 for i in range(4)})


def test_the_hottest_cluster_of_a_store_is_scored_as_a_run(store, command, tmp_path):
    out = command("baseline", "kmeans", "--store", store.path, "--fold", 1, "--out", tmp_path / "k")

    run = Run(tmp_path / "k")
    assert "2 studies of 2 patients" in out
    assert run.name == "kmeans"
    assert run.config["clusters"] == 5
    assert run.predicted == ["s1", "s3"]
    assert (run.read_scores().dice == 1).all()


def test_compare_takes_it_beside_a_trained_run(store, command, tmp_path):
    for name, words in {"a": [], "b": ["--thorax", "--no-bladder"]}.items():
        command("baseline", "kmeans", "--store", store.path, "--out", tmp_path / name, *words)
    command("compare", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "c", "--resamples", 5)
    text = (tmp_path / "c" / "comparison.md").read_text()
    assert "| kmeans |" in text
    assert "| kmeans_no_bladder_thorax |" in text


def test_the_number_of_clusters_is_chosen_on_the_other_folds(store, command, tmp_path):
    # Two clusters split the counts at 45, and so do they well; the lesion is alone either way.
    words = ["--clusters", 2, "--clusters", 3, "--out", tmp_path / "k"]
    out = command("baseline", "kmeans", "--store", store.path, *words)
    assert "2 clusters: IoU 1.0000 on the other folds" in out
    assert Run(tmp_path / "k").config["clusters"] == 2


def test_a_fold_that_is_none_and_a_folder_in_use_are_refused(store, command, tmp_path):
    words = ["baseline", "kmeans", "--store", store.path]
    assert "is in fold 7; it has folds 0, 1" in command(
        *words, "--fold", 7, "--out", tmp_path / "k"
    )
    assert "is not empty" in command(*words, "--out", store.path)


def test_hot_spots_outside_a_crop_are_not_marked(study):
    tall = replace(study, counts=np.full((2, 60, 6), 9, np.uint16), mask=None)
    tall.counts[:, 30, 2] = tall.counts[:, 55, 2] = 90
    tall.counts[:, :, 4] = 20
    assert mark_hot_spots(tall, 3)[:, [30, 55], 2].tolist() == [[1, 1], [1, 1]]
    cut = mark_hot_spots(tall, 3, [CropThorax(height_mm=68.0, margin_mm=0.0)])
    assert cut[:, [30, 55], 2].tolist() == [[1, 0], [1, 0]]
    assert cut.shape == tall.counts.shape


def test_without_drawings_no_number_of_clusters_is_better(study, tmp_path):
    store = Store.write(tmp_path / "undrawn", [replace(study, mask=None)], {"p1": 0})
    assert sweep_clusters(store, store.ids, [2, 3]) == {2: 0.0, 3: 0.0}
