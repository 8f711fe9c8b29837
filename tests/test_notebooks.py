"""Every notebook runs, on quick data; and what is committed reads well on a code host."""

import json
import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from mmseg_bone.analysis.evaluation import evaluate
from mmseg_bone.io.runs import Run, keep_small
from mmseg_bone.io.store import Store
from tests.cli.studies import patients
from tests.notebooks import FOLDER, executed

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# In place of the cell tagged "parameters".
QUICK = {
    "01_one_study": "number = 4",
    "02_a_phantom": "number, seed = 1, 0",
    "03_train_on_phantoms": (
        "patients, folds = 3, 3\n"
        "size = ['size=demo', 'model.depth=2', 'model.base_channels=2', 'trainer.max_epochs=1',\n"
        "        'trainer.check_val_every_n_epoch=1', 'data.encode.rebin=8']"
    ),
    "04_from_runs_to_the_table": "patients, resamples = 2, 20",
    "05_the_benchmark": "results, plan, resamples = 'results', 'paper', 20",
}


def outputs(notebook):
    return [out for cell in notebook.cells for out in cell.get("outputs", ())]


def words(notebook):
    """All that is printed or shown as text."""
    shown = [
        out.get("text", "") + "".join(map(str, out.get("data", {}).values()))
        for out in outputs(notebook)
        if "image/png" not in out.get("data", {})
    ]
    return "\n".join(shown)


FOLDS = {f"p{number}": 0 for number in range(4)}


@pytest.fixture
def results(tmp_path):
    """Results of some rows of the benchmark with two seeds each, as it leaves them."""
    stores = {
        "main": Store.write(tmp_path / "main", patients(4), FOLDS),
        "shifted_camera": Store.write(tmp_path / "shifted_camera", patients(3), FOLDS),
    }
    rng = np.random.default_rng(0)
    for row, suffix, store in (
        ("text_free", "", "main"),
        ("text_fused", "", "main"),
        ("text_fused", "empty", "main"),
        ("text_free", "shifted_camera", "shifted_camera"),
        ("text_fused", "shifted_camera", "shifted_camera"),
        ("text_free_10", "", "main"),
    ):
        how = {"empty": ", empty", "shifted_camera": ", on shifted_camera"}
        for seed in (0, 1):
            about = {"name": row + how.get(suffix, ""), "seed": seed, "fold": 0}
            folder = Path(row, f"seed-{seed}", suffix)
            run = Run.start(
                tmp_path / "runs" / folder, about, {"store_digest": stores[store].digest}
            )
            for id in stores[store].ids:
                mask = stores[store][id].mask
                run.write_prediction(id, 0.9 * mask * (rng.random(mask.shape) < 0.8))
            evaluate(run, stores[store])
            keep_small(run, tmp_path / "results" / folder)


def test_there_are_the_five_notebooks():
    assert [path.stem for path in NOTEBOOKS] == list(QUICK)


@pytest.mark.parametrize("path", NOTEBOOKS[:4], ids=lambda path: path.stem)
def test_a_notebook_runs_on_quick_data_without_a_warning(path, tmp_path):
    done = executed(path, tmp_path, QUICK[path.stem])
    assert not [out for out in outputs(done) if out.get("name") == "stderr"]
    assert "warning" not in words(done).lower()


def test_the_benchmark_is_analysed_as_far_as_it_was_run(results, tmp_path):
    done = words(executed(NOTEBOOKS[4], tmp_path, QUICK[NOTEBOOKS[4].stem]))
    assert "| text | text_fused | 2 | exploratory |" in done
    assert "| text_fused, empty |" in done
    assert "minus text_free, on shifted_camera" in done
    assert "| text_free_10 |" in done
    assert "not run yet; finished: text_free\n" in done  # the critic


def test_without_any_result_the_benchmark_says_so_in_words(tmp_path):
    done = executed(NOTEBOOKS[4], tmp_path, QUICK[NOTEBOOKS[4].stem])
    assert "There is no result yet" in words(done)
    assert not [out for out in outputs(done) if out.output_type == "error"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_was_run_from_top_to_bottom_and_is_small(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"
    assert path.stat().st_size < 1_000_000
    for out in outputs(notebook):
        assert out.output_type != "error"
        assert out.get("name") != "stderr"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_names_no_machine_and_no_time(path):
    text = path.read_text("utf-8")
    for found in (str(Path.home()), str(FOLDER.parent), "/tmp/", "site-packages"):
        assert found not in text
    assert not re.search(r"/(?:home|Users|root|mnt|tmp)/\w", text)
    assert not any("execution" in cell["metadata"] for cell in json.loads(text)["cells"])
    assert os.environ.get("USER", "nobody-at-all") not in words(nbformat.read(path, as_version=4))
