"""What a training begins with, on studies of a few pixels."""

import pytest
from safetensors.torch import load_file

from mmseg_bone.cli import main
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from tests.cli.studies import patients

SMALL = ["model.base_channels=4", "model.depth=3", "trainer.accelerator=cpu"]
SHIPPED = [
    "experiment=text_fused_bones_peaks",
    "size=full",
    "trainer.precision=32-true",
    "data.workers=0",
]
QUICK = ["trainer.enable_progress_bar=false", "data.batch_size=2", "trainer.max_epochs=1"]


def write(path, count, first=0):
    numbers = range(first, first + count)
    studies = [patients(first + count)[i] for i in numbers]
    return Store.write(path, studies, {f"p{i}": i % 3 for i in numbers}).path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Nine patients in three folds."""
    return write(tmp_path_factory.mktemp("data") / "store", 9)


@pytest.fixture(scope="module")
def free(store, tmp_path_factory):
    """A text-free run of fold 0."""
    folder = tmp_path_factory.mktemp("runs") / "free"
    train(f"store={store}", f"hydra.run.dir={folder}")
    return folder


def train(*words):
    main(["train", *SMALL, *QUICK, *words])


def learnt(folder):
    return load_file(Run(folder).weights)


def test_a_network_learns_on_from_the_weights_of_another_run(store, free, tmp_path):
    where = f"store={store}", f"weights={free}"
    train(*where, f"hydra.run.dir={tmp_path}/still", "seed=7", "optimizer.lr=0")
    train(*where, f"hydra.run.dir={tmp_path}/on", "seed=7")
    given, still, on = (learnt(f) for f in (free, tmp_path / "still", tmp_path / "on"))
    assert all(still[name].equal(value) for name, value in given.items())
    assert not any(  # all of it learns; a bias before a norm may stay where it is
        on[name].equal(value) for name, value in given.items() if name.endswith("weight")
    )


def test_also_on_patients_of_another_store_and_any_fold(free, tmp_path):
    other = write(tmp_path / "other", 6, first=9)
    train(f"store={other}", f"weights={free}", f"hydra.run.dir={tmp_path}/run", "fold=1")
    assert Run(tmp_path / "run").predicted == ["s10", "s13"]


@pytest.mark.parametrize("option", ["weights", "start"])
def test_weights_that_have_learnt_from_what_is_held_out_are_refused(option, store, free, tmp_path):
    with pytest.raises(SystemExit, match="has learnt from fold 1, which is held out now"):
        train(f"store={store}", f"{option}={free}", "fold=1", f"hydra.run.dir={tmp_path}/run")
    assert not (tmp_path / "run" / "config.yaml").exists()


@pytest.mark.parametrize("option", ["weights", "start"])
def test_also_where_the_store_has_grown_since(option, free, tmp_path):
    grown = write(tmp_path / "grown", 10)  # its digest is another one
    words = [f"store={grown}", f"{option}={free}", f"hydra.run.dir={tmp_path}/run"]
    said = "has learnt, in another store, from the patients of 3 of the 3 studies of fold 1, which"
    with pytest.raises(SystemExit, match=said):
        train(*words, "fold=1")
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_what_a_run_began_with_is_learnt_from_by_it_too(free, tmp_path):
    other = write(tmp_path / "other", 6, first=9)
    train(f"store={other}", f"weights={free}", f"hydra.run.dir={tmp_path}/on")
    grown = write(tmp_path / "grown", 10)
    with pytest.raises(SystemExit, match="from the patients of 3 of the 3 studies of fold 1"):
        train(f"store={grown}", f"weights={tmp_path}/on", f"hydra.run.dir={tmp_path}/x", "fold=1")
    words = f"weights={tmp_path}/on", f"hydra.run.dir={tmp_path}/y", "fold=0"
    train(f"store={grown}", *words)  # held out by both
    assert Run(tmp_path / "y").predicted == ["s0", "s3", "s6", "s9"]


def test_weights_of_another_network_are_refused(store, free, tmp_path):
    where = [f"store={store}", f"weights={free}", f"hydra.run.dir={tmp_path}/run"]
    with pytest.raises(SystemExit, match="is of another network: .* differs, and .* more"):
        train(*where, "model.base_channels=8")
    with pytest.raises(SystemExit, match="is of another network: "):  # the report has no weights
        train(*where, "experiment=text_fused")


def test_the_model_that_ships_is_learnt_on_from_with_its_settings_alone(store, tmp_path):
    where = [f"store={store}", "weights=shipped", f"hydra.run.dir={tmp_path}/run"]
    with pytest.raises(SystemExit, match=r"Give the settings .*size=full"):
        train(*where)
    main(["train", *QUICK, "trainer.accelerator=cpu", *where, *SHIPPED])
    assert Run(tmp_path / "run").predicted == ["s0", "s3", "s6"]


def test_only_the_image_part_of_the_same_network_can_be_started_from(store, free, tmp_path):
    where = [f"store={store}", f"hydra.run.dir={tmp_path}/run", f"start={free}"]
    with pytest.raises(SystemExit, match="is no image part of this network.* differs"):
        train(*where, "experiment=text_fused", "model.base_channels=8")
    with pytest.raises(SystemExit, match="is no image part of this network.*it is all of it"):
        train(*where, "experiment=text_free")


@pytest.mark.parametrize("norms", [("batch", "batch"), ("instance", "batch")])
def test_an_image_part_with_batch_norm_would_not_stay_and_is_refused(norms, store, tmp_path):
    began, reads = (f"model.norm={norm}" for norm in norms)
    train(f"store={store}", f"hydra.run.dir={tmp_path}/free", began)
    where = [f"store={store}", f"hydra.run.dir={tmp_path}/run", f"start={tmp_path}/free"]
    with pytest.raises(SystemExit, match=r"running means .* move .*model\.norm=instance"):
        train(*where, "experiment=text_fused", reads)


def test_bones_that_were_learnt_are_kept_with_the_image_part(store, tmp_path):
    bones = [f"store={store}", "steps=body"]
    train(*bones, "experiment=text_free_bones", f"hydra.run.dir={tmp_path}/free")
    words = ["experiment=text_fused_bones_words", "model.report_dropout=0", "data.exchanged=0"]
    where = [f"start={tmp_path}/free", f"hydra.run.dir={tmp_path}/read"]
    train(*bones, *words, *where, "optimizer.lr=0.1")
    before, after = learnt(tmp_path / "free"), learnt(tmp_path / "read")
    of_image = [name for name in after if name.startswith(("unet.", "ground.anatomy."))]
    assert any(name.startswith("ground.anatomy.heads") for name in of_image)
    assert all(after[name].equal(before[name]) for name in of_image)
    assert any(after[name].any() for name in after if ".out." in name)  # zero before it learnt
    assert not any(before[name].any() for name in before if name.endswith(".out.weight"))


def test_heads_on_an_atlas_learn_on_an_image_part_that_named_bones_without(store, tmp_path):
    bones = [f"store={store}", "steps=body"]
    train(*bones, "experiment=text_free_bones", f"hydra.run.dir={tmp_path}/free")
    words = ["experiment=text_fused_atlas_peaks", "model.report_dropout=0", "data.exchanged=0"]
    train(*bones, *words, f"start={tmp_path}/free", f"hydra.run.dir={tmp_path}/read")
    before, after = learnt(tmp_path / "free"), learnt(tmp_path / "read")
    kept = [name for name in after if name.startswith("unet.")]
    assert kept
    assert all(after[name].equal(before[name]) for name in kept)
    assert not any(name.startswith("ground.anatomy.heads") for name in after)
    assert all(after[name].any() for name in after if "corrections" in name)  # zero at first
