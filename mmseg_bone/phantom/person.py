"""Who is scanned: sex, age, size, and the cancer that is the reason for the scan."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmseg_bone.phantom.dice import chance, weighted
from mmseg_bone.phantom.plan import Person

# Stature of Hong Kong adults, cm: mean and standard deviation.
# Source: City University of Hong Kong, online anthropometry, chapter 2.
STATURE_CM = {"male": (168.0, 5.8), "female": (155.5, 6.0)}
_MALE_IF = {"prostate": 1.0, "breast": 0.01}
_STATURE_LIMIT_SD = 1.8
_BMI_LIMITS = (17.5, 33.0)


def _default_primaries() -> Mapping[str, float]:
    shares = {"prostate": 0.30, "lung": 0.30, "breast": 0.25}
    return shares | {"kidney": 0.03, "thyroid": 0.03, "other": 0.09}


@dataclass(frozen=True, kw_only=True)
class Population:
    """Whom the department scans; every default is our choice, stature excepted.

    Attributes:
        primaries: Weight of each primary tumour.
        male: Share of men. Prostate and breast decide the sex by themselves; the other
            primaries make up the rest.
        age: Youngest and oldest, years.
        bmi: Mean and standard deviation, kg/m2.
    """

    primaries: Mapping[str, float] = field(default_factory=_default_primaries)
    male: float = 0.55
    age: tuple[int, int] = (35, 85)
    bmi: tuple[float, float] = (23.5, 3.2)


def sample_person(rng: np.random.Generator, population: Population | None = None) -> Person:
    """A person, from the primary on: it decides the sex, and the sex the stature."""
    population = population or Population()
    primary = weighted(rng, population.primaries)
    sex = "male" if chance(rng, _MALE_IF.get(primary, _male_elsewhere(population))) else "female"
    mean, spread = STATURE_CM[sex]
    stature = np.clip(rng.standard_normal(), -_STATURE_LIMIT_SD, _STATURE_LIMIT_SD) * spread + mean
    bmi = np.clip(population.bmi[0] + population.bmi[1] * rng.standard_normal(), *_BMI_LIMITS)
    return Person(
        sex=sex,
        age=int(rng.integers(population.age[0], population.age[1] + 1)),
        height_cm=round(float(stature), 1),
        bmi=round(float(bmi), 1),
        primary=primary,
    )


def _male_elsewhere(population: Population) -> float:
    """Share of men among the primaries that both sexes have."""
    total = sum(population.primaries.values())
    fixed = {name: population.primaries.get(name, 0.0) / total for name in _MALE_IF}
    men = sum(share * _MALE_IF[name] for name, share in fixed.items())
    rest = 1 - sum(fixed.values())
    return float(np.clip((population.male - men) / rest, 0, 1)) if rest > 0 else 0.0
