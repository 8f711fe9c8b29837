import numpy as np
import pytest

from mmseg_bone.imaging.conspicuity import contrast_to_noise
from mmseg_bone.imaging.lesions import label_lesions

SPACING = (2.5, 2.5)  # so the ring is of the pixels that are 2 to 6 from the lesion


def scene(lesions):
    """A checkerboard of 8 and 12, mean 10, deviation 2, with lesions of one value each."""
    counts = np.where(np.indices((40, 40)).sum(0) % 2, 12, 8).astype(np.uint16)
    mask = np.zeros((40, 40), bool)
    for box, value in lesions:
        counts[box], mask[box] = value, True
    return counts, label_lesions(mask)[0]


SMALL, OTHER = np.s_[20:22, 10:12], np.s_[20:22, 15:17]


def test_a_lesion_is_held_against_the_deviation_of_its_ring():
    for value, expected in ((16, 3.0), (10, 0.0), (8, -1.0)):
        assert contrast_to_noise(*scene([(SMALL, value)]), SPACING) == pytest.approx([expected])


def test_another_lesion_nearby_is_not_in_the_ring():
    found = contrast_to_noise(*scene([(SMALL, 16), (OTHER, 1000)]), SPACING)
    assert found == pytest.approx([3.0, 495.0], abs=0.2)


def test_what_is_spilt_just_beside_the_lesion_is_not_in_the_ring():
    counts, numbers = scene([(SMALL, 16)])
    halo = np.s_[19:23, 9:13]
    counts[halo] = np.where(numbers[halo] > 0, counts[halo], 500)
    assert contrast_to_noise(counts, numbers, SPACING) == pytest.approx([3.0])


def test_the_ring_is_round_in_millimetres():
    counts, numbers = scene([(SMALL, 16)])
    counts[:14], counts[28:] = 900, 900  # 17 mm away along y if pixels are 2.5 mm high
    assert contrast_to_noise(counts, numbers, SPACING) == pytest.approx([3.0])
    assert contrast_to_noise(counts, numbers, (1.0, 2.5))[0] < 1.0


def test_a_lesion_at_the_edge_has_the_ring_there_is():
    assert contrast_to_noise(*scene([(np.s_[0:2, 0:2], 16)]), SPACING) == pytest.approx(
        [3.0], abs=0.1
    )


def test_without_surroundings_or_deviation_there_is_none():
    counts, numbers = scene([(SMALL, 16)])
    assert np.isnan(contrast_to_noise(np.full_like(counts, 7), numbers, SPACING)).all()
    assert np.isnan(contrast_to_noise(counts, np.ones_like(numbers), SPACING)).all()
    assert contrast_to_noise(counts, np.zeros_like(numbers), SPACING).shape == (0,)
