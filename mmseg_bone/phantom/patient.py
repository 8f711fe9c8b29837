"""From a seed to a study: plan a patient, draw and count the scan, write its report."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Shaped

from mmseg_bone.phantom import camera as cameras
from mmseg_bone.phantom import dice
from mmseg_bone.phantom.anatomy.skeleton import skeleton
from mmseg_bone.phantom.burden import bone_scan_index
from mmseg_bone.phantom.camera import Camera
from mmseg_bone.phantom.draw import COLUMNS, MARGIN, ROWS, Eye, Scene, expectation, stage
from mmseg_bone.phantom.motion import draw_motion
from mmseg_bone.phantom.pathology.cohort import Cohort
from mmseg_bone.phantom.pathology.planning import sample_plan
from mmseg_bone.phantom.plan import Plan
from mmseg_bone.phantom.truth import truth
from mmseg_bone.phantom.wording.report import write_report
from mmseg_bone.phantom.wording.styles import style_names
from mmseg_bone.study import Study

_COUNTS_LIMITS = (0.805e6, 4.47e6)  # what is counted stays within 0.8 to 4.5 million
_HALO_PER = 3.6e6  # the counts at which a real scan's halo was measured


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a set of phantoms is made of.

    Attributes:
        cohort: The patients.
        cameras: Those of the department; each study is done on one of them.
        styles: How its physicians write; empty for every style that is not held out.
    """

    cohort: Cohort = field(default_factory=Cohort)
    cameras: tuple[Camera, ...] = (cameras.SIEMENS_ECAM,)
    styles: tuple[str, ...] = ()


def make_study(number: int, seed: int, settings: Settings | None = None) -> Study:
    """Make one study; the same number, seed and settings give the same bytes everywhere.

    Each stage draws from a stream of its own, so that a change to one of them leaves what the
    others draw as it was.

    Args:
        number: Of the study within its set.
        seed: Of the set.
        settings: What the set is made of; None for the defaults.
    """
    settings = settings or Settings()
    streams = np.random.SeedSequence(seed, spawn_key=(number,)).spawn(5)
    planning, staging, scanning, wording, counting = (np.random.default_rng(s) for s in streams)
    plan = sample_plan(planning, settings.cohort)
    style = dice.one_of(wording, settings.styles or style_names())
    report, foci = write_report(plan, wording, style)
    camera = settings.cameras[int(scanning.integers(len(settings.cameras)))]
    pictures = scan(plan, camera, staging, scanning, counting)
    seen: dict[str, str] = pictures.pop("notes")  # type: ignore[assignment]
    return Study(
        id=f"s{number:06d}",
        patient=f"p{number:06d}",
        report=report,
        foci=foci,
        notes=_notes(plan, camera) | {"style": style} | seen,
        **pictures,  # type: ignore[arg-type]
    )


def _notes(plan: Plan, camera: Camera) -> dict[str, str]:
    person = plan.person
    return {
        "camera": camera.name,
        "sex": person.sex,
        "age_decade": str(person.age // 10 * 10),
        "primary": person.primary,
        "posterior": "as seen from behind",
        "spacing": "phantom",
    }


def scan(
    plan: Plan,
    camera: Camera,
    staging: np.random.Generator,
    scanning: np.random.Generator,
    counting: np.random.Generator,
) -> dict[str, object]:
    """Both views of a planned patient, and the truth behind them, as a study holds them.

    Args:
        plan: The patient.
        camera: What scans them.
        staging: Draws proportions, position and uptake.
        scanning: Draws pixel size, counts, field and motion.
        counting: Draws the noise.
    """
    pixel_mm = round(float(scanning.uniform(*camera.pixel_mm)), 3)
    scene = stage(plan, (pixel_mm / 10, pixel_mm / 10), staging)
    total = float(
        np.clip(camera.counts * scanning.lognormal(0, camera.counts_spread), *_COUNTS_LIMITS)
    )
    totals = total, total * float(scanning.uniform(0.9, 1.15))
    halo = float(scanning.uniform(0.15, 0.42)) / _HALO_PER
    field = _field(scene, camera, scanning)
    grid = scene.body.grid
    motion = draw_motion(grid.z, scene.scale, grid.spacing_cm[1], scanning)
    counts, truths = [], []
    for forward, of_view in ((True, totals[0]), (False, totals[1])):
        eye = Eye(scene, camera, forward)
        image = expectation(eye)
        seen = truth(eye, image)
        image = _as_seen(motion.counts(image), forward) * field
        air = halo * of_view * field
        image = image / image.sum() * (of_view - air.sum()) + air
        counts.append(cameras.count(image, counting))
        truths.append([_as_seen(motion.labels(part), forward) for part in vars(seen).values()])
    mask, instances, classes, bones = (np.stack(part) for part in zip(*truths, strict=True))
    inside = field > 0
    return {
        "counts": np.stack(counts),
        "spacing_mm": (pixel_mm, pixel_mm),
        "mask": mask & inside,
        "instances": instances * inside,
        "classes": classes * inside,
        "bones": bones * inside,
        "notes": {"bsi_percent": f"{bone_scan_index(skeleton(), scene.drawn):.4f}"},
    }


def _as_seen(image: Shaped[np.ndarray, "y wide"], forward: bool) -> Shaped[np.ndarray, "y x"]:
    """Cut off the margin; from behind, left and right change places."""
    cut = image[:, MARGIN:-MARGIN]
    return cut if forward else cut[:, ::-1]


def _field(scene: Scene, camera: Camera, rng: np.random.Generator) -> Float[np.ndarray, "y x"]:
    """1 where the camera has been: its own width, from above the head to below the feet."""
    field = np.zeros((ROWS, COLUMNS))
    left = (COLUMNS - camera.columns) // 2
    rows = np.flatnonzero((scene.body.front > scene.body.back).any(axis=1))
    above, below = rng.uniform(5, 9), rng.uniform(4, 8)
    spacing = scene.body.grid.spacing_cm[0]
    top = max(int(rows[0] - above / spacing), 0)
    field[top : int(rows[-1] + below / spacing), left : left + camera.columns] = 1.0
    return field
