"""``mmseg-bone benchmark``: a list of trainings, and what comparing them needs."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from mmseg_bone.cli import failures
from mmseg_bone.cli.benchmark_job import BUSY, MAIN, Folders, check, is_done
from mmseg_bone.cli.benchmark_judge import hold_against
from mmseg_bone.cli.benchmark_plan import Job, read_plan, select
from mmseg_bone.errors import MmsegBoneError, PlanError


def main() -> None:
    """Read the command line."""
    typer.run(benchmark)


def benchmark(
    stores: Annotated[
        Path, typer.Argument(help="Folder of the stores, as `phantom cohort=quick` leaves it.")
    ],
    plan: Annotated[
        str, typer.Option(help="What is run: a name in conf/benchmark, or a YAML file.")
    ] = "paper",
    only: Annotated[
        list[str] | None,
        typer.Option(help="A stage, a row, or ROW/seed-N of the plan; may be given often."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at a time.")] = 1,
    runs: Annotated[Path, typer.Option(help="Checkpoints and weights.")] = Path("runs/benchmark"),
    results: Annotated[
        Path, typer.Option(help="Scores, settings and digests: small, for `compare`.")
    ] = Path("results/benchmark"),
    show: Annotated[bool, typer.Option("--show", help="Only say what is done.")] = False,
    judge: Annotated[
        bool, typer.Option("--judge", help="Only hold the results against the plan's `accepted`.")
    ] = False,
) -> None:
    """Train every row of a plan with every seed, apply each network, keep the small results.

    What is finished is skipped, what was cut off goes on: the same command carries a benchmark
    on, on another day, or on another machine that has the results. A job that fails is listed
    with its reason at the end, while the others run on; the same command tries it again.

    RESULTS/ROW/seed-N is scored on the studies held out; the folders in it are named after the
    control of the reports, or after the shifted store. `mmseg-bone compare RESULTS/*/seed-*`
    reads them, and needs neither runs nor stores.
    """
    if judge:
        hold_against(plan, results)
        return
    if not (stores / MAIN / "manifest.csv").is_file():
        raise PlanError(
            f"{stores}/{MAIN} is no store. Make it: mmseg-bone phantom cohort=quick store={stores}"
        )
    folders = Folders(stores, runs, results)
    planned = select(read_plan(plan), only or [])
    told: dict[str, Future[bool]] = {}
    with ThreadPoolExecutor(jobs) as pool:  # threads that wait for a process each
        try:
            for job in planned:
                started = told.get(job.after or "")
                told[job.key] = pool.submit(_tell, job, folders, jobs, show, started)
            undone = [job for job in planned if not told[job.key].result()]
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    # Another process may have done one meanwhile, and taken the note away.
    _list([job for job in undone if failures.noted(folders.runs / job.key)], folders)


def _tell(
    job: Job, folders: Folders, jobs: int, show: bool, started: Future[bool] | None = None
) -> bool:
    """Do a job if something is left of it, say how it ended, and whether it did well.

    Args:
        job: What is done.
        folders: Where.
        jobs: How many are done at a time.
        show: Only say what would be done.
        started: The job whose network it starts from, if that comes earlier in this call.
    """
    if started is not None:
        started.result()  # if that failed, this one says that the weights are missing
    began = time.monotonic()
    run = folders.runs / job.key
    try:
        check(job, folders)
    except MmsegBoneError as error:
        failures.note(run, error)
    else:
        if is_done(job, folders):
            failures.forget(run)
            _say(job, f"finished, {_dice(folders.results / job.key)}")
            return True
        if show:
            _say(job, failures.noted(run) or ("begun" if run.exists() else "to do"))
            return True
        _say(job, f"runs; see {run}/job.log")
        if _in_a_process(job, folders, jobs):
            minutes = (time.monotonic() - began) / 60
            _say(job, f"done in {minutes:.0f} min, {_dice(folders.results / job.key)}")
            return True
    _say(job, f"FAILED: {failures.noted(run)}")
    return False


def _in_a_process(job: Job, folders: Folders, jobs: int) -> bool:
    """Whether the job ended well; if not, why is noted."""
    run = folders.runs / job.key
    run.mkdir(parents=True, exist_ok=True)
    where = [str(folder) for folder in (folders.stores, folders.runs, folders.results)]
    alone = {"OMP_NUM_THREADS": "1"} if jobs > 1 else {}
    with (run / "job.log").open("a", encoding="utf-8") as log:
        done = subprocess.run(
            [sys.executable, "-m", "mmseg_bone.cli.benchmark_job", job.to_json(), *where],
            env=os.environ | {"HF_HUB_OFFLINE": "1"} | alone,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if done.returncode == BUSY:
        failures.note(run, "another process is at it")
    elif done.returncode and failures.noted(run) is None:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
        failures.note(run, f"its process ended with {how}, perhaps for want of memory")
    return done.returncode == 0


def _list(failed: list[Job], folders: Folders) -> None:
    """Name what failed, with its reason."""
    if not failed:
        print(f"To compare: mmseg-bone compare {folders.results}/*/seed-*")
        return
    lines = [f"  {job.key}: {failures.noted(folders.runs / job.key)}" for job in failed]
    again = " ".join(f"--only {job.key}" for job in failed)
    raise PlanError(
        f"{len(failed)} job(s) failed:\n" + "\n".join(lines) + f"\nOnly these again: {again}"
    )


def _say(job: Job, what: str) -> None:
    # In one piece, since jobs of several threads speak.
    print(f"{time.strftime('%m-%d %H:%M')}  {job.key:28}  {what}\n", end="", flush=True)


def _dice(result: Path) -> str:
    summary = json.loads((result / "summary.json").read_text("utf-8"))
    dice = summary["patient"]["dice"]
    return f"Dice {dice:.3f}" if dice is not None else "Dice undefined"
