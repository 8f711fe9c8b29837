"""``mmseg-bone evaluate``: score the predictions of runs."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmseg_bone.errors import MmsegBoneError, RunError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.analysis.marked import Cut
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.store import Store


class Rule(StrEnum):
    """When a predicted lesion counts as a hit; see ``metrics.lesion.detect``."""

    iou = "iou"
    overlap = "overlap"
    centroid = "centroid"


def main() -> None:
    """Read the command line."""
    typer.run(evaluate)


def evaluate(
    runs: Annotated[list[Path], typer.Argument(help="Runs, or folders of runs.")],
    store: Annotated[
        Path | None, typer.Option(help="The store they were trained on, if it has moved.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Probability from which a pixel is lesion; else a run's own."
        ),
    ] = None,
    hit_rule: Annotated[
        Rule,
        typer.Option(
            help="When a lesion is found: IoU of at least --hit-iou, any overlap, or the "
            "prediction's centroid inside it. One prediction finds at most one lesion."
        ),
    ] = Rule.iou,
    hit_iou: Annotated[float, typer.Option(min=0, max=1, help="For the hit rule iou.")] = 0.1,
    smallest_mm2: Annotated[
        float | None,
        typer.Option(min=0, help="Smaller predicted lesions are dropped; else a run's own."),
    ] = None,
    tolerance_mm: Annotated[
        float, typer.Option(min=0, help="Distance of outlines that is agreement (surface Dice).")
    ] = 5.0,
    levels: Annotated[
        int,
        typer.Option(min=0, help="Ribs or vertebrae off by so many are no discrepancy."),
    ] = 1,
    repairs: Annotated[
        bool,
        typer.Option(
            "--repairs", help="Also print what Dice would be if one kind of error were repaired."
        ),
    ] = False,
) -> None:
    """Score the predictions of runs against the drawings of their store.

    Writes scores.csv (one row per study and view), lesions.csv (per lesion), froc.csv (per study
    and threshold), scans.csv (per study), summary.json and agreement.json (where report and
    prediction disagree, bone by bone) into each run, in the place of earlier ones, and prints
    every score with the name of its aggregation.
    """
    from mmseg_bone.analysis import evaluation
    from mmseg_bone.analysis.marked import cut_of
    from mmseg_bone.analysis.tables import summary_table
    from mmseg_bone.io.runs import find_runs

    failed = []
    for run in [run for path in runs for run in find_runs(path)]:
        try:
            shelf = _store_of(run, store)
            cut = replace(
                cut_of(run, threshold, smallest_mm2),
                hit_rule=hit_rule.value,
                smallest_iou=hit_iou,
                tolerance_mm=tolerance_mm,
            )
            done = evaluation.evaluate(run, shelf, cut)
            agreement = _judge(run, shelf, cut, levels)
        except MmsegBoneError as error:  # the other runs of a sweep are scored all the same
            failed.append(str(error))
            continue
        print(f"{run.path}: {done.studies} studies of {done.patients} patients, by aggregation:\n")
        print(summary_table(done.summary), "\n")
        print(", ".join(f"{name} {value:.3f}" for name, value in done.beyond.items()), "\n")
        print(agreement, "\n")
        if repairs:
            print(_repairs(run, shelf, cut), "\n")
        if done.undrawn:
            print(f"Not scored, for nobody drew on them: {len(done.undrawn)} studies.")
        if done.seen:
            print(
                f"{len(done.seen)} studies are not in the fold held out: the network may have "
                f"been trained on them."
            )
    if failed:
        raise RunError("\n".join(failed))


def _judge(run: "Run", store: "Store", cut: "Cut", levels: int) -> str:
    """Where reports and predictions disagree, into the run; and in a line."""
    from mmseg_bone.analysis.agreement.judging import judge_run
    from mmseg_bone.io.runs import to_json
    from mmseg_bone.io.store import write_atomically
    from mmseg_bone.text.hearing import hear

    content, flags = judge_run(run, store, cut, hear=hear, levels=levels)
    write_atomically(run.path / "agreement.json", to_json(content))
    about = content["about"]
    if not about["judged"]:
        return "Agreement with reports was judged in none of the studies."
    return (
        f"Agreement with reports, {about['judged']} studies: {flags.raised} discrepancies, of "
        f"which {flags.right} are of the drawing, too (precision {flags.precision:.3f}), which has "
        f"{flags.expected} (recall {flags.recall:.3f})."
    )


def _repairs(run: "Run", store: "Store", cut: "Cut") -> str:
    """Where the Dice of patients is lost, as a table."""
    from mmseg_bone.analysis.marked import mark
    from mmseg_bone.analysis.repairs import repair_table
    from mmseg_bone.analysis.scores import undrawn
    from mmseg_bone.analysis.tables import repairs_table

    skipped = set(undrawn(store, run.predicted))
    ids = [id for id in run.predicted if id not in skipped]
    return repairs_table(repair_table(mark(store[id], run.read_prediction(id), cut) for id in ids))


def _store_of(run: "Run", given: Path | None) -> "Store":
    from mmseg_bone.io.store import Store

    where = given or run.config.get("store")
    if where is None:
        raise RunError(f"{run.path}/config.yaml names no store. Name it with --store.")
    if given is None and not Path(where).is_dir():
        raise RunError(f"{run.path} was trained on {where}, which is not there. Name --store.")
    return Store(where)
