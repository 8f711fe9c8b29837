import numpy as np
import pytest

from mmseg_bone.phantom import patient
from mmseg_bone.phantom.camera import SIEMENS_ECAM
from mmseg_bone.phantom.motion import Motion, draw_motion
from tests.phantom.drawing import focus, plan

Z = np.linspace(175, 0, 700)


def motions(n):
    return [draw_motion(Z, 1.0, 0.25, np.random.default_rng(seed)) for seed in range(n)]


def test_few_patients_move_and_then_only_the_head_by_3_to_15_mm():
    all_of_them = motions(1500)
    moved = [m for m in all_of_them if m]
    assert 0.04 < len(moved) / len(all_of_them) < 0.08
    for motion in moved:
        assert not motion.shift_px[Z < 140].any()
        assert not motion.shift_px[Z > 163].any()
        assert np.abs(motion.shift_px).max() * 2.5 <= 15
        assert np.abs(np.diff(motion.shift_px)).max() < 1.6  # px from row to row: no tear
    assert np.mean([np.abs(m.shift_px).max() * 2.5 > 3 for m in moved]) > 0.9


def test_counts_move_between_pixels_and_labels_by_whole_ones():
    image = np.zeros((2, 7))
    image[:, 3] = 8.0
    motion = Motion(np.array([0.0, 1.25]))
    np.testing.assert_allclose(motion.counts(image)[0], image[0])
    np.testing.assert_allclose(motion.counts(image)[1], [0, 0, 0, 0, 6, 2, 0])
    np.testing.assert_array_equal(motion.labels(image)[1], [0, 0, 0, 0, 8, 0, 0])


@pytest.mark.parametrize("view", [0, 1])
def test_counts_and_truth_move_together_and_to_opposite_sides_in_the_two_views(view, monkeypatch):
    def shifted(z, scale, spacing_cm, rng):
        return Motion(np.full(len(z), 9.0))

    spot = focus(bone="femur_left", ratio=15.0, along=0.5, diameter_mm=30.0)
    found = []
    for draw in (None, shifted):
        if draw:
            monkeypatch.setattr(patient, "draw_motion", draw)
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(0).spawn(3)]
        found.append(patient.scan(plan(spot), SIEMENS_ECAM, *streams))
    still, moved = found
    sign = 1 if view == 0 else -1
    for name in ("mask", "instances", "classes", "bones"):
        np.testing.assert_array_equal(
            moved[name][view][:, 60:200], np.roll(still[name][view], 9 * sign, axis=1)[:, 60:200]
        )
    profile = [p["counts"][view].astype(float).sum(axis=0) for p in (still, moved)]
    fits = {s: np.corrcoef(np.roll(profile[0], s), profile[1])[0, 1] for s in (-9, 0, 9)}
    assert max(fits, key=fits.get) == 9 * sign
