from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.scores import Cut, score, score_run, score_study, undrawn
from mmseg_bone.errors import RunError, StoreError
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store


@pytest.fixture
def probability(study):
    """Finds the lesion in front and a second pixel beside it; sees nothing from behind."""
    probability = np.zeros(study.counts.shape, np.float16)
    probability[0, 3, 4] = 0.9
    probability[0, 3, 5] = 0.5
    probability[0, 0, 0] = 0.4
    return probability


def test_a_row_per_view_holds_counts_metrics_and_lesions(study, probability):
    front, back = score_study(study, probability, Cut(), fold=2)

    assert front == {
        "id": "s1",
        "patient": "p1",
        "fold": 2,
        "view": "anterior",
        "has_report": 1,
        "threshold": 0.5,
        "hit_rule": "iou>=0.1",
        "smallest_mm2": 0.0,
        "tp": 1,
        "fp": 1,
        "fn": 0,
        "tn": 28,
        "dice": pytest.approx(2 / 3),
        "iou": 0.5,
        "precision": 0.5,
        "cpa": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
        "pixel_accuracy": pytest.approx(29 / 30),
        "specificity": pytest.approx(28 / 29),
        "lesions": 1,
        "lesions_hit": 1,
        "false_positives": 0,
    }
    assert (back["view"], back["dice"], back["lesions_hit"]) == ("posterior", 0.0, 0)
    assert np.isnan(back["precision"])


def test_the_threshold_is_inclusive_and_a_setting(study, probability):
    assert score_study(study, probability, Cut(threshold=0.51), fold=0)[0]["fp"] == 0
    front, _ = score_study(study, probability, Cut(threshold=0.4), fold=0)
    assert (front["fp"], front["false_positives"]) == (2, 1)


def test_small_predicted_lesions_can_be_dropped(study, probability):
    pixel = 2.26 * 2.4
    front, _ = score_study(study, probability, Cut(threshold=0.4, smallest_mm2=1.5 * pixel), fold=0)
    assert (front["tp"], front["fp"], front["lesions"]) == (1, 1, 1)


def test_a_single_view_has_one_row(study, probability):
    back = replace(study, views=("posterior",), counts=study.counts[1:], mask=study.mask[1:])
    (row,) = score_study(back, probability[1:], Cut(), fold=0)
    assert row["view"] == "posterior"


def test_a_prediction_of_another_size_is_refused(study):
    with pytest.raises(RunError, match=r"shape \(2, 4, 6\), its counts \(2, 5, 6\).*as acquired"):
        score_study(study, np.zeros((2, 4, 6)), Cut(), fold=0)


@pytest.fixture
def store(study, tmp_path):
    undrawn = replace(study, id="s0", mask=None)
    normal = replace(study, id="s2", patient="p2", mask=np.zeros_like(study.mask), report=None)
    return Store.write(tmp_path / "store", [study, undrawn, normal], {"p1": 0, "p2": 1})


def test_studies_nobody_drew_on_are_skipped_and_named(store, probability):
    ids = ["s0", "s1", "s2"]
    rows = score(store, ids, lambda id: probability, Cut())
    assert undrawn(store, ids) == ["s0"]
    assert rows.id.tolist() == ["s1", "s1", "s2", "s2"]
    assert rows.fold.tolist() == [0, 0, 1, 1]
    assert rows.has_report.tolist() == [1, 1, 0, 0]
    assert rows.dice[2] == 0.0  # a false alarm
    assert np.isnan(rows.dice[3])  # nothing to find, nothing found


def test_a_study_the_store_does_not_hold_is_named(store, probability):
    with pytest.raises(StoreError, match="holds no study 's9'"):
        score(store, ["s9"], lambda id: probability, Cut())


def test_nothing_drawn_leaves_an_empty_table_with_all_columns(store, probability):
    full = score(store, ["s1"], lambda id: probability, Cut())
    empty = score(store, ["s0"], lambda id: probability, Cut())
    assert list(empty) == list(full)
    assert not len(empty)


def test_a_run_is_scored_on_its_own_store_and_on_no_other(store, study, probability, tmp_path):
    run = Run.start(tmp_path / "run", {"name": "x"}, {"store_digest": store.digest})
    run.write_prediction("s1", probability)
    assert len(score_run(run, store)) == 2

    other = Store.write(tmp_path / "other", [study], {"p1": 0})
    with pytest.raises(RunError, match="trained on a store of digest .* Name the store"):
        score_run(run, other)
