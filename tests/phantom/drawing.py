"""Patients made by hand, for the tests of what draws them."""

from mmseg_bone.phantom.plan import Person, Plan, PlannedFocus


def person(**changes):
    about = {"sex": "male", "age": 60, "height_cm": 170.0, "bmi": 22.0, "primary": "lung"}
    return Person(**(about | changes))


def plan(*foci, **changes):
    who = {
        name: changes.pop(name) for name in ("sex", "age", "height_cm", "bmi") if name in changes
    }
    return Plan(person=person(**who), foci=foci, **changes)


def focus(number=1, bone="L3", **changes):
    about = {"kind": "metastasis", "metastatic": True, "ratio": 6.0, "diameter_mm": 20.0}
    return PlannedFocus(number=number, bone=bone, **(about | changes))
