"""Studies of a few pixels, for tests that train."""

import numpy as np

from mmseg_bone.study import Report, Study

SECRET = "张三丰"  # stands for words of a report that must not leave


def patients(n):
    """Patients s0, s1, ... with a hot square each, its side in the report."""
    rng = np.random.default_rng(0)
    studies = []
    for i in range(n):
        counts = rng.poisson(10, (2, 32, 16)).astype(np.uint16)
        mask = np.zeros(counts.shape, bool)
        mask[0, 8:14, 9:13] = mask[1, 8:14, 3:7] = True
        counts[mask] += 60
        studies.append(
            Study(
                id=f"s{i}",
                patient=f"p{i}",
                counts=counts,
                spacing_mm=(2.3, 2.3),
                mask=mask,
                report=Report(findings=f"左侧第5肋骨见异常放射性浓聚。{SECRET}"),
            )
        )
    return studies
