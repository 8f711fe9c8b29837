from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.cli import main
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


@pytest.fixture
def command(capsys):
    """Run a command; what it printed, and what it ended with if it failed."""

    def run(*words):
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            if end.code:
                return f"{capsys.readouterr().err}{end.code}"
        return capsys.readouterr().out

    return run


@pytest.fixture
def store(study, tmp_path):
    """Three patients in two folds; the third was not drawn on."""
    normal = replace(study, id="s2", patient="p2", mask=np.zeros_like(study.mask))
    undrawn = replace(study, id="s3", patient="p3", mask=None)
    return Store.write(tmp_path / "store", [study, normal, undrawn], {"p1": 0, "p2": 0, "p3": 0})


@pytest.fixture
def make_run(store, tmp_path):
    """A run that predicted every study with the reference of the first."""

    def make(folder, name="text_free", probability=0.9, **config):
        about = {"name": name, "seed": 0, "fold": 0, "store": str(store.path)} | config
        run = Run.start(tmp_path / folder, about, {"store_digest": store.digest})
        for id in store.ids:
            run.write_prediction(id, store["s1"].mask * np.float32(probability))
        return run

    return make
