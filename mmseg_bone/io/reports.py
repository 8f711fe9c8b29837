"""The hospital's table of reports → what is written in it, by study key.

What a text says, and whose name stands in it, is for ``text`` to find out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

from mmseg_bone.errors import ReportError
from mmseg_bone.io.tables import Table, TableError, find_column, read_table, told_heading

# Customary column names, in the order they are looked for.
KEY = ("study", "study_id", "accession", "accession_number", "exam_id", "id",
       "检查号", "检查编号", "影像号", "登记号", "检查流水号", "编号", "申请单号")  # fmt: skip
TEXT = ("report", "text", "report_text", "报告", "报告内容", "报告全文", "报告文本", "诊断报告")
FINDINGS = ("findings", "finding", "description", "检查所见", "影像所见", "影像表现", "影像学表现",
            "所见", "影像描述", "检查描述")  # fmt: skip
IMPRESSION = ("impression", "impressions", "conclusion", "diagnosis", "检查意见", "诊断意见",
              "影像诊断", "印象", "诊断印象", "结论", "诊断结论", "检查结论", "意见")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class WrittenReport:
    """A report as it stands in the table.

    Attributes:
        row: Row of the table, as a spreadsheet counts.
        text: The whole report in one piece, headings and all; empty if it came in two. Beside
            an impression alone it holds the findings.
        findings: Text of the findings column, or empty.
        impression: Text of the impression column, or empty.
    """

    row: int
    text: str = ""
    findings: str = ""
    impression: str = ""


def read_reports(
    path: str | PathLike[str],
    *,
    key: str | None = None,
    text: str | None = None,
    findings: str | None = None,
    impression: str | None = None,
) -> dict[str, WrittenReport]:
    """Read a report table.

    A row whose text is empty is a study without a report, and left out.

    Args:
        path: CSV or XLSX, see ``tables.read_table``.
        key: Column of the study key; None looks for a customary name (``KEY``).
        text: Column of the whole report; None looks for ``TEXT``, if there are no findings.
        findings: Column of the findings; None looks for ``FINDINGS``.
        impression: Column of the impression; None looks for ``IMPRESSION``.

    Raises:
        ReportError: No table, no such column, or keys missing or twice: all of them at once,
            by row, since a key is an identity.
    """
    try:
        table = read_table(path)
        columns = _columns(table, key, text, findings, impression)
        reports = _rows(table, columns)
    except (TableError, ReportError) as error:
        raise ReportError(error.reason, path) from None
    return reports


def _columns(
    table: Table, key: str | None, text: str | None, findings: str | None, impression: str | None
) -> dict[str, str]:
    given = {"key": key, "text": text, "findings": findings, "impression": impression}
    customary: dict[str, Sequence[str]] = {
        "key": KEY,
        "text": TEXT,
        "findings": FINDINGS,
        "impression": IMPRESSION,
    }
    found: dict[str, str] = {}

    def has() -> str:
        known = [name for names in customary.values() for name in names]
        return told_heading(table, [*known, *filter(None, given.values())], quoted="key" in found)

    for what, name in given.items():
        column = find_column(table, customary[what] if name is None else (name,))
        if column is not None:
            found[what] = column
        elif name is not None:
            raise ReportError(f"has no column {name!r} for the {what}; {has()}")
    if "key" not in found:
        raise ReportError(f"has no column with the study key; {has()} Name it with the key.")
    if not found.keys() & {"text", "findings", "impression"}:
        raise ReportError(
            f"has no column with the text of the report; {has()} Name the column "
            f"of the text, or those of findings and impression."
        )
    if text is None and "findings" in found:
        found.pop("text", None)
    return found


def _rows(table: Table, columns: dict[str, str]) -> dict[str, WrittenReport]:
    reports: dict[str, WrittenReport] = {}
    first: dict[str, int] = {}
    wrong = []
    for row in table.rows:
        key = row.cells[columns["key"]]
        parts = {what: row.cells[name] for what, name in columns.items() if what != "key"}
        if not key:
            wrong.append(f"row {row.number}: the key is missing")
        elif key in first:
            wrong.append(f"row {row.number}: the key of row {first[key]} again")
        else:
            first[key] = row.number
            if any(parts.values()):
                reports[key] = WrittenReport(row=row.number, **parts)
    if wrong:
        raise ReportError(
            f"column {columns['key']}: " + "; ".join(wrong) + ". Each study needs one report, and "
            "each report its study."
        )
    return reports
