"""Scenes of two spots alike, of which the report names one: who does not read cannot tell.

The smallest task that image alone cannot solve. On real phantoms a network learns for hours
before words count; here it is minutes, so that a way to read can be judged with several seeds.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8, UInt16

from mmseg_bone.anatomy import BONES, BY_NAME, Bone, mirrored
from mmseg_bone.phantom.dice import chance, one_of
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.phantom.patient import Settings, make_study
from mmseg_bone.study import Focus, Report, Study

BLOCK = 4  # side of the blocks of a phantom's pixels that are one pixel here
_SIGMA = 1.5  # of a spot, pixels of 9 mm: as wide as a lesion of 15 mm is blurred to, and more
_HEIGHT = (1.0, 1.6)  # of a spot over the brightest bone; both spots of a scene are as high
_FEWEST = 4  # pixels of a bone in a view that can take a spot
_APART = 8.0  # pixels between the two: they never touch
_MIRRORED = 0.5  # share of scenes whose spots are in the left and the right bone of a pair
_KINDS = (*(f"rib_{{}}_{n}" for n in range(2, 12)), "clavicle_{}", "scapula_{}", "humerus_{}",
          "ilium_{}", "femur_{}", "tibia_{}")  # fmt: skip
# Bones with a side, so that a report of the wrong side names another bone.
SITES = tuple(kind.format(side) for side in ("left", "right") for kind in _KINDS)
# All of them say that it is a metastasis for sure, or probably.
_SEEN = ("{}见异常放射性浓聚。", "{}可见放射性浓聚灶。", "{}示放射性分布浓聚。")
_JUDGED = ("{}骨转移。", "{}骨转移可能性大。", "考虑{}骨转移。")
_CLEAN = Cohort(status={"normal": 1.0}, mimics={}, joints={})


@dataclass(frozen=True)
class Bodies:
    """Which bodies the scenes of a part are drawn on.

    Attributes:
        first: Number of the first.
        count: How many there are; scenes take them in turn.
    """

    first: int
    count: int


def make_scene(number: int, seed: int, bodies: Bodies) -> Study:
    """Make one scene; the same number, seed and bodies give the same bytes.

    Both spots have the same height over what is below them, the same width and the same noise,
    and a coin says which is the metastasis. The report names its bone and is silent on the
    other. In half of the scenes the other one is in the same bone of the other side.

    Args:
        number: Of the scene.
        seed: Of the set.
        bodies: Those it may be drawn on.
    """
    rng = np.random.default_rng([seed, number])
    body = _body(bodies.first + number % bodies.count, seed)
    high = float(rng.uniform(*_HEIGHT)) * float(np.quantile(body.counts, 0.995))
    pair = _choose(body, rng)
    counts = body.counts.astype(np.int64)
    instances = np.zeros(counts.shape, np.uint16)
    ordered = sorted(pair, key=lambda bone: bone.label)  # the number must not tell the label
    for place, bone in enumerate(ordered, start=1):
        for view in range(len(counts)):
            spot = _spot(body.bones[view] == bone.label, rng)
            counts[view] += rng.poisson(np.round(high * spot, 3))
            instances[view][spot >= 0.5] = place
    named = pair[0]
    return Study(
        id=f"s{number:06d}",
        patient=f"p{number:06d}",
        counts=counts.astype(np.uint16),
        spacing_mm=body.spacing_mm,
        mask=instances == 1 + ordered.index(named),
        report=_report(named, rng),
        instances=instances,
        bones=body.bones,
        foci=tuple(_focus(n, bone, bone is named) for n, bone in enumerate(ordered, start=1)),
        notes={"posterior": "as seen from behind", "spacing": "phantom", "camera": "two spots"},
    )


@dataclass(frozen=True, eq=False)
class _Body:
    counts: UInt16[np.ndarray, "view y x"]
    bones: UInt8[np.ndarray, "view y x"]
    spacing_mm: tuple[float, float]


@lru_cache(maxsize=128)
def _body(number: int, seed: int) -> _Body:
    """A healthy phantom on pixels four times as wide."""
    study = make_study(number, seed, Settings(cohort=_CLEAN, styles=("standard",)))
    views, height, width = study.counts.shape
    blocks = study.counts.reshape(views, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    assert study.bones is not None  # a phantom has them
    spacing_mm = (study.spacing_mm[0] * BLOCK, study.spacing_mm[1] * BLOCK)
    counts = blocks.sum(axis=(2, 4)).astype(np.uint16)
    return _Body(counts, study.bones[:, ::BLOCK, ::BLOCK].copy(), spacing_mm)


def _choose(body: _Body, rng: np.random.Generator) -> tuple[Bone, Bone]:
    """The bone that is named, and the other one, both seen in both views."""
    seen = [np.bincount(view.ravel(), minlength=len(BONES) + 1) for view in body.bones]
    fits = [BY_NAME[name] for name in SITES]
    fits = [bone for bone in fits if min(view[bone.label] for view in seen) >= _FEWEST]
    while True:
        named = one_of(rng, fits)
        other = mirrored(named) if chance(rng, _MIRRORED) else one_of(rng, fits)
        if other in fits and _far(body, named, other):
            return named, other


def _far(body: _Body, one: Bone, other: Bone) -> bool:
    """Whether no pixel of one bone is near one of the other, so that spots cannot touch."""
    for view in body.bones:
        here, there = (np.argwhere(view == bone.label) for bone in (one, other))
        if np.sqrt(((here[:, None] - there[None]) ** 2).sum(axis=2)).min() < _APART:
            return False
    return True


def _spot(bone: Bool[np.ndarray, "y x"], rng: np.random.Generator) -> Float[np.ndarray, "y x"]:
    """A Gaussian of height 1 on one of the bone's pixels."""
    places: Int[np.ndarray, "n 2"] = np.argwhere(bone)
    y, x = places[int(rng.integers(len(places)))]
    row, column = np.arange(bone.shape[0])[:, None] - y, np.arange(bone.shape[1])[None] - x
    spot: Float[np.ndarray, "y x"] = np.exp(-(row**2 + column**2) / (2 * _SIGMA**2))
    return spot


def _report(bone: Bone, rng: np.random.Generator) -> Report:
    name = bone.chinese_name
    return Report(
        findings=one_of(rng, _SEEN).format(name), impression=one_of(rng, _JUDGED).format(name)
    )


def _focus(number: int, bone: Bone, named: bool) -> Focus:
    return Focus(
        number=number,
        bone=bone.name,
        kind="metastasis" if named else "degeneration",
        metastatic=named,
        ambiguous=True,
        mentioned=named,
        named=bone.name if named else "",
        certainty="high" if named else "",
        ratio=2.0,
        diameter_mm=15.0,
    )
