"""A run whose text encoder does not learn, from training to the controls."""

import numpy as np
import pytest

from mmseg_bone.cli import main
from mmseg_bone.cli.apply import Control, apply
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from tests.cli.studies import SECRET, patients
from tests.cli.test_apply import QUICK


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store of six patients in three folds, all with one and the same report, and a run."""
    root = tmp_path_factory.mktemp("frozen")
    Store.write(root / "store", patients(6), {f"p{i}": i % 3 for i in range(6)})
    main(
        [
            *("train", *QUICK, "text.tune=frozen", "model.fusion=film", "optimizer.lr=0.01"),
            *(f"store={root}/store", f"hydra.run.dir={root}/run"),
        ]
    )
    return root


def states(root):
    return sorted((root / "store" / "token_states").rglob("*.safetensors"))


def test_what_it_says_lies_with_the_store_without_a_word(made):
    assert len(states(made)) == 2  # the report, and the one of the mirrored patient
    assert not any(SECRET.encode() in path.read_bytes() for path in states(made))
    assert Store(made / "store").digest == Run(made / "run").store_digest


@pytest.mark.parametrize("control", [Control.none, Control.side_flipped, Control.empty])
def test_controls_are_read_by_the_encoder_itself(made, tmp_path, control):
    before = {path: path.stat().st_mtime_ns for path in states(made)}
    apply(made / "run", store=made / "store", out=tmp_path / "out", control=control)

    assert {path: path.stat().st_mtime_ns for path in states(made)} == before
    own, other = Run(made / "run"), Run(tmp_path / "out")
    same = [
        np.array_equal(other.read_prediction(id), own.read_prediction(id)) for id in own.predicted
    ]
    assert same == [control == Control.none] * 2
