from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from mmseg_bone.errors import BatchError
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.unet import UNet
from mmseg_bone.nn.network import Network
from mmseg_bone.tasks.segmentation import SegmentationTask

ADAMW = partial(torch.optim.AdamW, lr=1e-2)


def make_task(network=None, **settings):
    network = network or UNet(base_channels=4, depth=2)
    return SegmentationTask(network, DiceCrossEntropy(), ADAMW, **settings)


class Given(Network):
    """Answers what it was told to, whatever it is shown."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(logits)

    def forward(self, image):
        return self.logits


def test_training_lowers_the_loss_and_finds_the_spots(studies, load, trainer):
    pl.seed_everything(0)
    fit = trainer(max_epochs=15)
    fit.fit(make_task(), load(studies(4), shuffle=True), load(studies(4)))

    assert fit.callback_metrics["val/dice"] > 0.9
    assert fit.callback_metrics["val/dice_micro"] > 0.9
    assert fit.callback_metrics["train/lr"] == pytest.approx(1e-2)


def test_a_fold_without_lesions_trains_on(studies, load, trainer):
    fit = trainer(max_epochs=1)
    normal = load(studies(2, lesions=False))
    fit.fit(make_task(), normal, normal)

    assert fit.callback_metrics["val/dice"].isnan()
    assert fit.callback_metrics["val/loss"].isfinite()


def test_validation_scores_studies_and_not_batches(studies, load, trainer):
    some = studies(3)
    some[2]["mask"][:] = False  # a normal scan
    logits = torch.where(some[0]["mask"], 9.0, -9.0)[None]  # finds the first one's spots
    fit = trainer()
    fit.validate(make_task(Given(logits)), load(some, batch_size=1), verbose=False)

    # study 0: all of 8 pixels; study 1: 4 of 8 found, 4 false; study 2: 8 false alarms
    assert fit.callback_metrics["val/dice"] == pytest.approx((1 + 0.5) / 2)
    assert fit.callback_metrics["val/dice_micro"] == pytest.approx(24 / (24 + 4 + 12))


def test_predictions_are_probabilities_by_study_without_the_padding(batch):
    batch["size"] = torch.tensor([[16, 8], [15, 8], [16, 7]])
    task = make_task()

    predicted = task.predict_step(batch, 0)
    assert {id: tuple(p.shape) for id, p in predicted.items()} == {
        "s0": (2, 16, 8),
        "s1": (2, 15, 8),
        "s2": (2, 16, 7),
    }
    torch.testing.assert_close(predicted["s1"], task(batch).sigmoid()[1, :, :15])


def test_the_threshold_is_a_probability():
    logits = torch.tensor([0.8, 0.9]).logit().expand(1, 2, 1, 2)
    assert make_task(threshold=0.85).masks(logits)[0, 0].tolist() == [[False, True]]


def test_a_network_that_reads_what_the_batch_lacks_says_so(batch):
    network = UNet(base_channels=4, depth=2)
    network.reads = ("image", "clicks")
    with pytest.raises(BatchError, match="UNet reads clicks.*it has id, image.*with_report"):
        make_task(network)(batch)


def test_gradients_are_clipped_to_the_norm_asked_for(studies, load, trainer):
    norms = []

    class Watched(SegmentationTask):
        def on_train_batch_end(self, outputs, batch, batch_idx):
            grads = [p.grad.flatten() for p in self.network.parameters()]
            norms.append(torch.cat(grads).norm().item())

    network = UNet(base_channels=4, depth=2)
    task = Watched(network, DiceCrossEntropy(), ADAMW, gradient_clip=0.01)
    trainer(max_epochs=1).fit(task, load(studies(4)), load(studies(2)))
    assert norms == pytest.approx([0.01, 0.01], rel=1e-3)


def test_the_learning_rate_follows_its_schedule(studies, load, trainer):
    task = make_task(schedule="cosine", warmup=0.5)
    fit = trainer(max_epochs=4)  # of one step
    fit.fit(task, load(studies(2)), load(studies(2)))
    assert task.trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)
    assert fit.callback_metrics["train/lr"] == pytest.approx(0.5e-2)


class TwoParts(UNet):
    """A network whose head stands for a text encoder, with its weight frozen."""

    def __init__(self):
        super().__init__(base_channels=4, depth=2)
        self.head.weight.requires_grad_(False)

    def text_parameters(self):
        return self.head.parameters()


def test_the_text_encoder_learns_at_its_own_rate_and_what_is_frozen_does_not(
    studies, load, trainer
):
    task = make_task(TwoParts(), text_lr=1e-3)
    frozen, fit = task.network.head.weight.clone(), trainer(max_epochs=1)
    fit.fit(task, load(studies(2)), load(studies(2)))

    image, text = task.trainer.optimizers[0].param_groups
    assert [group["lr"] for group in (image, text)] == [1e-2, 1e-3]
    assert text["params"] == [task.network.head.bias]
    assert len(image["params"]) == len(list(task.network.parameters())) - 2
    assert fit.callback_metrics["train/lr_text"] == pytest.approx(1e-3)
    assert torch.equal(task.network.head.weight, frozen)


def test_without_a_rate_of_its_own_the_text_encoder_is_in_the_one_group():
    (group,) = make_task(TwoParts()).parameter_groups()
    assert len(group["params"]) == len(list(TwoParts().parameters())) - 1


@pytest.mark.filterwarnings("ignore:Checkpoint directory")  # the killed run's, on purpose
def test_a_checkpoint_is_plain_numbers_and_is_resumed(studies, load, trainer, tmp_path):
    def run(name, epochs, **settings):
        pl.seed_everything(0)
        task = make_task()
        keep = ModelCheckpoint(tmp_path / name, save_last=True)
        fit = trainer(max_epochs=epochs, enable_checkpointing=True, callbacks=keep)
        fit.fit(task, load(studies(4)), load(studies(4)), **settings)
        return task

    whole = run("whole", 3)
    run("killed", 2)
    resumed = run("killed", 3, ckpt_path=tmp_path / "killed" / "last.ckpt")

    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    content = torch.load(
        tmp_path / "killed" / "last.ckpt", weights_only=True
    )  # nothing pickled but numbers
    assert content["hyper_parameters"]["network"] == "UNet"


def test_side_heads_learn_along_in_training_and_are_not_asked_otherwise(studies, load, trainer):
    network = MSANet(base_channels=4, depth=3)
    task, data = make_task(network), load(studies(2))
    before = network.sides["1"].weight.clone()
    trainer(max_epochs=1).fit(task, data, data)
    assert not torch.equal(network.sides["1"].weight, before)

    batch = next(iter(data))
    with torch.no_grad():
        _, loss = task.train().score(batch)
        logits, plain = task.eval().score(batch)
    assert plain == task.loss(logits, batch["mask"], batch["views"])
    assert loss > plain
