"""How well thorax and bladder are found, on as many phantoms as asked for.

    python -m tests.imaging.acceptance 200 440

prints, of 200 phantoms from number 440 on, what the docstrings of `imaging.thorax` and
`imaging.bladder` claim; the bladder was tuned on those before. Minutes, not seconds; the tests do
the same on a handful.
"""

# ruff: noqa: T201  (it talks to whoever runs it)

import sys

import numpy as np

from mmseg_bone.imaging.bladder import find_bladder
from mmseg_bone.imaging.mirror import in_anterior_sense
from mmseg_bone.imaging.thorax import find_thorax
from tests.imaging.phantoms import phantom, without_bladder
from tests.imaging.test_bladder import pelvic_lesions, urine_in_the_pelvis
from tests.imaging.test_thorax import top_of_t1


def thorax(studies):
    for what, at in {"both views": (0, 1), "anterior": (0,), "posterior": (1,)}.items():
        found = [
            find_thorax(s.counts[[*at]], tuple(s.views[i] for i in at), s.spacing_mm)
            for s in studies
        ]
        errors = np.array([f.top - top_of_t1(s) for f, s in zip(found, studies, strict=True)])
        print(
            f"thorax, {what}: {np.mean(abs(errors) <= 8):.1%} within 8 rows of T1, errors from "
            f"{errors.min()} to {errors.max()}, {sum(not f.found for f in found)} assumed"
        )


def bladder(studies):
    urine, lesions, missed = np.zeros(2), np.zeros(2), 0
    for study in studies:
        found = find_bladder(study.counts, study.views, study.spacing_mm)
        missed += not found.any()
        for sums, true in ((urine, urine_in_the_pelvis(study)), (lesions, pelvic_lesions(study))):
            sums += study.counts[true & found].sum(), study.counts[true].sum()
    print(
        f"bladder: {urine[0] / urine[1]:.1%} of its counts found, {missed} missed; "
        f"{lesions[0] / lesions[1]:.2%} of the counts of pelvic lesions beside it"
    )


def no_bladder(numbers):
    studies = [without_bladder(number) for number in numbers]
    found = sum(find_bladder(s.counts, s.views, s.spacing_mm).any() for s in studies)
    print(f"bladder: found in {found} of {len(studies)} phantoms without one")


def conjugate(studies):
    """How far a focus in the anterior view is from itself in the mirrored posterior one."""
    offsets = []
    for study in studies:
        front, behind = in_anterior_sense(study.instances, study.views)
        for focus in study.foci:
            places = [np.argwhere(view == focus.number) for view in (front, behind)]
            if min(map(len, places)) >= 9:
                offsets.append(np.abs(places[0].mean(axis=0) - places[1].mean(axis=0)))
    offsets = np.array(offsets)
    print(f"foci seen from both sides: {len(offsets)}; median offset {np.median(offsets, axis=0)}")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    numbers = range(first, first + count)
    made = [phantom(i) for i in numbers]
    thorax(made)
    bladder(made)
    no_bladder(numbers[: count // 4])
    conjugate(made)
