"""The one command, ``mmseg-bone VERB``; only this package has met Hydra and typer."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from mmseg_bone.errors import MmsegBoneError

# Before anything heavy is imported. albumentations asks the package index at import, the hub
# is asked for models unless told not to, and idle OpenMP threads spin.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_PACKAGE = Path(__file__).parents[1]
# Beside the package in a checkout, inside it in an installed wheel.
CONF = next(p / "conf" for p in (_PACKAGE, _PACKAGE.parent) if (p / "conf").is_dir())
COMMANDS = {
    "phantom": "Make digital patients, their bone scans, masks and reports: a store.",
    "prepare": "Join DICOM scans, a report table and drawings: a store.",
    "show": "Draw studies of a store, with masks and predictions.",
    "card": "Set what a store of phantoms holds beside what is published.",
    "audit": "Check what image and report each tell of a store of phantoms.",
    "atlas": "Make an atlas of bones from a store of phantoms.",
    "realism": "Measure scans against a real one: noise, shape, uptake, sharpness.",
    "pretrain": "Train a text encoder on reports, as MacBERT was.",
    "probe": "Ask a text encoder what it knows: masked words, and linear probes.",
    "train": "Fit an experiment on all folds but one, and leave a run behind.",
    "baseline": "Predict a fold without training, by K-means: a run to compare with.",
    "apply": "Let a run predict a store, or its own under a control of the reports.",
    "adopt": "Take in what another program predicted: a run to compare with.",
    "export": "Write a store as a data set of nnU-Net or MONAI, with our folds.",
    "evaluate": "Score the predictions of a run.",
    "compare": "Set runs beside each other: one table, intervals, paired differences.",
    "dashboard": "Write down, or publish, the W&B page of the runs.",
    "ground": "Ask which words of its report each lesion of a run was read from.",
    "publish": "Make a model to hand on of a run: weights, settings, a card.",
    "predict": "Mark lesions on a DICOM scan, with or without its report.",
    "demo": "Phantoms, three trainings, a comparison, a real scan: in minutes.",
    "benchmark": "Train and apply a list of experiments, and keep what comparing needs.",
    "bench": "Time phantoms, training and inference on this machine.",
}


def main(argv: list[str] | None = None) -> None:
    """Run one command; what a user can put right is said without a traceback."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] not in COMMANDS:
        asked = not argv or argv[0] in ("-h", "--help", "help")
        known = "\n".join(f"  {name:10}{what}" for name, what in COMMANDS.items())
        wrong = "" if asked else f"mmseg-bone: {argv[0]!r} is no command\n\n"
        text = f"{wrong}usage: mmseg-bone COMMAND ...\n\n{known}\n\nmmseg-bone COMMAND --help"
        print(text, file=sys.stdout if asked else sys.stderr)
        sys.exit(0 if asked else 2)
    command, *rest = argv
    sys.argv = [f"mmseg-bone {command}", *rest]
    with in_words(command):
        import_module(f"mmseg_bone.cli.{command}").main()  # late, so that --help is quick


@contextmanager
def in_words(command: str) -> Iterator[None]:
    """End with the message of what a user can put right; let anything else through.

    Hydra wraps what goes wrong while it builds an object, and prints a trace of whatever
    leaves a command but an exit; so its commands use this inside.
    """
    try:
        yield
    except Exception as error:
        ours: BaseException | None = error
        while ours is not None and not isinstance(ours, MmsegBoneError):
            ours = ours.__cause__ or ours.__context__
        if ours is None:
            raise
        sys.exit(f"mmseg-bone {command}: {ours}")
