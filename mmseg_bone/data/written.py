"""What stands in a hospital's table → a report of findings and impression."""

from mmseg_bone.io.reports import WrittenReport
from mmseg_bone.study import Report
from mmseg_bone.text.report import clean, split_report


def as_report(written: WrittenReport) -> Report:
    """Findings and impression, of their own columns or of the whole text, so that none is lost.

    Where there is a column for the impression alone, the findings are in the whole text. An
    impression in the text is told besides that of the column, unless one holds the other.
    """
    whole = split_report(written.text)
    return Report(
        findings=clean(written.findings) or whole.findings,
        impression=_both(whole.impression, clean(written.impression)),
    )


def _both(first: str, second: str) -> str:
    if first in second:
        return second
    return first if second in first else f"{first}\n{second}"
