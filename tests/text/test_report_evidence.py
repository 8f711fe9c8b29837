import numpy as np
import pytest

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.study import Report
from mmseg_bone.text.report_evidence import ReportEvidence
from mmseg_bone.text.site_evidence import EVIDENCE_SHAPE, SAID

REPORT = Report(findings="左侧第5肋骨见异常放射性浓聚。", impression="骨转移可能性大。")
RIB = BY_NAME["rib_left_5"].label


@pytest.mark.parametrize(
    ("part", "said"), [("whole", "middle"), ("findings", "low"), ("impression", None)]
)
def test_only_the_part_that_is_read_is_evidence(part, said):
    evidence = ReportEvidence(part)(REPORT)
    assert evidence.shape == EVIDENCE_SHAPE
    cells = [] if said is None else [[RIB, SAID.index(said)]]
    assert np.argwhere(evidence).tolist() == cells


@pytest.mark.parametrize(
    "report", [None, Report(), Report(findings="Focal uptake in the left fifth rib.")]
)
def test_there_is_no_evidence_where_nothing_can_be_read(report):
    assert ReportEvidence()(report) is None


def test_a_part_that_is_not_there_is_no_evidence():
    assert ReportEvidence("impression")(Report(findings="左侧第5肋骨见浓聚。")) is None
