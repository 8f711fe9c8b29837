"""What a checkpoint holds of a text encoder, some of which does not learn."""

from functools import partial

import pytest
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from safetensors.torch import load_file

from mmseg_bone.cli.load import save_weights
from mmseg_bone.errors import RunError, TextModelError
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.models.text_unet import TextUNet
from mmseg_bone.tasks.segmentation import SegmentationTask
from mmseg_bone.text.encoder import ReportEncoder

# Going on, Lightning finds the killed run's checkpoints, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Checkpoint directory")
LEARNS = "network.text.bert.encoder.layer.2.output.dense.weight"
FROZEN = "network.text.bert.embeddings.word_embeddings.weight"


def make_task(tune):
    torch.manual_seed(0)
    network = TextUNet(
        ReportEncoder(tune=tune), "film", base_channels=4, depth=2, report_dropout=0.0
    )
    return SegmentationTask(network, DiceCrossEntropy(), partial(torch.optim.AdamW, lr=1e-2))


@pytest.fixture
def fit(studies, load, trainer, tmp_path):
    """Train to an epoch; the checkpoint it left in that folder."""

    def run(task, epochs, folder="run", **settings):
        torch.manual_seed(0)
        keep = ModelCheckpoint(tmp_path / folder, save_last=True)
        data = load(studies(2))
        trained = trainer(max_epochs=epochs, enable_checkpointing=True, callbacks=keep)
        trained.fit(task, data, data, weights_only=True, **settings)
        return tmp_path / folder / "last.ckpt"

    return run


def test_what_is_frozen_is_left_out_and_put_back_of_the_same_encoder(fit, tmp_path):
    whole = make_task("frozen")
    fit(whole, 3, "whole")
    last = fit(make_task("frozen"), 2)
    resumed = make_task("frozen")
    fit(resumed, 3, ckpt_path=last)

    kept = torch.load(last, weights_only=True)["state_dict"]
    assert not any(name.startswith("network.text.") for name in kept)
    assert last.stat().st_size < 1e6  # the encoder alone has 12 MB
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name

    save_weights(resumed, str(last), tmp_path)
    weights = load_file(tmp_path / "weights.safetensors")
    assert weights.keys() == resumed.network.state_dict().keys()  # a run is whole wherever it is
    torch.testing.assert_close(weights["unet.head.weight"], kept["network.unet.head.weight"])


def test_weights_of_a_network_that_diverged_are_not_kept(fit, tmp_path):
    task = make_task("frozen")
    last = fit(task, 1)
    content = torch.load(last, weights_only=True)
    content["state_dict"]["network.unet.head.weight"].fill_(torch.nan)
    torch.save(content, last)
    with pytest.raises(RunError, match=r"unet\.head\.weight the first. Training has diverged"):
        save_weights(task, str(last), tmp_path)
    assert not (tmp_path / "weights.safetensors").exists()


def test_layers_that_learn_are_kept(fit):
    task = make_task("last_1")
    kept = torch.load(fit(task, 1), weights_only=True)["state_dict"]
    assert torch.equal(kept[LEARNS], task.state_dict()[LEARNS])
    assert FROZEN not in kept
    assert FROZEN in torch.load(fit(make_task("all"), 1, "all"), weights_only=True)["state_dict"]


@pytest.mark.parametrize("tune", ["frozen", "last_1"])
def test_another_encoder_is_refused(fit, tune):
    last = fit(make_task("frozen"), 1)
    other = make_task(tune)
    if tune == "frozen":
        other.network.text.bert.embeddings.word_embeddings.weight.data[7] += 1e-3
    with pytest.raises(TextModelError, match="frozen weights have the digest"):
        fit(other, 2, ckpt_path=last)


def test_a_checkpoint_from_before_which_holds_everything_is_read_as_ever(fit, tmp_path):
    task = make_task("frozen")
    content = torch.load(fit(task, 1), weights_only=True)
    del content["left_out"]
    content["state_dict"] = task.state_dict()
    torch.save(content, tmp_path / "run" / "old.ckpt")
    other = make_task("frozen")
    fit(other, 2, ckpt_path=tmp_path / "run" / "old.ckpt")
    assert torch.equal(other.state_dict()[FROZEN], task.state_dict()[FROZEN])
