"""``mmseg-bone realism``: does a scan look like a scan?"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmseg_bone.errors import MmsegBoneError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from rich.console import Console

    from mmseg_bone.imaging.realism import Item, Verdict
    from mmseg_bone.study import Study

_COLUMNS = ("study", "item", "value", "target", "low", "high", "passed", "mandatory", "lossy",
            "skipped")  # fmt: skip
_PAGE = 120
_VERDICTS = {True: "passes", False: "fails", None: "not judged: no anterior view"}


def main() -> None:
    """Read the command line."""
    typer.run(realism)


def realism(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files, folders of them, or stores.")],
    first: Annotated[
        int | None, typer.Option(min=1, help="Only the first studies of each store.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Write all items to this CSV file.")] = None,
    all_items: Annotated[
        bool, typer.Option("--all/--failing", help="Show every item, or those that fail.")
    ] = True,
) -> None:
    """Measure scans against a real one, item by item.

    A scan passes with 90 % of the items and all mandatory ones. Items that lossy compression
    spoils are skipped for compressed files.
    """
    from rich.console import Console

    from mmseg_bone.imaging.realism import judge

    console = Console()
    if not console.is_terminal:
        console = Console(width=_PAGE)  # a file has no width to keep to
    verdicts = []
    for study, lossy in _studies(paths, first):
        verdict = judge(study, lossy=lossy)
        verdicts.append(verdict)
        _show(console, verdict, all_items=all_items)
    for verdict in verdicts:
        passed = sum(item.passed for item in verdict.asked)
        console.print(
            f"{verdict.study}: {passed} of {len(verdict.asked)} items, "
            f"{_VERDICTS[verdict.passed]}" + _mandatory(verdict),
            highlight=False,
        )
    console.print(f"{sum(v.passed is True for v in verdicts)} of {len(verdicts)} scans pass.")
    if table is not None:
        _write(table, verdicts)


def _studies(paths: list[Path], first: int | None) -> Iterator[tuple["Study", bool]]:
    """Each study, and whether it was compressed with loss."""
    from mmseg_bone.io.store import Store

    for number, path in enumerate(paths, start=1):
        if path.is_dir() and (path / "store.json").exists():
            store = Store(path)
            for id in store.ids[:first]:
                study = store[id]
                yield study, study.notes.get("lossy") == "yes"
        else:
            yield _scan(path, f"scan-{number}")


def _scan(path: Path, id: str) -> tuple["Study", bool]:
    from mmseg_bone.io.dicom import read_scan
    from mmseg_bone.study import Study

    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
        if not files:
            raise MmsegBoneError(f"{path} is an empty folder. Name a DICOM file or a store.")
        scan = read_scan(files)
    else:
        scan = read_scan(path)
    study = Study(
        id=id,  # the name of a hospital's file is an identity
        patient=id,
        views=scan.views,
        counts=scan.counts,
        spacing_mm=scan.spacing_mm,
        notes=scan.notes,
    )
    return study, scan.notes.get("lossy") == "yes"


def _show(console: "Console", verdict: "Verdict", *, all_items: bool) -> None:
    from rich.table import Table

    table = Table(title=verdict.study, title_justify="left")
    for column in ("item", "value", "target", "tolerance", ""):
        table.add_column(
            column, justify="left" if column in ("item", "") else "right", no_wrap=True
        )
    for item in verdict.items:
        if all_items or item.failed:
            target = item.target
            name = f"{target.name} *" if target.mandatory else target.name
            tolerance = f"{_number(target.low)} to {_number(target.high)}"
            table.add_row(name, _number(item.value), _number(target.value), tolerance, _mark(item))
    if table.row_count:
        console.print(table)


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _mark(item: "Item") -> str:
    if item.skipped:
        return f"skipped: {item.skipped}"
    return "pass" if item.passed else "FAIL"


def _mandatory(verdict: "Verdict") -> str:
    failed = [item.target.name for item in verdict.failed_mandatory]
    return f" (mandatory: {', '.join(failed)})" if failed else ""


def _write(path: Path, verdicts: list["Verdict"]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for verdict in verdicts:
            for item in verdict.items:
                t = item.target
                writer.writerow(
                    (verdict.study, t.name, item.value, t.value, t.low, t.high, int(item.passed),
                     int(t.mandatory), int(t.lossy), item.skipped)
                )  # fmt: skip
