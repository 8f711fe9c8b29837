"""The table that joins scans, drawings and reports, checked whole before any file is read."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal, NamedTuple

from mmseg_bone.errors import ManifestError
from mmseg_bone.io.names import words_of
from mmseg_bone.io.tables import Row, Table, TableError, plain, read_table
from mmseg_bone.study import VIEWS

COLUMNS: dict[str, str] = {
    "study": "key of the study, once in the table",
    "patient": "key of the patient, the same for every study of hers",
    "scan": "one DICOM file, or two joined by ;",
    "anterior": "DICOM file of the anterior view, instead of scan",
    "posterior": "DICOM file of the posterior view, instead of scan",
    "drawing_anterior": "PNG or LabelMe JSON; `none`: read, and no metastasis; empty: not read",
    "drawing_posterior": "the same for the posterior view",
    "normal": "yes: read, and no metastasis in any view",
    "spacing_mm": "pixel size in mm, where the file gives none: 2.26 or 2.26x2.40 (y, x)",
    "posterior_stored": "as_seen or mirrored, where the file is silent or wrong",
    "report": "key in the report table, if it is not that of the study",
}
_CHINESE = {
    "检查号": "study", "患者": "patient", "病人": "patient", "患者编号": "patient", "图像": "scan",
    "前位": "anterior", "后位": "posterior", "前位标注": "drawing_anterior",
    "后位标注": "drawing_posterior", "正常": "normal", "像素间距": "spacing_mm",
    "报告": "report",
}  # fmt: skip
_YES, _NO = ("yes", "y", "1", "true", "是"), ("", "no", "n", "0", "false", "否")
NONE = "none"  # in a drawing cell: read, and none found
_LONGEST_KEY = 64


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One study to be.

    Attributes:
        row: Row of the manifest, as a spreadsheet counts.
        study: Hospital key of the study. Never to be shown or stored.
        patient: Hospital key of the patient. The same goes for it.
        scan: DICOM files.
        views: View of each file where the columns name them; None leaves it to the files.
        drawings: For each view that was read, its drawing, or None where it was read and
            nothing was found; a view that was not read is missing.
        spacing_mm: Pixel size given, along y and x.
        posterior: How the posterior view is stored, if given.
        report: Key in the report table.
        aside: What stands in columns of the hospital's own, perhaps a name: only to be taken out
            of the report. Never to be shown or stored.
    """

    row: int
    study: str
    patient: str
    scan: tuple[Path, ...]
    views: tuple[str, ...] | None = None
    drawings: Mapping[str, Path | None] = field(default_factory=dict)
    spacing_mm: tuple[float, float] | None = None
    posterior: Literal["as_seen", "mirrored"] | None = None
    report: str = ""
    aside: frozenset[str] = field(default=frozenset(), repr=False)


class _Wrong(NamedTuple):
    row: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: found {self.found}; expected {self.expected}"


class _CellError(ManifestError):
    """A cell is wrong."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}; expected {expected}")
        self.found, self.expected = found, expected


def read_manifest(
    path: str | PathLike[str], *, root: str | PathLike[str] | None = None
) -> list[Entry]:
    """Read and check the whole table.

    Cells are told by row and column and in words, not quoted: a message ends up in logs, and in a
    row that has slipped by a column a name may stand anywhere.

    Args:
        path: CSV or XLSX, columns as in ``COLUMNS``.
        root: Folder that files are looked for in, and that no path may leave; None is the folder
            of the manifest. Absolute paths are allowed only with a root, and inside it.

    Raises:
        ManifestError: All that is wrong, at once: row, column, what was found, what was expected.
    """
    path = Path(path)
    try:
        table = read_table(path)
    except TableError as error:
        raise ManifestError(f"the manifest {error.reason}") from None
    names = _columns(table)
    folder = Path(path.parent if root is None else root).resolve()
    reader = _Reader(folder, absolute=root is not None)
    entries = [
        reader.entry(row.number, _renamed(row, names), _aside(row, names)) for row in table.rows
    ]
    if reader.wrong:
        raise ManifestError(
            f"{len(reader.wrong)} wrong cells in the manifest; nothing was read.\n"
            + "\n".join(f"  {wrong}" for wrong in sorted(reader.wrong))
        )
    if not entries:
        raise ManifestError("the manifest has a heading, but no row below it.")
    return [entry for entry in entries if entry is not None]


def _columns(table: Table) -> dict[str, str]:
    """Our name of each column; those that begin with an underscore are the hospital's own."""
    ours = {plain(name): name for name in COLUMNS} | {plain(k): v for k, v in _CHINESE.items()}
    names = {column: ours[plain(column)] for column in table.columns if plain(column) in ours}
    if not names:
        raise ManifestError(
            f"row 1 of the manifest names no known column. Is the heading missing? Expected are "
            f"{', '.join(COLUMNS)}."
        )
    has = set(names.values())
    wrong = []
    for place, column in enumerate(table.columns, start=1):
        if column and column not in names and not column.startswith("_"):
            # Without a column of the key this may be no heading, but a patient's row.
            shown = column if "study" in has else str(place)
            near = difflib.get_close_matches(column.lower(), COLUMNS, n=1)
            hint = f" (is it {near[0]}?)" if near else ""
            wrong.append(f"row 1, column {shown}: found an unknown name{hint}")
    for needed in ("study", "patient"):
        if needed not in has:
            wrong.append(f"row 1: found no column {needed}")
    if not has & {"scan", *VIEWS}:
        wrong.append("row 1: found neither scan nor anterior or posterior")
    if len(has) < len(names):
        wrong.append("row 1: found two columns for the same thing")
    if wrong:
        raise ManifestError(
            "the heading of the manifest is wrong.\n"
            + "\n".join(f"  {line}" for line in wrong)
            + f"\n  expected columns of {', '.join(COLUMNS)}; one of your own begins with an "
            "underscore."
        )
    return names


def _renamed(row: Row, names: Mapping[str, str]) -> dict[str, str]:
    cells = dict.fromkeys(COLUMNS, "")
    return cells | {names[column]: text for column, text in row.cells.items() if column in names}


def _aside(row: Row, names: Mapping[str, str]) -> frozenset[str]:
    return words_of(text for column, text in row.cells.items() if column not in names)


class _Reader:
    """Turns rows into entries, and collects what is wrong with them."""

    def __init__(self, folder: Path, *, absolute: bool) -> None:
        self.folder, self.absolute = folder, absolute
        self.wrong: list[_Wrong] = []
        self._row_of: dict[tuple[str, str], int] = {}

    def entry(self, number: int, cells: Mapping[str, str], aside: frozenset[str]) -> Entry | None:
        """The study of a row, or None if a cell of it is wrong."""
        before = len(self.wrong)
        report = cells["report"] or cells["study"]
        parts: dict[str, Any] = {"row": number, "report": report, "aside": aside}
        for column in ("study", "patient"):
            with self._cell(number, column):
                parts[column] = _key(cells[column])
        with self._cell(number, "study"):
            self._once("study", cells["study"], number)
        with self._cell(number, "scan"):
            columns = _scan_columns(cells)
            parts["scan"] = tuple(f for c in columns for f in self._files(number, c, cells[c]))
            parts["views"] = None if "scan" in columns else tuple(columns)
        with self._cell(number, "spacing_mm"):
            parts["spacing_mm"] = parse_spacing(cells["spacing_mm"], told=_in_words)
        with self._cell(number, "posterior_stored"):
            parts["posterior"] = _posterior(cells["posterior_stored"])
        parts["drawings"] = self._drawings(number, cells)
        return Entry(**parts) if len(self.wrong) == before else None

    @contextmanager
    def _cell(self, number: int, column: str) -> Iterator[None]:
        try:
            yield
        except _CellError as error:
            self.wrong.append(_Wrong(number, column, error.found, error.expected))

    def _once(self, what: str, value: str, number: int) -> None:
        first = self._row_of.setdefault((what, value), number)
        if value and first != number:
            raise _CellError(f"the {what} of row {first} again", f"each {what} in one row only")

    def _files(self, number: int, column: str, cell: str) -> list[Path]:
        """The files of a cell; a wrong one is told under its own column."""
        files = []
        with self._cell(number, column):
            parts = [part.strip() for part in re.split("[;；]", cell) if part.strip()]
            if len(parts) > len(VIEWS):
                raise _CellError(f"{len(parts)} files", "one or two, joined by ;")
            for part in parts:
                file = self._inside(part)
                self._once("file", str(file), number)
                files.append(file)
        return files

    def _inside(self, text: str) -> Path:
        """A file in the folder, told by a path that does not lead out of it."""
        text = text.replace("\\", "/")
        absolute = PurePosixPath(text).is_absolute() or bool(PureWindowsPath(text).drive)
        if absolute and not self.absolute:
            raise _CellError("an absolute path", "one relative to the manifest (or give --root)")
        if ".." in PurePosixPath(text).parts:
            raise _CellError("a path with ..", "a path inside the folder of the manifest")
        file = (self.folder / text).resolve()
        if not file.is_relative_to(self.folder):
            raise _CellError(
                "a path leading out of the folder", "a file inside it (or give --root)"
            )
        if not file.is_file():
            raise _CellError("no such file", "a file that is there")
        return file

    def _drawings(self, number: int, cells: Mapping[str, str]) -> dict[str, Path | None]:
        cell_of = {view: cells[f"drawing_{view}"] for view in VIEWS}
        normal = cells["normal"].casefold()
        with self._cell(number, "normal"):
            if normal not in (*_YES, *_NO):
                raise _CellError(_in_words(cells["normal"]), "yes or no, or nothing")
            if normal in _YES and any(cell and cell.lower() != NONE for cell in cell_of.values()):
                raise _CellError("yes, beside a drawing", "one or the other")
        if normal in _YES:
            return dict.fromkeys(VIEWS)
        drawings: dict[str, Path | None] = {}
        for view, cell in cell_of.items():
            if cell.lower() == NONE:
                drawings[view] = None
            elif cell:
                with self._cell(number, f"drawing_{view}"):
                    drawings[view] = self._inside(cell)
                    self._once("file", str(drawings[view]), number)
        return drawings


def _key(text: str) -> str:
    if not text:
        raise _CellError("nothing", "a key")
    if len(text) > _LONGEST_KEY or not text.isprintable():
        raise _CellError(f"a key of {len(text)} characters", f"at most {_LONGEST_KEY}, printable")
    return text


def _scan_columns(cells: Mapping[str, str]) -> list[str]:
    views = [view for view in VIEWS if cells[view]]
    if cells["scan"] and views:
        raise _CellError(f"files here and in {' and '.join(views)}", "one or the other")
    if not cells["scan"] and not views:
        raise _CellError("nothing", "a file here, or in anterior and posterior")
    return views or ["scan"]


def parse_spacing(text: str, *, told: Callable[[str], str] = repr) -> tuple[float, float] | None:
    """``2.26`` or ``2.26x2.40`` (along y, along x) as numbers; None for an empty text.

    Args:
        text: As somebody wrote it.
        told: How a wrong text is told.

    Raises:
        ManifestError: Neither, or no size of a pixel.
    """
    if not text.strip():
        return None
    parts = re.split(r"\s*[x×*,;\s]\s*", text.strip())
    try:
        sizes = [float(part) for part in parts]
    except ValueError:
        sizes = []
    if len(sizes) not in (1, 2) or not all(0 < size < 100 for size in sizes):
        raise _CellError(told(text), "a pixel size in mm, as 2.26 or 2.26x2.40 (y, x)")
    return sizes[0], sizes[-1]


def _posterior(text: str) -> Literal["as_seen", "mirrored"] | None:
    if text == "as_seen":
        return "as_seen"
    if text == "mirrored":
        return "mirrored"
    if text:
        raise _CellError(_in_words(text), "as_seen or mirrored, or nothing")
    return None


def _in_words(text: str) -> str:
    return f"text of {len(text)} characters"
