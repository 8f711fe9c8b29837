from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.data_card import PUBLISHED_SITES, draw, gather, site_of, tables
from mmseg_bone.anatomy import BONES
from mmseg_bone.study import Focus

FOCUS = Focus(
    number=1, bone="L3", kind="metastasis", metastatic=True, ratio=4.0, diameter_mm=20.0
)  # fmt: skip


@pytest.fixture
def studies(study):
    """One patient with three metastases, one of them ambiguous, and one with none."""
    foci = (
        FOCUS,
        replace(FOCUS, number=2, bone="rib_left_5"),
        replace(FOCUS, number=3, bone="clavicle_left", ambiguous=True),
        replace(FOCUS, number=4, bone="", kind="contamination", metastatic=False),
    )
    notes = {"sex": "female", "primary": "breast"}
    normal = replace(study, id="s2", mask=np.zeros_like(study.mask), notes=notes, report=None)
    return [replace(study, foci=foci, notes=notes), normal]


def test_burden_counts_patients_by_their_metastases(studies):
    table = tables(gather(studies))["Burden"].set_index("metastases of a patient")
    shares = table["share of patients"]
    assert shares["none"] == shares["2-5"] == shares["an ambiguous focus"] == 0.5
    assert shares["6-20"] == 0


def test_sites_stand_beside_the_published_ones(studies):
    table = tables(gather(studies))["Sites of metastases"].set_index("site")
    assert table.loc["spine", "share here"] == pytest.approx(1 / 3, abs=1e-3)
    assert table.loc["sternum and clavicle", "share here"] == pytest.approx(1 / 3, abs=1e-3)
    assert table.loc["spine", "share published"] == 0.34


def test_every_bone_is_of_a_published_site():
    assert {site_of(bone.name) for bone in BONES} == set(PUBLISHED_SITES)
    assert site_of("") == "outside bone"


def test_a_store_without_a_single_focus_has_a_card(studies):
    contents = gather(studies[1:])
    assert tables(contents)["Burden"]["share of patients"][0] == 1
    assert draw(contents).axes


def test_lengths_and_counts_are_of_what_was_gathered(studies):
    table = tables(gather(studies))["Sizes, counts and lengths"].set_index("of")
    length = len(studies[0].report.text.replace("\n", ""))
    assert table.loc["characters of a report", "median"] == length / 2
    assert table.loc["diameter of a clear metastasis, mm", "median"] == 20
