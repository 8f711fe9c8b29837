"""The model that comes with the package is whole, small, and says what it is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmseg_bone.cli.load import device_at_hand, load_network, probability
from mmseg_bone.io.model import shipped_model
from mmseg_bone.io.runs import Run
from tests.imaging.phantoms import phantom


@pytest.fixture(scope="module")
def model():
    run = Run(shipped_model())
    return run, *load_network(run)


def test_it_is_small_and_has_a_card(model):
    run, _, _ = model
    assert run.weights.stat().st_size <= 12e6
    card = (run.path / "README.md").read_text("utf-8")
    for said in ("phantoms only", "Not a medical device", "Dice, mean over patients", "seed"):
        assert said in card


def dice(marked, mask):
    return 2 * (marked & mask).sum() / max(1, marked.sum() + mask.sum())


def test_it_finds_metastases_of_phantoms_it_never_saw_and_reads_their_reports(model):
    _, network, encode = model
    drawn = [study for study in map(phantom, range(4)) if study.mask.any()]
    marked, unread, masks = [], [], []
    for study in drawn:
        marked.append(probability(network, encode, study) >= 0.5)
        unread.append(probability(network, encode, replace(study, report=None)) >= 0.5)
        masks.append(study.mask)
    marked, unread, masks = map(np.stack, (marked, unread, masks))
    assert dice(marked, masks) > 0.2
    assert not np.array_equal(marked, unread)


def test_it_predicts_on_the_gpu_where_there_is_one(monkeypatch):
    # "meta" stands for a device that the tests' machine lacks.
    monkeypatch.setattr("mmseg_bone.cli.load.device_at_hand", lambda: torch.device("meta"))
    network, _ = load_network(Run(shipped_model()))
    assert {parameter.device.type for parameter in network.parameters()} == {"meta"}
    monkeypatch.undo()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_at_hand().type == "cuda"
