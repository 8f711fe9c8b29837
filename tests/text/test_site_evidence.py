import numpy as np

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.study import Report
from mmseg_bone.text.site_evidence import SAID, site_evidence


def said_of(evidence: np.ndarray, bone: str) -> set[str]:
    row = evidence[BY_NAME[bone].label]
    return {name for name, value in zip(SAID, row, strict=True) if value}


def test_a_bone_named_as_metastatic_has_its_certainty_and_no_other_bone_has_any() -> None:
    report = Report(
        findings="左侧第6后肋见点状异常放射性浓聚灶。", impression="左侧第6后肋骨转移可能性大。"
    )
    evidence = site_evidence(report)
    assert evidence.shape == (len(BONES) + 1, len(SAID))
    assert said_of(evidence, "rib_left_6") == {"middle"}
    assert evidence.sum() == 1


def test_a_crowd_of_ribs_is_marked_as_one() -> None:
    evidence = site_evidence(
        Report(findings="双侧多根肋骨见多发异常放射性浓聚灶。", impression="多发骨转移。")
    )
    assert said_of(evidence, "rib_right_4") == {"high", "collective"}
    assert said_of(evidence, "L3") == set()


def test_no_report_and_an_empty_one_say_nothing() -> None:
    assert not site_evidence(None).any()
    assert not site_evidence(Report()).any()
