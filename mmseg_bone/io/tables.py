"""Tables as hospitals export them: CSV in UTF-8 or GB18030, or XLSX → rows of text."""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from mmseg_bone.errors import FileError


class TableError(FileError):
    """A file is no table."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        number: As a spreadsheet counts: the heading is row 1.
        cells: Text by column name, stripped; empty cells are empty strings.
    """

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A heading and its rows.

    Attributes:
        columns: Names, as in the heading.
        rows: Rows that are not empty throughout.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def plain(name: str) -> str:
    """A column name without what differs between exports: width, case, spaces, underscores."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(folded.split()).replace("_", "").replace("-", "")


def find_column(table: Table, names: Iterable[str]) -> str | None:
    """The first of several customary names that the table has, spelled its way."""
    by_name = {plain(column): column for column in table.columns}
    return next((by_name[key] for name in names if (key := plain(name)) in by_name), None)


def told_heading(table: Table, known: Iterable[str], *, quoted: bool) -> str:
    """What is in the heading, fit for a log: "it has ..., ... .", or that it may be missing.

    Where the heading is missing, row 1 is somebody's: her name, and her whole report. So names
    that are not known are counted, unless the table is sure to have a heading.

    Args:
        table: Any table.
        known: Names that a column may have; to find one of them is no secret.
        quoted: Whether to quote all names: only where the column of the key was found.
    """
    names = [name for name in table.columns if name]
    if quoted:
        return f"it has {', '.join(names)}."
    ours = {plain(name) for name in known}
    if not (found := [name for name in names if plain(name) in ours]):
        return "row 1 names no known column. Is the heading missing?"
    others = len(names) - len(found)
    return f"it has {', '.join(found)}, and {others} columns of names that are not known."


def read_table(path: str | PathLike[str]) -> Table:
    """Read a table; a key that Excel keeps as the number 12.0 is read as ``12``.

    Args:
        path: A ``.xlsx`` (its first sheet), or a text file with commas, semicolons or tabs, in
            UTF-8 (with a byte order mark or without), UTF-16 with one, or GB18030.

    Raises:
        TableError: It is neither, or has no heading, or rows longer than the heading.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"cannot be opened ({type(error).__name__}).", path) from None
    if path.suffix.lower() in (".xls", ".et", ".ods"):
        raise TableError(f"is a {path.suffix} table; save it as .xlsx or .csv.", path)
    try:
        lines = _sheet(content) if zipfile.is_zipfile(io.BytesIO(content)) else _text(content)
        return _as_table(lines)
    except TableError as error:
        raise TableError(error.reason, path) from None


def _as_table(lines: Iterator[Sequence[str]]) -> Table:
    heading = [cell.strip() for cell in next(lines, [])]
    while heading and not heading[-1]:
        heading.pop()
    if not any(heading):
        raise TableError("is empty; the first row should name the columns.")
    _refuse_twice([plain(name) for name in heading])
    rows = []
    for number, line in enumerate(lines, start=2):
        cells = [cell.strip() for cell in line]
        if any(cells[len(heading) :]):
            raise TableError(
                f"row {number} has {len(cells)} cells, the heading has {len(heading)}. A comma or "
                f"a line break inside a cell needs quotation marks around it."
            )
        if any(cells):
            cells += [""] * (len(heading) - len(cells))
            rows.append(Row(number, dict(zip(heading, cells, strict=False))))
    return Table(tuple(heading), tuple(rows))


def _refuse_twice(names: Sequence[str]) -> None:
    """Columns are told by their place, for without a heading their names are somebody's."""
    for place, name in enumerate(names, start=1):
        if (first := names.index(name) + 1) < place:
            raise TableError(
                f"has one name for the columns {first} and {place}; each needs its own, in row 1."
            )


def _sheet(content: bytes) -> Iterator[Sequence[str]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TableError(f"is no XLSX table ({type(error).__name__}).") from None
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what it says of its size may be of before rows were added
    for line in sheet.iter_rows(values_only=True):
        yield [_cell(value) for value in line]
    book.close()


def _cell(value: object) -> str:
    from openpyxl.utils.escape import unescape

    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text: str = unescape(str(value))  # Excel keeps a carriage return as _x000D_
    return text


def _text(content: bytes) -> Iterator[Sequence[str]]:
    text = decode(content)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise TableError(f"is no CSV table: {error}. Are the quotation marks closed?") from None


def decode(content: bytes) -> str:
    """Text of UTF-8, UTF-16 with a byte order mark, or GB18030 bytes.

    Raises:
        TableError: It is none of them.
    """
    codecs = ["utf-16"] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for codec in codecs:
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError("is no text in UTF-8, UTF-16 or GB18030. Save it as CSV (UTF-8) or XLSX.")
