from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmseg_bone.analysis.evaluation import evaluate
from mmseg_bone.analysis.experiments import collect
from mmseg_bone.analysis.figures.examples import Example, choose, examples
from mmseg_bone.analysis.figures.studies import PREDICTION, REFERENCE
from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


def scores(ambiguous=(), **hits):
    """Of 10 lesion pixels, how many were hit, by study."""
    rows = [
        {"id": id, "patient": id, "view": "anterior", "tp": hit, "fp": 0, "fn": 10 - hit, "tn": 9,
         "hausdorff95_mm": 0.0, "surface_dice": 0.0, "lesions": 1, "lesions_hit": 1,
         "false_positives": 0, "ambiguous": int(id in ambiguous)}
        for id, hit in hits.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_examples_are_chosen_by_rule():
    table = scores(ambiguous=("s4", "s5"), s1=1, s2=9, s3=3, s4=5, s5=4)
    # In order: s2 9, s4 5, s5 4, s3 3, s1 1; s5 is shown already, so s4 is left of the pool.
    assert choose(table) == [
        Example("s2", "best"),
        Example("s5", "median"),
        Example("s1", "worst"),
        Example("s4", "ambiguous"),
    ]


def test_a_scan_without_a_lesion_is_no_example():
    quiet = scores(s1=5, s2=5).assign(fn=[5, 0], tp=[5, 0], fp=[0, 7])
    assert choose(quiet) == [Example("s1", "best")]
    assert choose(quiet[1:]) == []


def test_a_study_is_shown_once_and_unknown_ambiguity_is_left_out():
    assert choose(scores(s1=5, s2=9)) == [Example("s2", "best"), Example("s1", "median")]
    assert [e.why for e in choose(scores(s1=5, s2=9, s3=7).drop(columns="ambiguous"))] == [
        "best",
        "median",
        "worst",
    ]


@pytest.fixture
def made(study, tmp_path):
    """A store of two studies, one with a single view, and a run that saw the front only."""
    back = replace(
        study, id="s2", patient="p2", views=("posterior",), counts=study.counts[1:],
        mask=study.mask[1:],
    )  # fmt: skip
    store = Store.write(tmp_path / "store", [study, back], {"p1": 0, "p2": 0})
    run = Run.start(tmp_path / "run", {"name": "x"}, {"store_digest": store.digest})
    for id in store.ids:
        seen = np.zeros(store[id].counts.shape)
        seen[0, 3, 4] = 0.9
        run.write_prediction(id, seen)
    evaluate(run, store)
    return store, run


def test_each_view_is_outlined_by_reference_and_prediction(made):
    store, run = made
    figure = examples(collect([run]), store, ["x"], [Example("s1", "best"), Example("s2", "worst")])
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["best: Dice 0.67", "", "worst: Dice 0.00"]
    assert [len(ax.collections) for ax in figure.axes] == [2, 1, 2]
    legend = {
        t.get_text(): h.get_color()
        for t, h in zip(figure.legends[0].get_texts(), figure.legends[0].get_lines(), strict=True)
    }
    assert legend == {"reference": REFERENCE, "prediction": PREDICTION}


def test_another_store_is_refused(made, study, tmp_path):
    other = Store.write(tmp_path / "other", [study], {"p1": 0})
    with pytest.raises(RunError, match="the runs were trained on a store of .* --store"):
        examples(collect([made[1]]), other, ["x"], [Example("s1", "best")])


def test_predictions_that_are_gone_are_asked_for(made):
    store, run = made
    (run.path / "predictions" / "s1.safetensors").unlink()
    with pytest.raises(RunError, match="no run of 'x' holds a prediction of 's1'.*--store"):
        examples(collect([run]), store, ["x"], [Example("s1", "best")])
