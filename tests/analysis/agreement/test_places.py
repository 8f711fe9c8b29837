import numpy as np

from mmseg_bone.analysis.agreement.places import bones_shown, place_lesions
from mmseg_bone.anatomy import BY_NAME

T7, T8, STERNUM = (BY_NAME[name].label for name in ("T7", "T8", "sternum"))
VIEWS = ("anterior", "posterior")


def scan(views=1):
    """T7 in the upper half of each view, nothing in the lower one; a mask without lesions."""
    bones = np.zeros((views, 20, 10), np.uint8)
    bones[:, :10] = T7
    return np.zeros(bones.shape, bool), bones


def places(mask, bones, spacing_mm=(2.0, 2.0)):
    return [
        (place.view, place.number, place.bones)
        for place in place_lesions(mask, bones, views=VIEWS[: len(mask)], spacing_mm=spacing_mm)
    ]


def test_a_lesion_lies_in_the_bone_under_it():
    mask, bones = scan()
    mask[0, 2:4, 2:4] = True
    assert places(mask, bones) == [("anterior", 1, ("T7",))]


def test_a_lesion_beside_a_bone_is_in_it_and_one_far_off_in_none():
    mask, bones = scan()
    mask[0, 16, 2] = True  # 7 rows below row 9: 14 mm
    mask[0, 19, 8] = True  # 10 rows: 20 mm
    assert places(mask, bones) == [("anterior", 1, ("T7",)), ("anterior", 2, ())]


def test_the_bone_that_holds_most_comes_first_and_less_than_a_fifth_does_not_count():
    mask, bones = scan()
    bones[0, 10:] = T8
    mask[0, 7:12, 2] = True  # 3 pixels in T7, 2 in T8
    assert places(mask, bones) == [("anterior", 1, ("T7", "T8"))]
    mask[0, 1:10, 2] = True  # 9 in T7, 2 in T8
    assert places(mask, bones) == [("anterior", 1, ("T7",))]


def test_a_small_share_of_a_large_lesion_counts_by_its_area():
    mask, bones = scan()
    bones[0, 10:] = T8
    mask[0, 0:12] = True  # 100 pixels in T7, 20 in T8
    assert places(mask, bones, (2.3, 2.3)) == [("anterior", 1, ("T7", "T8"))]  # 106 mm²
    assert places(mask, bones, (2.0, 2.0)) == [("anterior", 1, ("T7",))]  # 80 mm²


def test_what_the_other_camera_sees_there_counts_after_the_own_view():
    mask, bones = scan(views=2)
    bones[0, :10, :3] = STERNUM
    mask[0, 2, 1] = mask[1, 2, 8] = True  # the same place, seen from both sides
    assert places(mask, bones) == [
        ("anterior", 1, ("sternum", "T7")),
        ("posterior", 1, ("T7", "sternum")),
    ]


def test_without_lesions_or_without_bones_there_is_no_place():
    mask, bones = scan()
    assert places(mask, bones) == []
    mask[0, 2, 2] = True
    assert places(mask, np.zeros_like(bones)) == [("anterior", 1, ())]


def test_bones_shown_are_those_of_the_map():
    assert bones_shown(scan()[1]) == {"T7"}
