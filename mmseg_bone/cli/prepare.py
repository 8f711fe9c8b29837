"""``mmseg-bone prepare``: a hospital's scans, reports and drawings into a store."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmseg_bone.errors import ManifestError, MmsegBoneError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from collections.abc import Mapping

    from mmseg_bone.cli.preparing import Outcome
    from mmseg_bone.io.dicom_orientation import Convention
    from mmseg_bone.io.reports import WrittenReport

_SHOWN = 20  # refused rows on the screen; the rest are in the table
_YES = {"yes": True, "no": False}


class Posterior(StrEnum):
    """How posterior views are stored."""

    read = "read"
    as_seen = "as_seen"
    mirrored = "mirrored"


_CONVENTION: "dict[Posterior, Convention | None]" = {
    Posterior.read: None,
    Posterior.as_seen: "as_seen",
    Posterior.mirrored: "mirrored",
}


def main() -> None:
    """Read the command line; exit with 2 where nothing was done."""
    # A traceback with the values of variables would show names.
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(prepare)
    try:
        app()
    except MmsegBoneError as error:
        print(f"mmseg-bone prepare: {error}", file=sys.stderr)
        sys.exit(2)


def prepare(
    manifest: Annotated[Path, typer.Argument(help="Table of studies, CSV or XLSX.")],
    store: Annotated[Path, typer.Option(help="Folder of the store; made, or gone on with.")],
    reports: Annotated[
        Path | None, typer.Option(help="Table of reports, CSV or XLSX, UTF-8 or GB18030.")
    ] = None,
    report_key: Annotated[
        str | None, typer.Option(help="Its column of study keys; by itself: study, 检查号, ...")
    ] = None,
    report_text: Annotated[
        str | None, typer.Option(help="Its column of whole reports, split by their headings.")
    ] = None,
    findings: Annotated[str | None, typer.Option(help="Its column of findings, 检查所见.")] = None,
    impression: Annotated[
        str | None, typer.Option(help="Its column of impressions, 诊断意见.")
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(help="Folder the files are in, if not that of the manifest."),
    ] = None,
    spacing: Annotated[
        str, typer.Option(help="Pixel size in mm for files that give none: 2.26 or 2.26x2.40.")
    ] = "",
    posterior: Annotated[
        Posterior,
        typer.Option(
            help="How posterior views are stored: as the camera behind the patient sees them, or "
            "mirrored to lie like the anterior one. read: as the file says, else as_seen."
        ),
    ] = Posterior.read,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Is this LabelMe label a metastasis? NAME=yes or NAME=no; repeat."),
    ] = None,
    folds: Annotated[int, typer.Option(min=1, help="Folds that patients are dealt to.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the dealing.")] = 0,
    keep_raw_text: Annotated[
        bool,
        typer.Option("--keep-raw-text", help="Leave names, numbers and dates in the reports."),
    ] = False,
) -> None:
    """Join DICOM scans, a report table and drawings into a store.

    Identity stays behind: the store holds counts, masks, report text without names, numbers and
    dates, and keys drawn at random. Beside it, for your eyes only: STORE.links.csv (whose key is
    whose) and STORE.prepare.csv (what was taken, what was refused and why).

    Run again, it goes on where it was cut off, and makes again only what has changed.
    Exit code: 0 all taken, 1 some refused, 2 nothing done. Columns: docs/hospital_data.md.
    """
    from rich.console import Console
    from rich.progress import track

    from mmseg_bone.cli.making import Choices
    from mmseg_bone.cli.preparing import Preparation, beside, write_outcomes
    from mmseg_bone.io.drawings import LABELS
    from mmseg_bone.io.manifest import parse_spacing, read_manifest
    from mmseg_bone.io.reports import read_reports

    entries = read_manifest(manifest, root=root)
    written: Mapping[str, WrittenReport] = {}
    if reports is not None:
        written = read_reports(
            reports, key=report_key, text=report_text, findings=findings, impression=impression
        )
    choices = Choices(
        spacing_mm=parse_spacing(spacing),
        posterior=_CONVENTION[posterior],
        labels={**LABELS, **_labels(label or [])},
        keep_raw_text=keep_raw_text,
    )
    bar = Console(stderr=True)
    with Preparation(store, entries, written, choices, folds=folds, seed=seed) as work:
        outcomes = list(track(work.run(), "preparing", total=len(entries), console=bar))
        write_outcomes(beside(store, "prepare"), outcomes)
        try:
            fold = work.finish(outcomes)
        except ManifestError:
            _show_refused(outcomes)
            raise

    unused = len(written.keys() - {entry.report for entry in entries})
    _show(store, outcomes, patients=len(fold), folds=folds, unused_reports=unused)
    _show_refused(outcomes)
    if any(outcome.study is None for outcome in outcomes):
        raise typer.Exit(1)


def _labels(said: list[str]) -> dict[str, bool]:
    labels = {}
    for text in said:
        name, _, answer = text.rpartition("=")
        if not name or answer.strip().lower() not in _YES:
            raise ManifestError(f"--label {text}: expected NAME=yes or NAME=no.")
        labels[name.strip()] = _YES[answer.strip().lower()]
    return labels


def _show(
    store: Path, outcomes: "list[Outcome]", *, patients: int, folds: int, unused_reports: int
) -> None:
    from rich.console import Console
    from rich.table import Table

    studies = [outcome.study for outcome in outcomes if outcome.study is not None]
    read = [study for study in studies if study.mask is not None]
    table = Table(title=f"{store.name}: {len(studies)} of {len(outcomes)} studies taken")
    table.add_column("")
    table.add_column("studies", justify="right")
    guessed = [
        s for s in studies if any("assumed" in s.notes.get(f"{v}_from", "") for v in s.views)
    ]
    stored = [s for s in studies if s.notes.get("posterior_stored_from") == "assumed"]
    for what, count in {
        "refused": len(outcomes) - len(studies),
        "of both views": sum(len(study.views) == 2 for study in studies),
        "of one view": sum(len(study.views) == 1 for study in studies),
        "with a report": sum(study.report is not None for study in studies),
        "read by somebody": len(read),
        "of these, with metastases": sum(bool(s.mask.any()) for s in read if s.mask is not None),
        "view told by habit, not by the file": len(guessed),
        "posterior assumed as seen": len(stored),
    }.items():
        table.add_row(what, str(count))
    console = Console()
    console.print(table)
    console.print(f"{patients} patients in {folds} folds.")
    if unused_reports:
        console.print(f"{unused_reports} reports belong to no study of the manifest.")


def _show_refused(outcomes: "list[Outcome]") -> None:
    from rich.console import Console
    from rich.table import Table

    refused = [outcome for outcome in outcomes if outcome.study is None]
    if not refused:
        return
    table = Table(title="refused", show_lines=False)
    table.add_column("row", justify="right")
    table.add_column("why", overflow="fold")
    for outcome in refused[:_SHOWN]:
        table.add_row(str(outcome.entry.row), outcome.reason)
    console = Console()
    console.print(table, markup=False)
    more = f"{len(refused) - _SHOWN} more, and the" if len(refused) > _SHOWN else "The"
    console.print(f"{more} names of the files, are in the .prepare.csv table beside the store.")
