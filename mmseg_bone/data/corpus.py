"""Reports to pre-train on: those of a hospital's own table, and whose they are."""

from os import PathLike
from typing import NamedTuple

from mmseg_bone.data.written import as_report
from mmseg_bone.errors import ReportError
from mmseg_bone.io.reports import read_reports
from mmseg_bone.io.tables import TableError, find_column, read_table, told_heading
from mmseg_bone.study import Report
from mmseg_bone.text.clinical import is_clinical
from mmseg_bone.text.deidentify import deidentify_report, tells_someone


class ReportOf(NamedTuple):
    """A report, and whose it is."""

    patient: str
    report: Report


def read_corpus(
    path: str | PathLike[str],
    *,
    key: str | None = None,
    patient: str | None = None,
    text: str | None = None,
    findings: str | None = None,
    impression: str | None = None,
) -> list[ReportOf]:
    """Reports of a hospital's own table, split at their headings and without identity.

    Columns are found as ``mmseg_bone.io.reports`` finds them. Name the patient's column if a
    patient may have several reports, or they will count as several patients and lie on both
    sides of the validation split.

    Args:
        path: CSV or XLSX.
        key: Column of the study key.
        patient: Column of the patient; none for one report a patient.
        text: Column of the whole report.
        findings: Column of the findings.
        impression: Column of the impression.

    Raises:
        ReportError: The table cannot be read, or lacks a column.
    """
    written = read_reports(path, key=key, text=text, findings=findings, impression=impression)
    whose = _patients(path, patient)
    corpus = []
    for study, words in written.items():
        known = {study, whose.get(words.row, study)}
        known |= {word for word in filter(tells_someone, words.aside) if not is_clinical(word)}
        owner = whose.get(words.row) or study
        corpus.append(ReportOf(owner, deidentify_report(as_report(words), known)))
    return corpus


def _patients(path: str | PathLike[str], column: str | None) -> dict[int, str]:
    """Patient by row; none where there is no such column."""
    if column is None:
        return {}
    try:
        table = read_table(path)
    except TableError as error:
        raise ReportError(error.reason, path) from None
    name = find_column(table, (column,))
    if name is None:
        # The reports were read from this table, so the column of the key was found.
        has = told_heading(table, (), quoted=True)
        raise ReportError(f"has no column {column!r} for the patient; {has}", path)
    return {row.number: row.cells[name] for row in table.rows}
