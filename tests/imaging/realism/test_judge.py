import numpy as np
import pytest
from pydicom.data import get_testdata_file
from scipy import ndimage

from mmseg_bone.imaging.realism import TARGETS, Item, Verdict, judge
from mmseg_bone.io.dicom import read_scan
from mmseg_bone.study import Study


def study(counts, views=("anterior",), spacing_mm=(2.26, 2.26)):
    return Study(id="s1", patient="p1", views=views, counts=counts, spacing_mm=spacing_mm)


@pytest.fixture(scope="module")
def compressed():
    """The reference scan as pydicom's wheel holds it: compressed with loss."""
    return read_scan(get_testdata_file("JPGExtended.dcm")).counts


@pytest.fixture(scope="module")
def recounted(compressed):
    """The same without its offset of 1, smoothed and counted anew: noise is that of counting."""
    expected = ndimage.gaussian_filter(np.clip(compressed[0] - 1.0, 0, None), 1.0)
    field = np.zeros(expected.shape)
    field[46:887, 13:243] = 1  # the camera's useful field; compression smeared its border
    expected = np.clip(expected - 0.15, 0.2, None) * field
    return np.random.default_rng(0).poisson(expected).astype(np.uint16)[None]


def named(verdict):
    return {item.target.name: item for item in verdict.items}


def test_the_real_scan_passes_its_own_test(compressed):
    verdict = judge(study(compressed), lossy=True)

    assert verdict.passed
    assert [item.target.name for item in verdict.asked if not item.passed] == []
    assert len(verdict.asked) == 60


def test_compression_fails_the_items_it_spoils_when_they_are_asked(compressed):
    verdict = judge(study(compressed))

    assert verdict.passed is False
    assert {"noise, all", "zero pixels", "air per pixel", "noise floor, change"} <= {
        item.target.name for item in verdict.items if item.failed
    }


def test_the_numbers_of_the_real_scan_are_the_published_ones(compressed):
    items = named(judge(study(compressed), lossy=True))

    for name, value in {
        "body length mm": 1747,
        "body area m2": 0.633,
        "largest width mm": 547,
        "percentile 90 over median": 2.15,
        "spectral slope": -4.1,
        "femoral shaft width mm": 29,
        "sternum width mm": 37,
        "T12-L2 / thigh": 3.2,
        "bladder / thigh": 10.1,
        "manubrium / thigh": 6.8,
    }.items():
        assert items[name].value == pytest.approx(value, rel=0.06), name


def test_counted_anew_it_passes_the_items_of_noise_too(recounted):
    verdict = judge(study(recounted))

    assert verdict.passed
    assert named(verdict)["noise, all"].value == pytest.approx(1, abs=0.03)


def test_a_smoothed_scan_and_one_doubled_after_halving_fail(recounted):
    smoothed = ndimage.gaussian_filter(recounted.astype(float), (0, 0.7, 0.7))
    halved = np.random.default_rng(1).binomial(recounted, 0.5) * 2

    for counts, ratio in ((smoothed, 0.1), (halved, 2.0)):
        verdict = judge(study(counts))
        assert verdict.passed is False
        assert "noise, all" in {item.target.name for item in verdict.failed_mandatory}
        assert named(verdict)["noise, all"].value == pytest.approx(ratio, rel=0.35)


def test_one_mandatory_item_is_enough_to_fail(recounted):
    longer = study(recounted, spacing_mm=(2.26 * 1.2, 2.26))

    verdict = judge(longer)

    assert verdict.passed is False
    assert "body length mm" in {item.target.name for item in verdict.failed_mandatory}


def test_nine_items_of_ten_are_enough_and_eight_are_not():
    length = next(target for target in TARGETS if target.mandatory)
    width = next(target for target in TARGETS if target.name == "largest width mm")
    right, wrong = Item(width, width.value), Item(width, float("nan"))

    assert Verdict("s1", (Item(length, length.value), *[right] * 8, wrong)).passed
    assert Verdict("s1", (Item(length, length.value), *[right] * 7, wrong, wrong)).passed is False


def test_a_blank_scan_fails_every_item_and_breaks_nothing():
    verdict = judge(study(np.zeros((2, 64, 32)), ("anterior", "posterior")))

    assert verdict.passed is False
    assert verdict.share == 0
    assert all(np.isnan(item.value) for item in verdict.items)


@pytest.mark.parametrize("shape", [(1, 1), (5, 6), (3, 40), (40, 3)])
def test_a_tiny_scan_fails_and_breaks_nothing(shape):
    counts = np.full((2, *shape), 10)

    assert judge(study(counts, ("anterior", "posterior"))).passed is False


def test_a_posterior_view_alone_is_not_judged(recounted):
    verdict = judge(study(recounted, ("posterior",)))
    items = named(verdict)

    assert verdict.passed is None or {item.target.posterior for item in verdict.asked} == {True}
    assert items["body length mm"].skipped == "no anterior view"
    assert items["posterior / anterior bladder"].skipped == "no anterior view"
    assert not items["posterior noise, all"].skipped


def test_an_anterior_view_behind_the_patient_is_found_out(recounted):
    """Its sternum shows, and its bladder is as bright as in front."""
    items = named(judge(study(np.concatenate([recounted] * 2), ("anterior", "posterior"))))

    assert items["posterior manubrium / spine"].failed
    assert items["posterior / anterior bladder"].failed


def test_every_target_allows_its_own_value():
    assert all(target.low <= target.value <= target.high for target in TARGETS)
    assert len({target.name for target in TARGETS}) == len(TARGETS)
