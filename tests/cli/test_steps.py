"""A network behind steps: what it marks lies on the scan's own pixels."""

from dataclasses import replace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from mmseg_bone.cli import CONF
from mmseg_bone.cli.load import probability
from tests.cli.networks import HotSpots


def encoder_of(*overrides):
    """What makes the samples of an experiment; counts are divided by four times their largest."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", ["store=none", "run=none", *overrides])
    return instantiate(cfg.data.encode, quantile=1.0, power=1.0, ceiling=1.0)


@pytest.fixture
def scan(study):
    """A body of 60 rows; the hot spot of row 20 is in the crop, that of row 55 is not."""
    counts = np.full((2, 60, 6), 9, np.uint16)
    counts[0, [20, 55], 4] = 90
    counts[1, [20, 55], 1] = 90
    return replace(study, counts=counts, mask=counts == 90)


def marked(scan, *overrides):
    network, encode = HotSpots().eval(), encoder_of(*overrides)
    network.stride = 1
    return np.argwhere(probability(network, encode, scan) >= 0.5).tolist()


def test_without_steps_every_hot_spot_is_marked(scan):
    assert marked(scan) == [[0, 20, 4], [0, 55, 4], [1, 20, 1], [1, 55, 1]]


def test_a_network_of_the_thorax_marks_nothing_below_it(scan):
    words = ["steps=thorax", "steps.thorax.height_mm=68.0"]
    assert marked(scan, *words) == [[0, 20, 4], [1, 20, 1]]


def test_a_network_of_added_views_marks_both(scan):
    one_sided = replace(scan, counts=scan.counts * np.array([1, 0], np.uint16)[:, None, None])
    both = [[0, 20, 4], [0, 55, 4], [1, 20, 1], [1, 55, 1]]
    assert marked(one_sided, "steps=conjugate") == both


def test_steps_are_done_in_the_order_they_are_named():
    names = [type(step).__name__ for step in encoder_of("steps=[bladder,conjugate]").steps]
    assert names == ["RemoveBladder", "AddViews"]
    assert [type(s).__name__ for s in encoder_of("experiment=unet_thorax").steps] == ["CropThorax"]
    assert encoder_of().steps == ()


@pytest.mark.parametrize("experiment", ["text_fused", "text_free_cgan"])
def test_every_experiment_can_be_given_steps(experiment):
    # Its own text stays; only what its images are made of changes.
    assert len(encoder_of(f"experiment={experiment}", "steps=thorax").steps) == 1
