"""Report → evidence of its part that is read, or the word that there is none."""

import re

import numpy as np
from jaxtyping import Float

from mmseg_bone.study import Report
from mmseg_bone.text.site_evidence import site_evidence
from mmseg_bone.text.tokens import Part

_CHINESE = re.compile("[\u4e00-\u9fff]")


class ReportEvidence:
    """Turns reports into what they say of each bone, see ``text.site_evidence``.

    That nothing is said of a bone is evidence too. So what cannot be read is kept apart: of no
    report, of nothing in the part that is read, and of a report without a Chinese character,
    which the parser does not understand, there is no evidence.

    Args:
        part: What is read, as for ``ReportTokens``. The impression often names the answer.
    """

    def __init__(self, part: Part = "whole") -> None:
        self.part = part

    def __call__(self, report: Report | None) -> Float[np.ndarray, "label said"] | None:
        """Evidence of a report; None where nothing can be read."""
        if report is None:
            return None
        if self.part == "findings":
            report = Report(findings=report.findings)
        elif self.part == "impression":
            report = Report(impression=report.impression)
        return site_evidence(report) if _CHINESE.search(report.text) else None
