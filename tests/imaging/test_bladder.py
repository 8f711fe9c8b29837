from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import Delaunay

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.imaging.bladder import find_bladder, remove_bladder
from mmseg_bone.imaging.mirror import in_anterior_sense
from mmseg_bone.study import CLASSES
from tests.imaging.phantoms import phantom, without_bladder

PATIENTS = (0, 1, 2, 3)
PELVIS = [bone.label for bone in BONES if bone.region in ("pelvis", "sacrum")]


def urine_in_the_pelvis(study):
    """Pixels of the bladder; the kidneys are urinary as well, but end above the femoral heads."""
    femora = np.isin(study.bones, [BY_NAME[f"femur_{s}"].label for s in ("left", "right")])
    above = np.flatnonzero(femora.any(axis=(0, 2)))[0] - 30
    urine = study.classes == CLASSES.index("urinary")
    urine[:, :above] = False
    return urine


def clear_of(urine, views, mask):
    """The part of a mask that is neither before nor behind the bladder."""
    seen = in_anterior_sense(urine, views).any(axis=0)
    inside = Delaunay(np.argwhere(seen)).find_simplex(np.argwhere(np.ones_like(seen))) >= 0
    shadow = np.stack([inside.reshape(seen.shape)] * len(views))
    return mask & ~in_anterior_sense(shadow, views)


def pelvic_lesions(study):
    """Metastases of the pelvis, without what lies before or behind the bladder."""
    urine = urine_in_the_pelvis(study)
    return clear_of(urine, study.views, study.mask & np.isin(study.bones, PELVIS))


def test_most_of_the_urine_is_found_and_hardly_any_pelvic_lesion():
    urine_counts, urine_found, lesion_counts, lesion_found = 0, 0, 0, 0
    for number in (*range(8), 18, 27):  # with lesions in the pelvis: 1, 3, 18 and 27 at least
        study = phantom(number)
        found = find_bladder(study.counts, study.views, study.spacing_mm)
        urine = urine_in_the_pelvis(study)
        lesion = pelvic_lesions(study)
        urine_counts += study.counts[urine].sum()
        urine_found += study.counts[urine & found].sum()
        lesion_counts += study.counts[lesion].sum()
        lesion_found += study.counts[lesion & found].sum()
    assert urine_found >= 0.95 * urine_counts
    assert lesion_counts > 10_000
    assert lesion_found <= 0.01 * lesion_counts


@pytest.mark.parametrize("number", PATIENTS)
def test_a_patient_without_a_bladder_keeps_every_count(number):
    study = without_bladder(number)
    same = remove_bladder(study)
    assert np.array_equal(same.counts, study.counts)
    assert same.notes["bladder"] == "not found"


def test_removing_blanks_both_views_at_the_same_place_and_leaves_the_mask():
    study = phantom(0)
    removed = remove_bladder(study)
    blank = in_anterior_sense((removed.counts == 0) & (study.counts > 0), study.views)
    assert removed.notes["bladder"] == "removed"
    assert removed.counts.dtype == study.counts.dtype
    assert np.array_equal(removed.mask, study.mask)
    assert np.array_equal(*find_both(study))
    assert blank[0].sum() > 300


def find_both(study):
    found = find_bladder(study.counts, study.views, study.spacing_mm)
    return in_anterior_sense(found, study.views)


def test_an_anterior_view_alone_is_enough():
    study = phantom(0)
    alone = find_bladder(study.counts[:1], ("anterior",), study.spacing_mm)
    urine = urine_in_the_pelvis(study)[:1]
    assert study.counts[:1][alone & urine].sum() >= 0.9 * study.counts[:1][urine].sum()


def body_by_hand(spot):
    """A trunk of even counts, 1.7 m long in pixels of 5 mm, and one hot spot."""
    counts = np.zeros((1, 400, 140))
    counts[0, 30:370, 40:100] = 20
    counts[0, *spot] = 200
    return counts


@pytest.mark.parametrize(
    ("spot", "found"),
    [
        (np.s_[176:188, 62:78], True),  # 60 by 80 mm, on the midline, at 0.446 of the length
        (np.s_[176:188, 52:54], False),  # beside the midline and narrow
        (np.s_[176:188, 44:54], False),  # too far beside the midline
        (np.s_[154:194, 68:72], False),  # a bar along the midline
        (np.s_[190:202, 62:78], False),  # too low
        (np.s_[254:266, 62:78], False),  # between the thighs
    ],
)
def test_only_an_oval_where_a_bladder_belongs_is_one(spot, found):
    counts = body_by_hand(spot)
    bladder = find_bladder(counts, ("anterior",), (5.0, 5.0))
    assert bladder.any() == found
    assert bladder[0, *spot].mean() > 0.6 or not found
    assert bladder.sum() <= 2 * (counts == 200).sum()


def test_a_blank_and_a_tiny_image_have_no_bladder(study):
    blank = replace(study, counts=np.zeros((2, 40, 30), np.uint16), mask=None)
    assert not find_bladder(blank.counts, blank.views, blank.spacing_mm).any()
    assert not find_bladder(study.counts, study.views, study.spacing_mm).any()
