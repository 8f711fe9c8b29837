from contextlib import nullcontext
from functools import partial

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.strategies import DDPStrategy
from torch import distributed

from mmseg_bone.errors import TaskError
from mmseg_bone.losses.adversarial import MultiScaleL1
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.unet import UNet
from mmseg_bone.nn.discriminator import MultiScaleCritic
from mmseg_bone.tasks.adversarial import AdversarialTask
from mmseg_bone.tasks.segmentation import SegmentationTask

PARTS = {
    "optimizer": partial(torch.optim.AdamW, lr=1e-2),
    "schedule": "cosine",
    "warmup": 0.2,
    "gradient_clip": 0.5,
}


def make_task(kind=AdversarialTask, pairing="multiply", make=UNet, **settings):
    """As the command line does: the seed, then the network, then the rest."""
    pl.seed_everything(0)
    network = make(base_channels=4, depth=2) if make is UNet else make(base_channels=8, depth=3)
    if issubclass(kind, AdversarialTask):
        settings |= {
            "critic": MultiScaleCritic(4, pairing),
            "adversarial": MultiScaleL1(),
            "critic_optimizer": partial(torch.optim.Adam, lr=1e-3, betas=(0.5, 0.999)),
        }
    return kind(network, DiceCrossEntropy(), **(PARTS | settings))


def weights(task):
    return {k: v.clone() for k, v in task.state_dict().items() if k.startswith("network.")}


@pytest.mark.parametrize("make", [UNet, MSANet])
def test_with_weight_nought_it_is_the_plain_task_bit_for_bit(make, studies, load, trainer):
    def run(kind, **settings):
        task, fit = make_task(kind, make=make, **settings), trainer(max_epochs=3)
        fit.fit(task, load(studies(6), shuffle=True), load(studies(2)))
        return weights(task), fit.callback_metrics, fit.global_step

    plain, plain_scores, plain_steps = run(SegmentationTask)
    none, none_scores, none_steps = run(AdversarialTask, weight=0)
    some, _, _ = run(AdversarialTask, weight=1.0)

    assert plain_steps == none_steps == 9
    assert all(torch.equal(none[name], plain[name]) for name in plain)
    assert {k: v.item() for k, v in none_scores.items()} == pytest.approx(
        {k: v.item() for k, v in plain_scores.items()}, abs=0
    )
    assert not all(torch.equal(some[name], plain[name]) for name in plain)


@pytest.mark.parametrize("pairing", ["multiply", "concat"])
def test_a_perfect_prediction_is_at_no_distance_and_another_is(batch, pairing):
    task, perfect = make_task(pairing=pairing), batch["mask"].float()
    assert task.distance(batch, perfect) == 0
    assert task.distance(batch, 1 - perfect) > 0
    assert task.distance(batch, 0.9 * perfect) > 0


def test_a_view_that_was_not_acquired_is_at_no_distance(batch):
    task, wrong = make_task(), batch["mask"].float()
    wrong[:, 1] = 1 - wrong[:, 1]
    batch["views"][:, 1] = False
    assert task.distance(batch, wrong) == 0


def test_the_network_feels_the_critic_and_the_critic_not_the_network(batch):
    task = make_task()
    task.critic.requires_grad_(False)
    task.distance(batch, task(batch).sigmoid()).backward()
    assert all(p.grad.abs().sum() > 0 for p in task.network.parameters())
    assert all(p.grad is None for p in task.critic.parameters())


def test_in_each_step_only_one_of_the_two_gets_a_gradient(studies, load, trainer):
    seen = []

    class Watched(AdversarialTask):
        def manual_backward(self, loss):
            before = [p.grad.clone() if p.grad is not None else None for p in self.parameters()]
            super().manual_backward(loss)
            changed = {
                name.split(".")[0]
                for (name, p), old in zip(self.named_parameters(), before, strict=True)
                if p.grad is not None and (old is None or not torch.equal(p.grad, old))
            }
            seen.append(changed)

    task = make_task()
    task.__class__ = Watched
    trainer(max_epochs=1).fit(task, load(studies(4)), load(studies(2)))
    assert seen == [{"network"}, {"critic"}] * 2


def test_the_critics_weights_stay_within_their_bound(studies, load, trainer):
    task = make_task(critic_clip=0.02)
    trainer(max_epochs=2).fit(task, load(studies(4)), load(studies(2)))
    largest = torch.stack([p.detach().abs().max() for p in task.critic.parameters()])
    assert largest.max() == pytest.approx(0.02)
    assert any(p.abs().max() > 0.02 for p in task.network.parameters())


def test_the_critic_raises_the_distance_that_the_network_lowers(batch, studies, load, trainer):
    task = make_task(critic_clip=1.0, optimizer=partial(torch.optim.SGD, lr=0.0))
    before = task.distance(batch, task(batch).sigmoid()).item()
    trainer(max_epochs=5).fit(task, load(studies(3), batch_size=3), load(studies(2)))
    assert task.distance(batch, task(batch).sigmoid()).item() > before


def test_the_network_learns_alone_until_the_critic_takes_part(studies, load, trainer):
    task = make_task(critic_from_epoch=2)
    first = {k: v.clone() for k, v in task.critic.state_dict().items()}
    data = load(studies(2)), load(studies(2))

    fit = trainer(max_epochs=2)
    fit.fit(task, *data)
    assert all(torch.equal(v, first[k]) for k, v in task.critic.state_dict().items())
    assert "train/adversarial" not in fit.callback_metrics

    task = make_task(critic_from_epoch=2)
    fit = trainer(max_epochs=3)
    fit.fit(task, *data)
    assert not all(torch.equal(v, first[k]) for k, v in task.critic.state_dict().items())
    assert fit.callback_metrics["train/adversarial"] > 0


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_it_learns_to_find_the_spots(studies, load, trainer, precision):
    task = make_task(critic_from_epoch=3, schedule="constant", gradient_clip=None)
    fit = trainer(max_epochs=15, precision=precision)
    fit.fit(task, load(studies(4), shuffle=True), load(studies(4)))
    assert fit.callback_metrics["val/dice"] > 0.9


def test_the_multi_scale_network_does_not_collapse_under_the_critic(studies, load, trainer):
    found = []

    class Watched(AdversarialTask):
        def on_validation_epoch_end(self):
            tp, fp = self.val_dice.true_positive, self.val_dice.false_positive
            found.append((tp + fp).item())
            super().on_validation_epoch_end()

    settings = {"weight": 1.0, "critic_from_epoch": 5, "schedule": "constant"}
    task = make_task(Watched, make=MSANet, gradient_clip=None, **settings)
    fit = trainer(max_epochs=16)
    fit.fit(task, load(studies(4), shuffle=True), load(studies(4)))
    assert all(found[5:])
    assert fit.callback_metrics["val/dice"] > 0.9


# Dice is of all processes already.
@pytest.mark.filterwarnings("ignore:It is recommended to use .self.log")
@pytest.mark.parametrize("finds_unused", [False, True])
def test_several_processes_that_would_wait_for_each_other_are_told_what_to_set(
    finds_unused, studies, load, trainer
):
    strategy = DDPStrategy(find_unused_parameters=finds_unused)  # of one process, but as of many
    fit, data = trainer(max_epochs=1, strategy=strategy), load(studies(2))
    told = pytest.raises(TaskError, match="strategy=ddp_find_unused_parameters_true")
    try:
        with nullcontext() if finds_unused else told:
            fit.fit(make_task(), data, data)
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
    assert fit.global_step == (2 if finds_unused else 0)


@pytest.mark.filterwarnings("ignore:Checkpoint directory")  # the killed run's, on purpose
def test_a_run_that_was_cut_off_goes_on_with_both_optimizers(studies, load, trainer, tmp_path):
    def run(name, epochs, **settings):
        task = make_task(schedule="constant", warmup=0.0)  # one that does not know the end
        keep = ModelCheckpoint(tmp_path / name, save_last=True)
        fit = trainer(max_epochs=epochs, enable_checkpointing=True, callbacks=keep)
        fit.fit(task, load(studies(4)), load(studies(4)), **settings)
        return task.state_dict()

    whole = run("whole", 3)
    run("killed", 2)
    last = tmp_path / "killed" / "last.ckpt"
    resumed = run("killed", 3, ckpt_path=last, weights_only=True)
    assert [name for name, value in whole.items() if not torch.equal(value, resumed[name])] == []
