"""Weights between those a training began with and those it learnt."""

import pytest
import torch

from mmseg_bone.cli.keeping import between
from mmseg_bone.cli.load import load_network, probability
from mmseg_bone.io.runs import Run, as_kept
from mmseg_bone.io.store import Store
from tests.cli.test_begin import learnt, train, write


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data") / "store", 9)


@pytest.fixture(scope="module")
def begun(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "begun"
    train(f"store={store}", f"hydra.run.dir={folder}")
    return folder


def test_a_quarter_kept_lies_three_quarters_of_the_way():
    was = {"w": torch.tensor([0.0, 4.0]), "n": torch.tensor(3)}
    now = {"w": torch.tensor([8.0, -4.0]), "n": torch.tensor(5)}
    found = between(was, now, 0.25)
    assert found["w"].tolist() == [6.0, -2.0]
    assert found["n"] == 5  # no weight


def test_nothing_kept_is_what_was_learnt_to_the_last_bit():
    was, now = ({"w": torch.rand(9, generator=torch.Generator().manual_seed(i))} for i in (0, 1))
    assert between(was, now, 0)["w"].equal(now["w"])


def test_a_training_keeps_its_share_and_predicts_with_it(store, begun, tmp_path):
    words = [f"store={store}", f"weights={begun}", "seed=7", "optimizer.lr=0.05"]
    train(*words, f"hydra.run.dir={tmp_path}/all")
    train(*words, f"hydra.run.dir={tmp_path}/some", "kept=0.25")
    was, now, found = (learnt(folder) for folder in (begun, tmp_path / "all", tmp_path / "some"))
    for name, value in found.items():
        assert torch.allclose(value, 0.25 * was[name] + 0.75 * now[name], atol=1e-6)
    one, other = (Run(tmp_path / name) for name in ("all", "some"))
    assert (one.read_prediction("s0") != other.read_prediction("s0")).any()
    again = as_kept(probability(*load_network(other), Store(store)["s0"]))
    assert (other.read_prediction("s0") == again).all()


def test_a_training_that_was_done_goes_on_to_another_share_without_a_step(store, begun, tmp_path):
    words = [f"store={store}", f"weights={begun}", f"hydra.run.dir={tmp_path}/run"]
    train(*words, "optimizer.lr=0.05")
    before = learnt(tmp_path / "run")
    train(*words, "optimizer.lr=0.05", "ckpt_path=last", "kept=0.5")
    was, now = learnt(begun), learnt(tmp_path / "run")
    assert all(torch.allclose(now[k], (was[k] + before[k]) / 2, atol=1e-6) for k in now)


def test_what_cannot_be_kept_is_refused_before_the_first_step(store, begun, tmp_path):
    where = [f"store={store}", f"hydra.run.dir={tmp_path}/run"]
    with pytest.raises(SystemExit, match=r"begins with none\. Name them with weights=RUN"):
        train(*where, "kept=0.3")
    for wrong in ("1", "-0.1", "30"):
        with pytest.raises(SystemExit, match="is no share of weights"):
            train(*where, f"weights={begun}", f"kept={wrong}")
    with pytest.raises(SystemExit, match=r"goes with model\.norm=instance"):
        train(*where, f"weights={begun}", "kept=0.3", "model.norm=batch")
    assert not (tmp_path / "run" / "config.yaml").exists()
