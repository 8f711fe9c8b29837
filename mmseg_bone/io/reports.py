"""The hospital's table of reports → what is written in it, by study key.

What a text says, and whose name stands in it, is for ``text`` to find out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike

from mmseg_bone.errors import ReportError
from mmseg_bone.io.names import words_of
from mmseg_bone.io.tables import Table, TableError, find_column, plain, read_table, told_heading

# Customary column names, in the order they are looked for.
KEY = ("study", "study_id", "accession", "accession_number", "exam_id", "id",
       "检查号", "检查编号", "影像号", "登记号", "检查流水号", "编号", "申请单号")  # fmt: skip
TEXT = ("report", "text", "report_text", "报告", "报告内容", "报告全文", "报告文本", "诊断报告")
FINDINGS = ("findings", "finding", "description", "检查所见", "影像所见", "影像表现", "影像学表现",
            "所见", "影像描述", "检查描述")  # fmt: skip
IMPRESSION = ("impression", "impressions", "conclusion", "diagnosis", "检查意见", "诊断意见",
              "影像诊断", "印象", "诊断印象", "结论", "诊断结论", "检查结论", "意见")  # fmt: skip
# Whose it is and who signed it, and other numbers of it; so is what begins with an underscore.
WHO = ("name", "patient_name", "patient", "patient_id", "pid", "mrn", "phone", "address",
       "reported_by", "signed_by", "radiologist", "physician", "姓名", "患者姓名", "病人姓名",
       "患者", "病人", "患者编号", "病人编号", "住院号", "门诊号", "病历号", "病案号", "身份证",
       "身份证号", "证件号", "医保号", "社保号", "卡号", "床号", "电话", "联系电话", "手机",
       "手机号", "住址", "地址", "联系人", "工作单位", "报告医师", "报告医生", "审核医师",
       "审核医生", "诊断医师", "诊断医生", "书写医师", "申请医师", "申请医生", "送检医师",
       "送检医生", "操作技师", *KEY)  # fmt: skip
_WHO = {plain(name) for name in WHO}


@dataclass(frozen=True, kw_only=True)
class WrittenReport:
    """A report as it stands in the table.

    Attributes:
        row: Row of the table, as a spreadsheet counts.
        text: The whole report in one piece, headings and all; empty if it came in two. Beside
            an impression alone it holds the findings.
        findings: Text of the findings column, or empty.
        impression: Text of the impression column, or empty.
        aside: What stands in the columns ``WHO``: only to be taken out of the text. Never to be
            shown or stored.
    """

    row: int
    text: str = ""
    findings: str = ""
    impression: str = ""
    aside: frozenset[str] = field(default=frozenset(), repr=False)


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
    who = [name for name in table.columns if name.startswith("_") or plain(name) in _WHO]
    who = [name for name in who if name not in columns.values()]
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
                aside = words_of(row.cells[name] for name in who)
                reports[key] = WrittenReport(row=row.number, aside=aside, **parts)
    if wrong:
        raise ReportError(
            f"column {columns['key']}: " + "; ".join(wrong) + ". Each study needs one report, and "
            "each report its study."
        )
    return reports
