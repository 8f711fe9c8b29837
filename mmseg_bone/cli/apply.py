"""``mmseg-bone apply``: let a run predict a store, with its reports or under a control."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.store import Store

# As in data/controls.py, which is too heavy to import for --help; a test holds them together.
Control = StrEnum(
    "Control", ["none", "empty", "shuffled", "side_flipped", "findings_only", "impression_only"]
)

_OF_A_DIGEST = 8  # characters, enough to tell stores apart in a table


def main() -> None:
    """Read the command line."""
    typer.run(apply)


def apply(
    run: Annotated[Path, typer.Argument(help="The run whose network predicts, or `shipped`.")],
    store: Annotated[Path, typer.Option(help="What it predicts: its own store, or another one.")],
    out: Annotated[Path, typer.Option(help="A new run directory for what it predicts.")],
    control: Annotated[Control, typer.Option(help="What is done to the reports.")] = Control.none,
    fold: Annotated[
        int | None,
        typer.Option(help="Studies of this fold; else the run's, or all of another store."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the shuffling.")] = 0,
    name: Annotated[
        str | None,
        typer.Option(help="In every table; else the run's, with another store's digest."),
    ] = None,
    only_scores: Annotated[
        bool,
        typer.Option(
            "--only-scores",
            help="Leave no predictions: a megabyte a study less, to be kept beside code.",
        ),
    ] = False,
) -> None:
    """Predict and score a store with the network of a run, and leave a run behind.

    Only studies of patients it has not learnt from are predicted: on the store it was trained
    on, those of the fold held out (or, of a trial that is scored on its validation fold, those).
    What it leaves is compared with other runs by ``compare``, under the name of the experiment and
    of the control: a gain from text has to go when the report is empty, another patient's
    (shuffled) or of the other side (side_flipped). Another store is told by its digest, not by its
    folder, which may be named after a patient or a hospital.
    """
    from mmseg_bone.analysis.evaluation import evaluate
    from mmseg_bone.cli.load import load_network, probability
    from mmseg_bone.data.controls import make_control
    from mmseg_bone.errors import RunError
    from mmseg_bone.io.model import run_called
    from mmseg_bone.io.runs import Run, keep_small
    from mmseg_bone.io.store import Store
    from mmseg_bone.io.writing import holds_something, refuse_unwritable

    if holds_something(out):
        raise RunError(f"{out} is not empty. Name a new directory, so that nothing is lost.")
    refuse_unwritable(out)
    trained, shelf = run_called(run), Store(store)
    ids = unseen(trained, shelf, fold)
    change = make_control(control.value, shelf, ids, seed=seed)
    network, encode = load_network(trained)
    config = _config(trained, shelf, fold, control) | ({"name": name} if name else {})
    device = str(next(network.parameters()).device)
    with _folder(out, only_scores) as folder:
        record = Run.start(folder, config, _environment(trained, shelf, device))
        with typer.progressbar(ids, label="predicting") as bar:
            for id in bar:
                found = probability(network, encode, change(shelf[id]), trained)
                record.write_prediction(id, found)
        evaluate(record, shelf)
        if only_scores:
            keep_small(record, out)
    print(f"run: {out}")


@contextmanager
def _folder(out: Path, only_scores: bool) -> Iterator[Path]:
    """Where predictions go: a folder beside it that does not stay, if only scores are wanted."""
    if not only_scores:
        yield out
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".applying-", dir=out.parent) as folder:
        yield Path(folder)


def unseen(run: "Run", store: "Store", fold: int | None) -> list[str]:
    """Drawn studies of patients that the network has not learnt from.

    Raises:
        RunError: It has from all of them, or there is none.
    """
    from mmseg_bone.errors import RunError
    from mmseg_bone.io.learnt import known
    from mmseg_bone.io.peers import roles

    drawn = [id for id in store.ids if store.rows[id]["drawn"] == "1"]
    if run.store_digest == store.digest:
        held_out = int(run.config["fold"])
        if fold is None and run.config.get("data", {}).get("scored") == "validation":
            return roles(store)[held_out].validation  # of a trial, which chose its epoch by them
        if fold not in (None, held_out):
            raise RunError(
                f"{run.path} held out fold {held_out} of this store and has learnt from the "
                f"others; scores on fold {fold} would be of studies it knows."
            )
        fold = held_out
    ids = [id for id in drawn if fold is None or store.fold[id] == fold]
    if not ids:
        raise RunError(f"{store.path} has no drawn study in fold {fold}.")
    met = known(run, store)
    new = [id for id in ids if id not in met]
    if not new:
        raise RunError(
            f"{run.path} has learnt from the patients of all {len(ids)} studies it was to predict "
            f"of {store.path}; scores would be of what it knows."
        )
    if len(new) < len(ids):
        print(
            f"Left out {len(ids) - len(new)} of {len(ids)} studies: {run.path} has learnt from "
            f"their patients, in another store."
        )
    return new


def _config(run: "Run", store: "Store", fold: int | None, control: Control) -> dict[str, Any]:
    """The run's own, under a name that says what was done."""
    parts, own = [run.name], run.store_digest == store.digest
    if not own:
        parts.append(f"on store {store.digest[:_OF_A_DIGEST]}")
    if control != Control.none:
        parts.append(control.value)
    return run.config | {
        "name": ", ".join(parts),
        "store": str(store.path),
        "fold": run.config["fold"] if own else fold,
        "control": control.value,
        "applied": run.name,
    }


def _environment(run: "Run", store: "Store", device: str) -> dict[str, Any]:
    from mmseg_bone.io.environment import environment

    return environment(device=device, seed=int(run.config["seed"]), store_digest=store.digest) | {
        "trained_on": run.store_digest
    }
