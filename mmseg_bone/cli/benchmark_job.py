"""One job of a benchmark, in a process of its own: train, apply, and keep the small results.

Each part is done once: what is there whole is skipped, what was cut off goes on.
"""

import shutil
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mmseg_bone.cli import CONF, failures
from mmseg_bone.cli.benchmark_plan import Job
from mmseg_bone.cli.settings import refuse_another
from mmseg_bone.errors import BusyError, PlanError
from mmseg_bone.io.lock import alone

if TYPE_CHECKING:  # imported late, so that --help is quick
    from omegaconf import DictConfig

MAIN = "main"  # the store that is trained on
BUSY = 75  # exit status: another process is at this job
# Those of a run under a control are left out: every seed has five of them, and they are long.
_TABLES_OF_APPLIED = ("scores", "scans")
_composing = Lock()  # Hydra composes one at a time


@dataclass(frozen=True)
class Folders:
    """Where a benchmark lives.

    Attributes:
        stores: The folder of the stores, ``main`` and the shifted ones.
        runs: Checkpoints, weights, predictions: large, and of this machine.
        results: What comparing needs: small, to be kept beside the code.
    """

    stores: Path
    runs: Path
    results: Path


def main() -> None:
    """Do the job another process describes."""
    job, folders = Job.from_json(sys.argv[1]), Folders(*map(Path, sys.argv[2:]))
    run = folders.runs / job.key
    try:
        with alone(run):
            _work_or_say_why_not(job, folders)
    except BusyError:
        sys.exit(BUSY)


def _work_or_say_why_not(job: Job, folders: Folders) -> None:
    """Do what is left of a job, and end with status 1 if it fails."""
    run = folders.runs / job.key
    failures.forget(run)
    try:
        work(job, folders)
    except Exception as error:
        failures.note(run, error)
        # Not its message: a library may quote what it was given, such as a report.
        traceback.print_tb(error.__traceback__)
        sys.exit(f"{job.key} failed: {failures.reason(error)}")


def work(job: Job, folders: Folders) -> None:
    """Do what is left of a job.

    Raises:
        PlanError: Parts of it were made with other settings or of another store, or its
            weights are on another machine.
    """
    from mmseg_bone.cli.train import train
    from mmseg_bone.io.runs import Run, is_finished, keep_small

    check(job, folders)
    run, result = folders.runs / job.key, folders.results / job.key
    if not is_finished(result):
        if not is_finished(run):
            _check_start(job, folders)
            train(settings(job, folders))
        keep_small(Run(run), result, settings=_begun_with(job, job.after))
    for name in job.applied:
        if not is_finished(result / name):
            _apply(job, name, folders)
            keep_small(
                Run(run / name), result / name, _TABLES_OF_APPLIED, _begun_with(job, job.after)
            )
            # Large, and quickly made again; those of the studies held out stay.
            shutil.rmtree(run / name / "predictions", ignore_errors=True)


def is_done(job: Job, folders: Folders) -> bool:
    """Whether the results hold all of a job, wherever it was run."""
    from mmseg_bone.io.runs import is_finished

    result = folders.results / job.key
    return all(is_finished(part) for part in (result, *(result / name for name in job.applied)))


def check(job: Job, folders: Folders) -> None:
    """See that what is there of a job is of these stores and of these settings.

    Raises:
        PlanError: It is not. Nothing is overwritten.
    """
    from omegaconf import OmegaConf

    stores = {"": MAIN} | {name: store or MAIN for name, (store, _) in job.applied.items()}
    begun = [
        (base / job.key / name, folders.stores / store)
        for name, store in stores.items()
        for base in (folders.results, folders.runs)
        if (base / job.key / name / "config.yaml").is_file()
    ]
    asked: dict[str, Any] = {}
    if begun:
        asked = OmegaConf.to_container(settings(job, folders), resolve=True)  # type: ignore[assignment]
    for found, store in begun:
        # What was applied has the settings of the training, but for these.
        own = {"name", "fold"} if found.name in job.applied else set()
        config = {key: value for key, value in asked.items() if key not in own}
        refuse_another(found, config, store)


def settings(job: Job, folders: Folders) -> "DictConfig":
    """All that the training is told."""
    from hydra import compose, initialize_config_dir

    import mmseg_bone.cli.train  # noqa: F401  (what its configuration needs is registered there)

    with _composing, initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", list(job.train))
    # Afterwards, since names of folders may mean something to Hydra.
    cfg.name, cfg.seed, cfg.ckpt_path = job.row, job.seed, "last"
    cfg.store, cfg.run = str(folders.stores / MAIN), str(folders.runs / job.key)
    if job.after is not None:
        cfg.update(_begun_with(job, str(folders.runs / job.after)))
    return cfg


def _begun_with(job: Job, network: str | None) -> dict[str, str]:
    """The setting that says what network the job begins with, if it is another job's."""
    return {} if network is None else {"weights" if job.weights else "start": network}


def _check_start(job: Job, folders: Folders) -> None:
    if job.after is not None and not (folders.runs / job.after / "weights.safetensors").is_file():
        raise PlanError(
            f"{job.key} starts from the network of {job.after}, whose weights are "
            f"not in {folders.runs}. Train that row first, on this machine."
        )


def _apply(job: Job, name: str, folders: Folders) -> None:
    """Predict with the network of the job, unless that was done and only not yet copied."""
    from mmseg_bone.cli.apply import Control, apply
    from mmseg_bone.io.runs import is_finished

    run = folders.runs / job.key
    if is_finished(run / name):
        return
    if not (run / "weights.safetensors").is_file():
        raise PlanError(
            f"{run} holds no weights, for it was trained on another machine. Copy the run here, "
            f"go on there, or move {folders.results / job.key} away to train it again."
        )
    store, control = job.applied[name]
    shutil.rmtree(run / name, ignore_errors=True)  # cut off; it is begun anew
    apply(
        run,
        store=folders.stores / (store or MAIN),
        out=run / name,
        control=Control(control),
        name=f"{job.row}, on {store}" if store else None,  # as the plan calls it
    )


if __name__ == "__main__":
    main()
