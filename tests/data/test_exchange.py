from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.data.datamodule import StudyDataModule
from mmseg_bone.data.encode import EncodeStudy
from mmseg_bone.data.exchange import ExchangeReports
from mmseg_bone.errors import StoreError
from mmseg_bone.imaging.augment import Augment
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report


@pytest.fixture
def store(study, tmp_path):
    """Four patients of two studies each, whose reports tell whose they are; one has none."""
    studies = [
        replace(study, id=f"s{i}", patient=f"p{i // 2}", report=Report(findings=f"病人{i // 2}。"))
        for i in range(8)
    ]
    studies[7] = replace(studies[7], report=None)
    return Store.write(tmp_path / "store", studies, {f"p{i}": 0 for i in range(4)})


def read_again(store, share, times=1000):
    """Whose report each study gets, over and over."""
    exchange, rng = ExchangeReports(store, store.ids, share), np.random.default_rng(0)
    studies = {id: store[id] for id in store.ids}
    return {id: [exchange(studies[id], rng).report for _ in range(times)] for id in store.ids}


def test_that_share_of_the_reports_is_of_another_patient_and_any_of_them(store):
    got = read_again(store, 0.25)
    for id in store.ids[:7]:
        own = store[id].report
        others = [report for report in got[id] if report != own]
        assert len(others) / 1000 == pytest.approx(0.25, abs=0.06)
        everyone = {Report(findings=f"病人{patient}。") for patient in range(4)}
        assert set(others) == everyone - {own}  # never its patient's other study


def test_none_and_all(store):
    assert all(set(got) == {store[id].report} for id, got in read_again(store, 0, 20).items())
    all_exchanged = read_again(store, 1, 20)
    assert all(store[id].report not in all_exchanged[id] for id in store.ids[:7])


def test_who_has_no_report_is_given_none(store):
    assert set(read_again(store, 1, 20)["s7"]) == {None}


def test_nothing_else_changes(store):
    exchanged = ExchangeReports(store, store.ids, 1)(store["s0"], np.random.default_rng(0))
    assert exchanged.patient == "p0"
    np.testing.assert_array_equal(exchanged.counts, store["s0"].counts)
    np.testing.assert_array_equal(exchanged.mask, store["s0"].mask)


def test_reports_come_from_those_learnt_from_alone(store):
    got = ExchangeReports(store, ["s0", "s2"], 1)
    assert got(store["s0"], np.random.default_rng(0)).report == store["s2"].report
    assert got(store["s2"], np.random.default_rng(0)).report == store["s0"].report


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_an_error(share, store):
    with pytest.raises(StoreError, match="is no share of the reports; expected 0 to 1"):
        ExchangeReports(store, store.ids, share)


def test_one_patient_alone_cannot_exchange(store):
    with pytest.raises(StoreError, match="only one of the patients to learn from has a report"):
        ExchangeReports(store, ["s0", "s1"], 0.5)
    ExchangeReports(store, ["s0", "s1"], 0)  # who does not want to need not


def lengths(report):
    return [0] if report is None else list(report.text.encode())


def test_training_reads_exchanged_reports_validation_its_own(study, tmp_path):
    studies = [
        replace(study, id=f"s{i}", patient=f"p{i}", report=Report(findings=f"病人{i}。"))
        for i in range(9)
    ]
    Store.write(tmp_path / "store", studies, {f"p{i}": min(i, 2) for i in range(9)})

    def loaded(exchanged, epoch=0):
        data = StudyDataModule(
            tmp_path / "store",
            EncodeStudy(tokens=lengths),
            Augment(),
            batch_size=1,
            exchanged=exchanged,
        )
        train = data.train_dataloader()
        train.sampler.set_epoch(epoch)
        own = [data.val_dataloader(), data.predict_dataloader()]
        assert [b["tokens"][0].tolist() for loader in own for b in loader] == [
            lengths(Report(findings="病人1。")),
            lengths(Report(findings="病人0。")),
        ]
        return {b["id"][0]: (b["tokens"][0].tolist(), b["image"]) for b in train}

    def right(batches):
        return sum(
            read == lengths(Report(findings=f"病人{id[1:]}。")) for id, (read, _) in batches.items()
        )

    whole, none_right = loaded(0), loaded(1)
    assert (right(whole), right(none_right)) == (7, 0)
    for id, (_, image) in whole.items():  # the augmentation is the one it was
        np.testing.assert_array_equal(image, none_right[id][1])
    once, resumed = loaded(0.5, epoch=3), loaded(0.5, epoch=3)
    assert {id: read for id, (read, _) in once.items()} == {
        id: read for id, (read, _) in resumed.items()
    }
    assert {id: read for id, (read, _) in loaded(0.5, epoch=4).items()} != {
        id: read for id, (read, _) in once.items()
    }
