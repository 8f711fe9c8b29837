import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME, mirrored
from mmseg_bone.imaging.mirror import mirror_report
from mmseg_bone.phantom import two_spots
from mmseg_bone.phantom.two_spots import SITES, Bodies, make_scene

BODIES = Bodies(0, 1)
SCENES = [make_scene(number, 0, BODIES) for number in range(60)]


def of(study, metastatic):
    (focus,) = (focus for focus in study.foci if focus.metastatic == metastatic)
    return focus


def test_the_same_seed_gives_the_same_scene_and_another_number_another():
    again = make_scene(3, 0, BODIES)
    assert np.array_equal(again.counts, SCENES[3].counts)
    assert again.report == SCENES[3].report
    assert not np.array_equal(SCENES[4].counts, SCENES[3].counts)


def test_each_view_shows_two_spots_of_one_size_and_the_mask_is_the_named_one():
    for study in SCENES:
        named, other = of(study, True), of(study, False)
        sizes = [[(view == n).sum() for n in (1, 2)] for view in study.instances]
        assert np.ptp(sizes) == 0
        assert np.array_equal(study.mask, study.instances == named.number)
        for view, bones in zip(study.instances, study.bones, strict=True):
            for focus in (named, other):
                assert BY_NAME[focus.bone].label in bones[view == focus.number]


def test_the_image_does_not_tell_which_one_is_named():
    healthy = two_spots._body(0, 0).counts.astype(int)
    added = [
        [
            (study.counts - healthy)[study.instances == of(study, which).number].mean()
            for study in SCENES
        ]
        for which in (True, False)
    ]
    assert np.mean(added[0]) == pytest.approx(np.mean(added[1]), rel=0.02)
    numbers = [of(study, True).number for study in SCENES]
    assert 20 <= numbers.count(1) <= 40  # the number does not tell either
    assert {of(s, True).bone for s in SCENES} & {of(s, False).bone for s in SCENES}


def test_the_report_names_one_bone_with_its_side_and_is_silent_on_the_other():
    for study in SCENES:
        named, other = (BY_NAME[of(study, which).bone] for which in (True, False))
        assert named.name in SITES
        for part in (study.report.findings, study.report.impression):
            assert named.chinese_name in part
            assert f"{other.chinese_name}见" not in part
        assert mirrored(named).chinese_name in mirror_report(study.report).text


def test_in_half_of_the_scenes_the_other_spot_is_in_the_same_bone_of_the_other_side():
    pairs = [mirrored(BY_NAME[of(s, True).bone]).name == of(s, False).bone for s in SCENES]
    assert 0.3 < np.mean(pairs) < 0.75


def test_the_spots_of_a_scene_never_touch():
    for study in SCENES:
        for view in study.instances:
            one, two = (np.argwhere(view == n) for n in (1, 2))
            assert np.abs(one[:, None] - two[None]).max(axis=2).min() > 2
