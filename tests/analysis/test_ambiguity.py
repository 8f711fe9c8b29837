"""A classifier that sees what leaks, and nothing where nothing does."""

from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.ambiguity import image_auc, measure_foci, reading_auc
from mmseg_bone.study import Focus


def phantom(study, number, *, metastatic, peak):
    """One ambiguous focus of four pixels in the anterior view."""
    rng = np.random.default_rng(number)
    counts = rng.poisson(20, (2, 24, 16)).astype(np.uint16)
    instances = np.zeros(counts.shape, np.uint16)
    instances[0, 10:12, 6:8] = 1
    counts[instances == 1] = rng.poisson(peak, 4)
    focus = Focus(
        number=1,
        bone="rib_left_5",
        kind="metastasis" if metastatic else "fracture",
        metastatic=metastatic,
        ambiguous=True,
        ratio=2.0,
        diameter_mm=15.0,
    )
    return replace(
        study,
        id=f"s{number}",
        patient=f"p{number}",
        counts=counts,
        mask=(instances == 1) & metastatic,
        instances=instances,
        foci=(focus,),
    )


def test_a_focus_is_measured_in_each_view_it_shows_in(study):
    row = measure_foci([phantom(study, 0, metastatic=True, peak=80)]).iloc[0]
    assert (row["view"], row["metastatic"], row["area_px"]) == ("anterior", 1, 4)
    assert row["mean"] == pytest.approx(4, rel=0.25)  # 80 over a body of 20
    assert row["contrast"] == pytest.approx(4, rel=0.25)
    assert row["elongation"] == 1
    assert row["in_ribs"] == 1


def test_a_label_that_leaks_into_the_image_is_found_out(study):
    leaky = [
        phantom(study, i, metastatic=i % 2 == 0, peak=120 if i % 2 == 0 else 60) for i in range(40)
    ]
    assert image_auc(measure_foci(leaky))["logistic"] > 0.95


def test_a_label_that_does_not_leak_is_a_coin(study):
    coin = np.random.default_rng(3).permutation(120) % 2 == 0
    fair = [phantom(study, i, metastatic=bool(coin[i]), peak=80) for i in range(120)]
    assert 0.35 < image_auc(measure_foci(fair))["logistic"] < 0.65


def test_with_one_class_only_there_is_nothing_to_tell(study):
    same = [phantom(study, i, metastatic=True, peak=80) for i in range(10)]
    assert all(np.isnan(auc) for auc in image_auc(measure_foci(same)).values())
    assert np.isnan(reading_auc([True, True], [0.2, 0.9]))


def test_foci_that_are_not_ambiguous_are_left_alone(study):
    plain = phantom(study, 0, metastatic=True, peak=80)
    plain = replace(plain, foci=tuple(replace(f, ambiguous=False) for f in plain.foci))
    assert measure_foci([plain]).empty


def test_a_reading_is_as_good_as_its_order():
    assert reading_auc([True, True, False, False], [1.0, 0.8, 0.5, 0.0]) == 1
    assert reading_auc([True, False], [0.5, 0.5]) == 0.5
