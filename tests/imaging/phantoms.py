"""A few phantoms, made once for all tests of what is found in a scan."""

from dataclasses import replace
from functools import cache

import numpy as np

from mmseg_bone.phantom import patient
from mmseg_bone.study import Study


@cache
def phantom(number: int) -> Study:
    return patient.make_study(number, seed=31)


@cache
def without_bladder(number: int) -> Study:
    """The same patient, but with no urine in the bladder."""
    settings = patient.Settings()
    streams = np.random.SeedSequence(31, spawn_key=(number,)).spawn(5)
    planning, staging, scanning, _, counting = (np.random.default_rng(s) for s in streams)
    plan = replace(patient.sample_plan(planning, settings.cohort), bladder_uptake=1e-3)
    scanning.integers(1)  # which camera
    pictures = patient.scan(plan, settings.cameras[0], staging, scanning, counting)
    return Study(id=f"n{number}", patient=f"p{number}", **pictures)
