"""What a report says of each bone, as numbers a network can lay on the body."""

import numpy as np
from jaxtyping import Float

from mmseg_bone.anatomy import BONES, BY_NAME
from mmseg_bone.study import Report
from mmseg_bone.text.evidence import mentions

SAID = ("high", "middle", "low", "benign", "negated", "collective")  # columns of the evidence
EVIDENCE_SHAPE = (len(BONES) + 1, len(SAID))
SAYABLE = EVIDENCE_SHAPE[0] * EVIDENCE_SHAPE[1]


def site_evidence(report: Report | None) -> Float[np.ndarray, "label said"]:
    """Evidence by label of the bone and by what is said; zeros where nothing is.

    A row per value of a ``bones`` map, so that row 0, no bone, stays zero. The first four
    columns are certainties of a metastasis, of which a bone has at most one; ``negated`` stands
    alone; ``collective`` stands beside a certainty where the bone is named only among others
    (多根肋骨). How much each is to be trusted is for the network to learn.

    Args:
        report: As a study has it. None and a report without a bone both give zeros: use
            ``Study.report is None`` to tell them apart.
    """
    evidence = np.zeros(EVIDENCE_SHAPE, np.float32)
    for mention in mentions(report) if report is not None else ():
        row = evidence[BY_NAME[mention.bone].label]
        row[SAID.index("negated" if mention.negated else mention.certainty)] = 1.0
        row[SAID.index("collective")] = float(mention.collective)
    return evidence
