"""``mmseg-bone phantom``: make digital patients, and write a store of them."""

import hashlib
import json
import sys
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar

import hydra
from omegaconf import DictConfig, OmegaConf

from mmseg_bone.cli import CONF, in_words
from mmseg_bone.errors import PhantomError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.phantom.patient import Settings

T = TypeVar("T")


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="phantom")
def run(cfg: DictConfig) -> None:
    """Make the phantoms ``cfg`` asks for."""
    with in_words("phantom"):
        if OmegaConf.is_missing(cfg, "store"):
            raise PhantomError("say where to write the phantoms: store=DIR.")
        make(
            str(cfg.store),
            n=cfg.n,
            seed=cfg.seed,
            folds=cfg.folds,
            workers=cfg.workers,
            settings=settings_from(OmegaConf.to_container(cfg, resolve=True)),  # type: ignore[arg-type]
        )


def main() -> None:
    """Let Hydra read the command line."""
    run()


def settings_from(config: dict[str, Any]) -> "Settings":
    """The typed settings behind a configuration.

    Raises:
        PhantomError: A field is none, or there is no camera.
    """
    from mmseg_bone.phantom.camera import Camera
    from mmseg_bone.phantom.pathology_cohort import Cohort
    from mmseg_bone.phantom.patient import Settings

    cameras = tuple(_filled(Camera, camera, "cameras") for camera in config["cameras"])
    if not cameras:
        raise PhantomError("cameras lists none; name one, as conf/phantom/cameras/*.yaml do.")
    return Settings(
        cohort=_filled(Cohort, config["cohort"], "cohort"),
        cameras=cameras,
        styles=tuple(config["styles"]),
    )


def _filled(kind: type[T], values: dict[str, Any], what: str) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(values.keys() - known):
        raise PhantomError(
            f"{what} has no field {', '.join(unknown)}. It has: {', '.join(sorted(known))}."
        )
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def make(store: str, *, n: int, seed: int, folds: int, workers: int, settings: "Settings") -> None:
    """Make what is not there yet, deal the folds, and say what came of it."""
    import numpy as np
    from joblib import Parallel, delayed
    from tqdm import tqdm

    from mmseg_bone.data.folds import deal
    from mmseg_bone.io.store import StoreWriter

    for name, value in (("n", n), ("folds", folds), ("workers", workers)):
        if value < 1:
            raise PhantomError(f"{name}={value}: give 1 or more.")
    recipe = {"phantom": 1, "seed": seed, "settings": asdict(settings)}
    StoreWriter(store, recipe)  # refuses a directory of something else before anything is made
    jobs = (delayed(_make_one)(store, recipe, number, seed, settings) for number in range(n))
    bar = tqdm(total=n, desc="phantoms", unit="study", file=sys.stderr)
    patients, new = {}, 0
    for patient, metastatic, made in Parallel(workers, return_as="generator_unordered")(jobs):
        patients[patient] = metastatic
        new += made
        bar.update()
    bar.close()
    done = StoreWriter(store, recipe).close(deal(patients, folds, np.random.default_rng(seed)))
    print(
        f"{done.path}: {len(done)} studies ({new} new), {sum(patients.values())} with metastases, "
        f"{folds} folds\ndigest {done.digest}"
    )


def _make_one(
    store: str, recipe: dict[str, Any], number: int, seed: int, settings: "Settings"
) -> tuple[str, bool, bool]:
    """Make and write a study unless it is there; its patient, whether metastatic, whether new."""
    from mmseg_bone.io.store import StoreWriter, study_from_bytes
    from mmseg_bone.phantom.patient import make_study

    writer = StoreWriter(store, recipe)
    about = json.dumps([recipe, number], sort_keys=True, ensure_ascii=False)
    made_from = hashlib.sha256(about.encode()).hexdigest()
    id = f"s{number:06d}"
    new = not writer.has(id, made_from)
    if new:
        study = make_study(number, seed, settings)
        writer.add(study, made_from)
    else:
        path = writer.path / "studies" / f"{id}.safetensors"
        study = study_from_bytes(path.read_bytes())
    return study.patient, bool(study.mask is not None and study.mask.any()), new
