from functools import partial

import pytest
import pytorch_lightning as pl
import torch

from mmseg_bone.errors import BatchError
from mmseg_bone.losses.fuzzy_cmeans import RobustFuzzyCMeans, SupervisedFuzzyCMeans
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.models.msa_net import MSANet
from mmseg_bone.models.unet import UNet
from mmseg_bone.tasks.segmentation import SegmentationTask
from mmseg_bone.tasks.semi_supervised import SemiSupervisedTask

ADAMW = partial(torch.optim.AdamW, lr=1e-2)


def make_task(network=None, loss=None, **settings):
    network = network or UNet(base_channels=4, depth=2)
    loss = loss or DiceCrossEntropy()
    return SemiSupervisedTask(network, loss, ADAMW, RobustFuzzyCMeans(), **settings)


@pytest.fixture
def step(trainer, load):
    """One step on a batch, and what it logged."""

    def take(task, studies):
        fit = trainer(max_epochs=1)
        checked = [{k: v for k, v in study.items() if k != "drawn"} for study in studies]
        fit.fit(task, load(studies, batch_size=len(studies)), load(checked))
        return fit.callback_metrics

    return take


def drawn(studies, *which):
    return [
        study | {"drawn": torch.tensor(yes), "mask": study["mask"] & yes}
        for study, yes in zip(studies, which, strict=True)
    ]


def test_masks_teach_where_there_are_some_and_images_everywhere(studies, load, step):
    pl.seed_everything(0)
    task = make_task(label_weight=2.0, image_weight=3.0)
    some = drawn(studies(3), True, False, True)
    (batch,) = load(some, batch_size=3)
    with torch.no_grad():
        logits, own = task(batch), torch.tensor([0, 2])
        of_labels = DiceCrossEntropy()(logits[own], batch["mask"][own], batch["views"][own])
        of_image = RobustFuzzyCMeans()(logits, batch["image"], batch["views"])

    logged = step(task, some)
    assert logged["train/label_loss"] == pytest.approx(of_labels.item())
    assert logged["train/image_loss"] == pytest.approx(of_image.item())
    assert logged["train/loss"] == pytest.approx((2 * of_labels + 3 * of_image).item())


def test_what_nobody_drew_on_is_no_negative(studies, step):
    def learnt(mask):
        pl.seed_everything(0)
        task, some = make_task(), drawn(studies(2), True, False)
        some[1]["mask"] = some[1]["mask"] | mask
        step(task, some)
        return torch.cat([p.flatten() for p in task.parameters()])

    assert torch.equal(learnt(False), learnt(True))


def test_a_batch_nobody_drew_on_teaches_by_its_images_alone(studies, step):
    logged = step(make_task(), drawn(studies(2), False, False))
    assert "train/label_loss" not in logged
    assert logged["train/loss"] == logged["train/image_loss"]


def test_a_batch_of_drawn_studies_needs_no_word_of_it(studies, load, trainer):
    fit = trainer(max_epochs=1)
    fit.fit(make_task(MSANet(base_channels=4, depth=3)), load(studies(2)), load(studies(2)))
    assert fit.callback_metrics["train/label_loss"] > 0
    assert fit.callback_metrics["val/loss"].isfinite()


def test_a_task_that_needs_masks_refuses_studies_nobody_drew_on(studies, load):
    task = SegmentationTask(UNet(base_channels=4, depth=2), DiceCrossEntropy(), ADAMW)
    (batch,) = load(drawn(studies(2), True, False))
    with pytest.raises(BatchError, match=r"SegmentationTask.*nobody drew.*task=semi_supervised"):
        task.score(batch)


def spots(count, draw):
    """Warm squares on a colder, noisy scan; how bright differs from scan to scan."""
    mask = torch.zeros(count, 2, 16, 16, dtype=torch.bool)
    for view in mask.flatten(0, 1):
        y, x = torch.randint(0, 12, (2,), generator=draw).tolist()
        view[y : y + 4, x : x + 4] = True
    gain = 0.6 + 0.4 * torch.rand(count, 1, 1, 1, generator=draw)
    noise = 0.08 * torch.randn(mask.shape, generator=draw)
    return (gain * (0.25 + 0.6 * mask) + noise).clamp(0, 1), mask


@pytest.mark.parametrize("loss", [DiceCrossEntropy(), SupervisedFuzzyCMeans()])
def test_undrawn_scans_help_where_one_is_drawn(loss, trainer, load):
    def dice(image_weight, seed):
        draw = torch.Generator().manual_seed(seed)
        sets = []
        for count in (12, 16):
            images, masks = spots(count, draw)
            sets.append(
                [
                    {"id": f"s{i}", "image": image, "mask": mask, "drawn": torch.tensor(i == 0)}
                    | {"views": torch.tensor([True, True]), "size": torch.tensor([16, 16])}
                    for i, (image, mask) in enumerate(zip(images, masks, strict=True))
                ]
            )
        unseen = [{k: v for k, v in study.items() if k != "drawn"} for study in sets[1]]
        pl.seed_everything(seed)
        fit = trainer(max_epochs=40, check_val_every_n_epoch=40)
        task = make_task(loss=loss, image_weight=image_weight)
        fit.fit(task, load(sets[0], batch_size=12), load(unseen, batch_size=16))
        return fit.callback_metrics["val/dice"].item()

    few, all_scans = (sum(dice(weight, seed) for seed in range(3)) / 3 for weight in (0, 5))
    assert all_scans > few + 0.1
