from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.bones import find_bones
from mmseg_bone.anatomy import BY_LABEL
from tests.imaging.phantoms import phantom


@pytest.fixture(scope="module")
def scan():
    """A phantom that says nothing of its bones, as a real scan does not."""
    return replace(phantom(0), bones=None)


def sides(labels, columns):
    shown = (BY_LABEL[label].side for label in np.unique(labels[:, columns]).tolist() if label)
    return {side for side in shown if side != "midline"}


def test_a_phantom_brings_its_bones():
    found = find_bones(phantom(0))
    assert found.labels is phantom(0).bones
    assert found.source == "phantom"


def test_on_any_other_scan_the_atlas_is_laid_each_view_as_its_camera_saw_it(scan):
    found = find_bones(scan)
    true = phantom(0).bones
    both = (found.labels > 0) & (true > 0)
    assert found.source == "atlas"
    assert both.sum() > 0.5 * (true > 0).sum()
    assert (found.labels == true)[both].mean() > 0.7
    edge = slice(0, scan.counts.shape[2] // 3)
    assert sides(found.labels[0], edge) == {"right"}
    assert sides(found.labels[1], edge) == {"left"}


def test_a_posterior_view_alone_is_laid_as_one(scan):
    alone = replace(scan, views=("posterior",), counts=scan.counts[1:], **dict.fromkeys(
        ("mask", "instances", "classes")
    ))  # fmt: skip
    edge = slice(0, scan.counts.shape[2] // 3)
    assert sides(find_bones(alone).labels[0], edge) == {"left"}


def test_on_a_blank_scan_and_on_a_part_of_a_body_no_bone_is_named(scan):
    blank = replace(scan, counts=np.zeros_like(scan.counts))
    assert find_bones(blank).source == "nowhere"
    assert not find_bones(blank).labels.any()
    small = replace(scan, spacing_mm=(1.0, 1.0))  # a person of less than a metre
    assert find_bones(small).source == "nowhere"
