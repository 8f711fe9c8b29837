from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.analysis.marked import Cut, mark
from mmseg_bone.analysis.scores import froc_rows, scan_row, score, score_rows, score_run, undrawn
from mmseg_bone.anatomy import BY_NAME
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


def score_study(study, probability, cut, fold=0):
    return score_rows(mark(study, probability, cut), fold=fold)


def test_a_row_per_view_holds_counts_metrics_and_lesions(study, probability):
    front, back = score_study(study, probability, Cut(), fold=2)

    assert front == {
        "id": "s1",
        "patient": "p1",
        "fold": 2,
        "view": "anterior",
        "primary": "",
        "camera": "",
        "style": "",
        "ambiguous": "",
        "has_report": 1,
        "threshold": 0.5,
        "hit_rule": "iou>=0.1",
        "smallest_mm2": 0.0,
        "tolerance_mm": 5.0,
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
        "hausdorff95_mm": pytest.approx(0.95 * 2.4),  # 0 and one pixel
        "surface_dice": 1.0,
        "lesions": 1,
        "lesions_hit": 1,
        "false_positives": 0,
    }
    assert (back["view"], back["dice"], back["lesions_hit"]) == ("posterior", 0.0, 0)
    assert np.isnan(back["precision"])
    assert np.isnan(back["hausdorff95_mm"])
    assert back["surface_dice"] == 0.0


def test_a_tighter_tolerance_makes_outlines_worse(study, probability):
    front, _ = score_study(study, probability, Cut(tolerance_mm=1.0))
    assert (front["surface_dice"], front["tolerance_mm"]) == (pytest.approx(2 / 3), 1.0)


def test_notes_and_foci_say_what_kind_of_scan_it_is(study, probability):
    told = replace(
        study,
        report=None,
        notes={"primary": "lung", "camera": "GE", "style": "terse"},
        instances=np.zeros(study.counts.shape, np.uint16),
    )
    front, _ = score_study(told, probability, Cut())
    assert [front[name] for name in ("primary", "camera", "style", "ambiguous", "has_report")] == [
        "lung",
        "GE",
        "terse",
        0,
        0,
    ]


def test_the_froc_at_the_threshold_of_the_masks_counts_what_the_scores_count(study, probability):
    rows = froc_rows(mark(study, probability, Cut()))
    front, back = score_study(study, probability, Cut())
    (half,) = (row for row in rows if row["threshold"] == 0.5)
    assert half["lesions"] == 2
    assert half["lesions_hit"] == front["lesions_hit"] + back["lesions_hit"] == 1
    assert half["false_positives"] == front["false_positives"] + back["false_positives"] == 0
    low = rows[0]
    assert (low["lesions_hit"], low["false_positives"]) == (1, 1)


def test_a_scan_has_a_burden_where_its_bones_are_known(study, probability):
    bones = np.zeros(study.counts.shape, np.uint8)
    bones[0, 3, 4:] = bones[1, 3, :2] = BY_NAME["skull"].label  # half of it is lesion
    known = replace(study, bones=bones, notes={"bsi_percent": "7.5"})
    row = scan_row(mark(known, probability, Cut()))
    skull = 100 * 16.6 / 100.1
    assert (row["metastatic"], row["bsi_true"]) == (1, 7.5)
    assert row["bsi_reference"] == pytest.approx(skull / 2, rel=1e-4)
    assert row["bsi_predicted"] == pytest.approx(skull * (1 + 0) / 2, rel=1e-4)
    assert row["bsi_visible"] == pytest.approx(skull, rel=1e-4)
    assert row["max_probability"] == pytest.approx(0.9, abs=1e-3)


def test_a_scan_without_bones_has_no_burden(study, probability):
    row = scan_row(mark(replace(study, mask=np.zeros_like(study.mask)), probability, Cut()))
    assert row["metastatic"] == 0
    assert np.isnan([row["bsi_reference"], row["bsi_predicted"], row["bsi_true"]]).all()


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
        mark(study, np.zeros((2, 4, 6)), Cut())


def test_a_study_nobody_drew_on_is_not_scored(study, probability):
    with pytest.raises(RunError, match="study 's1' has no drawing"):
        mark(replace(study, mask=None), probability, Cut())


@pytest.fixture
def store(study, tmp_path):
    undrawn = replace(study, id="s0", mask=None)
    normal = replace(study, id="s2", patient="p2", mask=np.zeros_like(study.mask), report=None)
    return Store.write(tmp_path / "store", [study, undrawn, normal], {"p1": 0, "p2": 1})


def test_studies_nobody_drew_on_are_skipped_and_named(store, probability):
    ids = ["s0", "s1", "s2"]
    rows = score(store, ids, lambda id: probability, Cut()).scores
    assert undrawn(store, ids) == ["s0"]
    assert rows.id.tolist() == ["s1", "s1", "s2", "s2"]
    assert rows.fold.tolist() == [0, 0, 1, 1]
    assert rows.has_report.tolist() == [1, 1, 0, 0]
    assert rows.dice[2] == 0.0  # a false alarm
    assert np.isnan(rows.dice[3])  # nothing to find, nothing found


def test_a_study_the_store_does_not_hold_is_named(store, probability):
    with pytest.raises(StoreError, match="holds no study 's9'"):
        score(store, ["s9"], lambda id: probability, Cut())


def test_nothing_drawn_leaves_empty_tables_with_all_columns(store, probability):
    full = score(store, ["s1"], lambda id: probability, Cut())
    empty = score(store, ["s0"], lambda id: probability, Cut())
    for some, none in zip(full, empty, strict=True):
        assert list(none) == list(some)
        assert len(some)
        assert not len(none)


def test_a_run_is_scored_on_its_own_store_and_on_no_other(store, study, probability, tmp_path):
    run = Run.start(tmp_path / "run", {"name": "x"}, {"store_digest": store.digest})
    run.write_prediction("s1", probability)
    assert len(score_run(run, store).scores) == 2

    other = Store.write(tmp_path / "other", [study], {"p1": 0})
    with pytest.raises(RunError, match="trained on a store of digest .* Name the store"):
        score_run(run, other)
