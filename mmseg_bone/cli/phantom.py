"""``mmseg-bone phantom``: make digital patients, and write a store of them."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import hydra
from omegaconf import DictConfig, OmegaConf

from mmseg_bone.cli import CONF, in_words
from mmseg_bone.cli.phantom_scenes import make_scenes
from mmseg_bone.cli.quoting import quoted
from mmseg_bone.errors import PhantomError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.phantom.patient import Settings

T = TypeVar("T")
VERSION = 4  # of the phantom; raised when the same seed gives other patients, so none is reused


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="phantom")
def run(cfg: DictConfig) -> None:
    """Make the phantoms ``cfg`` asks for."""
    with in_words("phantom"):
        if OmegaConf.is_missing(cfg, "store"):
            raise PhantomError("say where to write the phantoms: store=DIR.")
        config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
        if cfg.format == "dicom":
            _write_hospital(config)
        elif cfg.format != "store":
            raise PhantomError(f"format={cfg.format}: expected store or dicom.")
        elif "scenes" in cfg:
            make_scenes(config)
        elif cfg.stores is None:
            dealt = Dealt(cfg.n, cfg.folds)
            make(
                cfg.store, dealt, seed=cfg.seed, workers=cfg.workers, settings=settings_from(config)
            )
        else:
            _make_cohort(config)


def main() -> None:
    """Let Hydra read the command line."""
    sys.argv[1:] = quoted(sys.argv[1:])
    run()


def settings_from(config: dict[str, Any]) -> "Settings":
    """The typed settings behind a configuration.

    Raises:
        PhantomError: A field is none, or there is no camera.
    """
    from mmseg_bone.phantom.camera import Camera
    from mmseg_bone.phantom.pathology.cohort import Cohort
    from mmseg_bone.phantom.patient import Settings

    cameras = tuple(_filled(Camera, camera, "cameras") for camera in config["cameras"])
    if not cameras:
        raise PhantomError("cameras lists none; name one, as conf/phantom/cameras/*.yaml do.")
    return Settings(
        cohort=_filled(Cohort, config["patients"], "patients"),
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


@dataclass(frozen=True)
class Dealt:
    """So many patients, dealt to folds as ``prepare`` deals them."""

    n: int
    folds: int

    def __post_init__(self) -> None:
        for name, value in (("n", self.n), ("folds", self.folds)):
            if value < 1:
                raise PhantomError(f"{name}={value}: give 1 or more.")

    def __call__(self, metastatic: Mapping[str, bool], seed: int) -> dict[str, int]:
        """Fold of each patient."""
        import numpy as np

        from mmseg_bone.data.folds import deal

        return deal(metastatic, self.folds, np.random.default_rng(seed))


@dataclass(frozen=True)
class Parts:
    """Patients in named parts of fixed size; the first part is fold 0, and so on.

    With the order test, validation, train, ``train fold=0`` holds out the test part, validates
    on the second and learns from the third.
    """

    sizes: Mapping[str, int]

    @property
    def n(self) -> int:
        """Patients of all parts."""
        return sum(self.sizes.values())

    def __call__(self, metastatic: Mapping[str, bool], seed: int) -> dict[str, int]:
        """Fold of each patient, whose key ends in their number."""
        folds = [fold for fold, size in enumerate(self.sizes.values()) for _ in range(size)]
        return dict(zip(sorted(metastatic), folds, strict=True))


def make(
    store: str, division: Dealt | Parts, *, seed: int, workers: int, settings: "Settings"
) -> str:
    """Make what is not there yet, divide the patients, and say what came of it.

    Returns:
        The digest of the store.

    Raises:
        BusyError: Another process writes the store.
    """
    from mmseg_bone.io.lock import alone
    from mmseg_bone.io.store import StoreWriter

    if workers < 1:
        raise PhantomError(f"workers={workers}: give 1 or more.")
    recipe = {"phantom": VERSION, "seed": seed, "settings": asdict(settings)}
    writer = StoreWriter(store, recipe)  # refuses a directory of something else
    with alone(store):
        metastatic, new = _fill(store, recipe, division.n, seed, workers, settings)
        fold = division(metastatic, seed)
        done = writer.close(fold)
    print(
        f"{done.path}: {len(done)} studies ({new} new), {sum(metastatic.values())} with "
        f"metastases, {len(set(fold.values()))} folds\ndigest {done.digest}"
    )
    return done.digest


def _fill(
    store: str, recipe: dict[str, Any], n: int, seed: int, workers: int, settings: "Settings"
) -> tuple[dict[str, bool], int]:
    """Make the studies that are not there; whether each patient is metastatic, how many are new."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    jobs = (delayed(_make_one)(store, recipe, number, seed, settings) for number in range(n))
    bar = tqdm(total=n, desc="phantoms", unit="study", file=sys.stderr)
    metastatic: dict[str, bool] = {}
    new = 0
    for patient, has_metastases, made in Parallel(workers, return_as="generator_unordered")(jobs):
        metastatic[patient] = has_metastases
        new += made
        bar.update()
    bar.close()
    return metastatic, new


def _make_cohort(config: dict[str, Any]) -> None:
    """Each store of a cohort, in a folder of its own, and one digest over all."""
    digests = []
    for name, changes in config["stores"].items():
        parts = Parts(changes["parts"])
        settings = settings_from(config | {k: v for k, v in changes.items() if k != "parts"})
        where = str(Path(config["store"]) / name)
        digests.append(
            make(where, parts, seed=config["seed"], workers=config["workers"], settings=settings)
        )
    whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    print(f"{config['store']}: {len(digests)} stores\ncohort digest {whole}")


def _write_hospital(config: dict[str, Any]) -> None:
    """What a hospital would export of these patients: DICOM, a report table, drawings."""
    from tqdm import tqdm

    from mmseg_bone.io.hospital import write_hospital
    from mmseg_bone.phantom.patient import make_study

    settings = settings_from(config)
    numbers = tqdm(range(config["n"]), desc="phantoms", unit="study", file=sys.stderr)
    studies = (make_study(number, config["seed"], settings) for number in numbers)
    hospital = write_hospital(config["store"], studies, identities=config["identities"])
    print(
        f"{hospital.manifest.parent}: {hospital.studies} studies as DICOM, reports and drawings\n"
        f"mmseg-bone prepare {hospital.manifest} --reports {hospital.reports} --store STORE"
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
