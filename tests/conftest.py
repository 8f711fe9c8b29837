"""One study by hand; phantoms for the rest; no patient data, ever."""

import os
import sys
from pathlib import Path

from jaxtyping import install_import_hook

# Before torch, albumentations and transformers are imported by any test.
for name, value in {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",  # tiny networks: threads cost ten times what they gain
    "OMP_WAIT_POLICY": "PASSIVE",
    "MPLBACKEND": "Agg",
    "MMSEG_BONE_TRUST": "tests.cli.networks",  # as one's own networks; see cli/build.py
}.items():
    os.environ.setdefault(name, value)

# Shapes are checked where a module names any, at every call. Elsewhere mypy is enough: a report
# is written sixty times as fast without.
ROOT = Path(__file__).parents[1]
SHAPED = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "mmseg_bone").rglob("*.py"))
    if "from jaxtyping import" in path.read_text("utf-8")
]
install_import_hook(SHAPED, "beartype.beartype")

import numpy as np
import pytest

from mmseg_bone.study import Report, Study


@pytest.fixture(autouse=True)
def _no_test_decides_for_the_next():
    """Lightning makes torch deterministic, and DDP names a rank in the environment: for good.

    With ``LOCAL_RANK`` set, a training of two processes waits for one that it thinks was started
    by somebody else.
    """
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    if "torch" in sys.modules:
        sys.modules["torch"].use_deterministic_algorithms(False)


@pytest.fixture
def study():
    """Two views of 5×6 pixels with one lesion each, and a report that names it.

    The lesion is at the patient's left: right in the anterior view, left in the posterior.
    """
    counts = np.full((2, 5, 6), 10, np.uint16)
    mask = np.zeros((2, 5, 6), bool)
    mask[0, 3, 4] = mask[1, 3, 1] = True
    counts[mask] = 90
    return Study(
        id="s1",
        patient="p1",
        counts=counts,
        spacing_mm=(2.26, 2.4),
        mask=mask,
        report=Report(
            findings="左侧第5肋骨见异常放射性浓聚。", impression="左侧第5肋骨骨转移可能性大。"
        ),
    )
