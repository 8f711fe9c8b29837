"""``mmseg-bone demo``: the whole main job on phantoms, in minutes, command by command."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

_TRAIN = "-m experiment=text_free,text_fused,text_fused_cgan size=demo"
_PROVES_NOTHING = """
So small a run proves nothing: {studies} phantom patients, a few epochs, half the resolution, one
fold, one seed. It shows that the parts work together. What the systems are worth, with several
seeds, intervals and report controls, is for BENCHMARK.md to say.
"""


def main() -> None:
    """Read the command line."""
    typer.run(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("demo"),
    studies: Annotated[int, typer.Option(min=12, help="Phantom patients.")] = 48,
) -> None:
    """Make phantoms, train three systems, compare them, and predict on a real scan.

    Takes up to eight minutes on two CPU cores. Phantoms are kept: a second demo trains and
    compares anew on the same ones.
    """
    from mmseg_bone.io.example import example_scan

    started = time.monotonic()
    store, runs = out / f"phantoms-{studies}", out / "runs" / time.strftime("%Y%m%d-%H%M%S")
    pictures = out / "pictures" / runs.name
    _run(f"phantom n={studies} seed=0 folds=4 store={store}")
    _run(f"train {_TRAIN} store={store} hydra.sweep.dir={runs}")
    _run(f"compare {runs} --baseline text_free --store {store} --out {runs}/comparison")
    # By the model that comes with the package: it takes a report, and does without one.
    _run(f"predict {example_scan()} --out {pictures}")
    print(_PROVES_NOTHING.format(studies=studies))
    print(f"Made in {time.monotonic() - started:.0f} s:")
    for path, what in (
        (store, "phantom studies, with their reports and masks"),
        (runs, "three runs: config, checkpoint, weights, predictions, scores.csv"),
        (runs / "comparison", "the table above and more, as Markdown, CSV and pictures"),
        (pictures, "the real scan with the lesions marked: PNG and JSON"),
    ):
        print(f"  {path}  {what}")


def _run(command: str) -> None:
    """One command as a user would type it, in a process of its own."""
    print(f"\n$ mmseg-bone {command}", flush=True)
    words = [sys.executable, "-m", "mmseg_bone.cli", *shlex.split(command)]
    done = subprocess.run(words, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    if done.returncode:
        sys.exit(done.returncode)
