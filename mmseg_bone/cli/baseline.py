"""``mmseg-bone baseline``: score a method that was not trained, as a run."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmseg_bone.errors import RunError, StoreError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.data.steps import Step
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.store import Store


class Method(StrEnum):
    """Methods that learn nothing."""

    kmeans = "kmeans"


def main() -> None:
    """Read the command line."""
    typer.run(baseline)


def baseline(
    method: Annotated[Method, typer.Argument(help="kmeans: the hottest cluster of counts.")],
    store: Annotated[Path, typer.Option(help="Prepared studies.")],
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    fold: Annotated[int, typer.Option(help="The fold that is predicted.")] = 0,
    clusters: Annotated[
        list[int] | None,
        typer.Option(
            min=2,
            help="Number of clusters; 5 if not given. Given several times, that with the best "
            "IoU on the other folds is taken.",
        ),
    ] = None,
    thorax: Annotated[bool, typer.Option(help="Cut to the thorax first.")] = False,
    bladder: Annotated[bool, typer.Option(help="Keep the bladder, or blank it first.")] = True,
) -> None:
    """Predict one fold with a method that was not trained, and score it.

    Leaves a run that `mmseg-bone compare` sets beside trained ones.
    """
    from mmseg_bone.data.baseline import mark_hot_spots
    from mmseg_bone.data.steps import CropThorax, RemoveBladder
    from mmseg_bone.io.store import Store

    studies = Store(store)
    steps: dict[str, Step] = {} if bladder else {"bladder": RemoveBladder()}
    if thorax:
        steps["thorax"] = CropThorax()
    name = "_".join([method.value, *(step if step == "thorax" else "no_bladder" for step in steps)])
    chosen = _choose(studies, fold, clusters or [5], list(steps.values()))
    run = start_run(out, name, studies, fold, {"clusters": chosen, "steps": [*steps]})
    for id in in_fold(studies, fold):
        run.write_prediction(id, mark_hot_spots(studies[id], chosen, list(steps.values())))
    score_and_tell(run, studies)


def _choose(store: "Store", fold: int, clusters: list[int], steps: list["Step"]) -> int:
    from mmseg_bone.data.baseline import sweep_clusters

    if len(clusters) == 1:
        return clusters[0]
    others = [id for id in store.ids if store.fold[id] != fold]
    overlap = sweep_clusters(store, others, clusters, steps)
    for number, iou in overlap.items():
        print(f"{number} clusters: IoU {iou:.4f} on the other folds")
    return max(overlap, key=lambda number: overlap[number])


def in_fold(store: "Store", fold: int) -> list[str]:
    """The studies of a fold that somebody drew on.

    Raises:
        StoreError: There is none.
    """
    found = [id for id in store.ids if store.fold[id] == fold and store.rows[id]["drawn"] == "1"]
    if not found:
        dealt = ", ".join(map(str, sorted(set(store.fold.values())))) or "none"
        raise StoreError(f"no drawn study of {store.path} is in fold {fold}; it has folds {dealt}.")
    return found


def start_run(
    out: Path, name: str, store: "Store", fold: int, more: dict[str, object], seed: int = 0
) -> "Run":
    """A run directory for predictions that no training of ours made.

    Raises:
        RunError: There is something in the folder.
    """
    from mmseg_bone.io.environment import environment
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.writing import holds_something

    if holds_something(out):
        raise RunError(f"{out} is not empty. Name a new folder with --out; nothing is overwritten.")
    config = {"name": name, "seed": seed, "fold": fold, "store": str(store.path)} | more
    return Run.start(out, config, environment(device="cpu", seed=seed, store_digest=store.digest))


def score_and_tell(run: "Run", store: "Store") -> None:
    """Score a run at its usual cut, and print what comes of it."""
    from mmseg_bone.analysis.evaluation import evaluate
    from mmseg_bone.analysis.tables import summary_table

    done = evaluate(run, store)
    print(f"{run.path}: {done.studies} studies of {done.patients} patients, by aggregation:\n")
    print(summary_table(done.summary))
