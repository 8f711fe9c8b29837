"""A training that reads its reports once."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger

from mmseg_bone.data.datamodule import StudyDataModule
from mmseg_bone.data.encode import EncodeStudy
from mmseg_bone.imaging.augment import Augment
from mmseg_bone.io.store import Store
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.models.text_unet import TextUNet
from mmseg_bone.study import Report, Study
from mmseg_bone.tasks.reading import ReadReports
from mmseg_bone.tasks.segmentation import SegmentationTask
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.tokens import ReportTokens
from tests.tasks.conftest import QUIET

LEFT, RIGHT = "左侧第5肋骨见异常放射性浓聚。", "右侧第5肋骨见异常放射性浓聚。"
REPORTS = [LEFT, None, LEFT, RIGHT, "", "胸椎未见异常。" * 9]
# Fold 0 is held out, so that the first study and the fourth are never read.
READ = 2 + 1  # the left rib and its mirror image; the long one, which has no side


@pytest.fixture
def store(tmp_path):
    studies = []
    for i, text in enumerate(REPORTS):
        counts = np.random.default_rng(i).poisson(20, (2, 32, 16)).astype(np.uint16)
        mask = np.zeros(counts.shape, bool)
        mask[:, 8:12, 4:8] = True
        report = None if text is None else Report(findings=text)
        studies.append(
            Study(
                id=f"s{i}",
                patient=f"p{i}",
                counts=counts,
                spacing_mm=(2.3, 2.3),
                mask=mask,
                report=report,
            )
        )
    return Store.write(tmp_path / "store", studies, {f"p{i}": i % 3 for i in range(6)})


@pytest.fixture
def computed(monkeypatch):
    """What the encoder computes while training, beside the steps."""
    log, compute, step = [], ReportEncoder.compute, SegmentationTask.training_step

    def counted(self, tokens, token_mask):
        log.append(len(tokens))
        return compute(self, tokens, token_mask)

    def marked(self, batch, batch_idx):
        log.append("step")
        return step(self, batch, batch_idx)

    monkeypatch.setattr(ReportEncoder, "compute", counted)
    monkeypatch.setattr(SegmentationTask, "training_step", marked)
    return log


def trained(store, folder, *, tune="frozen", max_tokens=None, logger=False):
    torch.manual_seed(0)
    encoder = ReportEncoder(tune=tune)
    network = TextUNet(encoder, "film", base_channels=4, depth=2, report_dropout=0.0)
    task = SegmentationTask(network, DiceCrossEntropy(), partial(torch.optim.AdamW, lr=1e-2))
    encode = EncodeStudy(tokens=ReportTokens(max_tokens=max_tokens))
    data = StudyDataModule(store.path, encode, Augment(), batch_size=2, stride=network.stride)
    callbacks = [ReadReports(folder)]
    settings = QUIET | {"logger": logger, "max_epochs": 2, "log_every_n_steps": 1}
    trainer = pl.Trainer(**settings, callbacks=callbacks)
    trainer.fit(task, datamodule=data)
    return network.eval(), data


def test_each_report_is_computed_once_before_the_first_step(store, computed, tmp_path):
    trained(store, tmp_path / "states")
    assert computed == [*[1] * READ, *["step"] * 2]
    assert len(list((tmp_path / "states").rglob("*.safetensors"))) == READ

    computed.clear()
    trained(store, tmp_path / "states")  # another run of the same store
    assert computed == ["step"] * 2


def test_a_run_learns_the_same_from_what_is_kept(store, tmp_path):
    (one, data), (two, _) = trained(store, tmp_path / "states"), trained(store, None)
    for batch in data.predict_dataloader():
        inputs = {key: batch[key] for key in one.reads}
        torch.testing.assert_close(one(**inputs), two(**inputs), atol=1e-3, rtol=0)
        assert not torch.allclose(one(**inputs), one(inputs["image"]), atol=1e-3)


def test_after_training_a_report_leaves_nothing_behind(store, computed, tmp_path):
    network, data = trained(store, tmp_path / "states")
    files = sorted((tmp_path / "states").rglob("*.safetensors"))
    computed.clear()
    batch = next(iter(data.predict_dataloader()))
    network(**{key: batch[key] for key in network.reads})
    assert computed == [2]
    assert sorted((tmp_path / "states").rglob("*.safetensors")) == files


def test_no_word_of_a_report_is_kept(store, tmp_path):
    trained(store, tmp_path / "states")
    files = [path for path in (tmp_path / "states").rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not any(word.encode() in content for word in ("左侧", "肋骨"))
        header = content[8 : 8 + int.from_bytes(content[:8], "little")]  # the rest are numbers
        assert not any(key in header.decode() + path.name for key in ('"s2', '"p2', "s2.", "p2."))


@pytest.mark.parametrize("tune", ["all", "last_1"])
def test_of_an_encoder_that_learns_nothing_is_kept(store, tmp_path, tune):
    trained(store, tmp_path / "states", tune=tune)
    assert not (tmp_path / "states").exists()


@pytest.mark.parametrize("tune", ["all", "frozen"])
def test_the_share_of_reports_that_are_cut_is_logged(store, tmp_path, caplog, tune):
    logger = CSVLogger(tmp_path, name="", version="log")
    trained(store, tmp_path / "states", tune=tune, max_tokens=32, logger=logger)
    logged = pd.read_csv(tmp_path / "log" / "metrics.csv")["text/cut_rate"].dropna()
    # Read are: a left rib, a right one, and the long one twice, of which only that is cut.
    assert logged.tolist() == [0.5]
    assert "50.0 % of the reports are longer than 32 tokens" in caplog.text
    assert "肋" not in caplog.text
