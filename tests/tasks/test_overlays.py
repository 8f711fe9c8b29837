"""What the logger is shown, worked out by hand on a network that marks what it is told."""

import math
from unittest.mock import MagicMock

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from mmseg_bone.nn.network import Network
from mmseg_bone.tasks.overlays import PREDICTION, REFERENCE, UNREAD, LogOverlays, _tinted
from mmseg_bone.tasks.segmentation import SegmentationTask


class MarksIfTold(Network):
    """Marks every pixel of a study that has a report, and none of another."""

    def __init__(self, *said):
        super().__init__()
        self.reads = ("image", *said)

    def forward(self, image, **said):
        told = [part.reshape(len(image), -1).any(1) for part in said.values()] or [
            torch.ones(len(image)) > 0
        ]
        return torch.where(torch.stack(told).any(0)[:, None, None, None], image + 9, image - 9)


@pytest.fixture
def batch():
    """One study of 2×3 pixels, padded to 4×4, with one pixel of lesion in the anterior view."""
    mask = torch.zeros(1, 2, 4, 4, dtype=torch.bool)
    mask[0, 0, 1, 2] = True
    return {
        "id": ["s1"],
        "image": torch.zeros(1, 2, 4, 4),
        "mask": mask,
        "views": torch.ones(1, 2, dtype=torch.bool),
        "size": torch.tensor([[2, 3]]),
        "token_mask": torch.ones(1, 5, dtype=torch.bool),
        "evidence": torch.ones(1, 3, 2),
        "told": torch.ones(1, dtype=torch.bool),
    }


@pytest.fixture
def shown(batch, monkeypatch):
    """The pictures a network's validation epoch leaves."""

    def show(*said):
        monkeypatch.setattr("mmseg_bone.tasks.overlays._loggers", lambda trainer: ["one"])
        trainer = MagicMock(
            spec=pl.Trainer, current_epoch=0, sanity_checking=False, is_global_zero=True
        )
        task = SegmentationTask(MarksIfTold(*said), torch.nn.Identity(), torch.optim.SGD)
        overlays = LogOverlays(studies=4)
        overlays.on_validation_epoch_start(trainer, task)
        overlays.on_validation_batch_end(trainer, task, None, batch, 0)
        return overlays.pictures

    return show


def test_a_picture_is_both_views_side_by_side_without_the_padding(shown):
    (picture,) = shown()
    assert picture.image.shape == (2, 6)
    assert [*zip(*picture.layers[REFERENCE].nonzero(), strict=True)] == [(1, 2)]
    assert picture.caption == "s1"


@pytest.mark.parametrize("said", [["token_mask"], ["evidence", "told"]])
def test_a_network_that_reads_is_also_shown_unread(said, shown):
    (picture,) = shown(*said)
    assert picture.layers[PREDICTION].all()
    assert not picture.layers[UNREAD].any()
    assert picture.effect.shape == picture.image.shape
    assert picture.effect == pytest.approx(1 / (1 + math.exp(-9)) - 1 / (1 + math.exp(9)))


def test_a_network_that_does_not_read_has_no_such_layer(shown):
    (picture,) = shown()
    assert set(picture.layers) == {REFERENCE, PREDICTION}
    assert picture.effect is None


def test_what_the_report_makes_likelier_is_red_and_what_it_makes_less_likely_blue():
    more, less, none = _tinted(np.full((1, 3), 0.2), np.array([[1.0, -0.5, 0.0]]))[0].tolist()
    assert more == [220, 0, 0]
    assert less == [102, 147, 212]  # half of the image's 204, half of the blue
    assert none == [204, 204, 204]
