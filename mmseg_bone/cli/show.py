"""``mmseg-bone show``: look at studies of a store, one with its masks or many side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    import numpy as np

    from mmseg_bone.io.store import Store
    from mmseg_bone.study import Study


def main() -> None:
    """Read the command line."""
    typer.run(show)


def show(
    store: Annotated[Path, typer.Argument(help="The store.")],
    ids: Annotated[list[str] | None, typer.Argument(help="Which studies; else the first.")] = None,
    run: Annotated[Path | None, typer.Option(help="Outline what this run predicted.")] = None,
    first: Annotated[int, typer.Option(min=1, help="How many, if none is named.")] = 1,
    beside: Annotated[
        Path | None, typer.Option(help="A DICOM scan to set before them, at the same grey scale.")
    ] = None,
    text: Annotated[bool, typer.Option(help="Print the reports, too.")] = False,
    out: Annotated[Path, typer.Option(help="The picture.")] = Path("studies.png"),
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier picture.")] = False,
) -> None:
    """Draw studies as a reader sees them: dark bone on white, the reference in green.

    One study is drawn large, with a scale and outlines; several are drawn side by side, the
    views of each, every one at the grey scale of its own body. No report is shown unless asked
    for.
    """
    from mmseg_bone.analysis.figures import figure_of, gallery, to_png
    from mmseg_bone.cli.files import write_all
    from mmseg_bone.io.store import Store

    shelf = Store(store)
    studies = [shelf[id] for id in ids or shelf.ids[:first]]
    if len(studies) == 1 and beside is None:
        figure = figure_of(studies[0], prediction=_prediction(run, studies[0]), title=studies[0].id)
    else:
        figure = gallery([*_scan(beside), *studies])
    write_all(out.parent, {out.name: to_png(figure)}, overwrite)
    if text:
        _print_reports(studies, shelf)
    print(f"Drawn to {out}.")


def _prediction(run: Path | None, study: "Study") -> "np.ndarray | None":
    if run is None:
        return None
    from mmseg_bone.analysis.marked import cut_of
    from mmseg_bone.io.runs import Run

    record = Run(run)
    return cut_of(record).mask(record.read_prediction(study.id), study.spacing_mm)


def _scan(beside: Path | None) -> "list[Study]":
    if beside is None:
        return []
    from mmseg_bone.io.dicom import read_scan
    from mmseg_bone.study import Study

    scan = read_scan([beside])
    return [
        Study(
            id="scan",
            patient="scan",
            views=scan.views,
            counts=scan.counts,
            spacing_mm=scan.spacing_mm,
        )
    ]


def _print_reports(studies: "Sequence[Study]", store: "Store") -> None:
    for study in studies:
        written = "no report" if study.report is None else study.report.text
        print(f"{study.id} (fold {store.fold[study.id]})\n{written}\n")
