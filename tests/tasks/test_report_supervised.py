"""Reports of scans that nobody drew on, by an atlas of two bones: the right and the left half."""

from functools import partial

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from mmseg_bone.errors import BatchError
from mmseg_bone.losses.overlap import DiceCrossEntropy
from mmseg_bone.losses.reported import ReportedBones
from mmseg_bone.models.unet import UNet
from mmseg_bone.tasks.report_supervised import ReportSupervisedTask
from mmseg_bone.text.site_evidence import SAID

RIGHT, LEFT, LABELS = 1, 2, 3


def halves():
    """The patient's left lies at the right."""
    shares = np.zeros((2, LABELS, 4, 4), np.uint8)
    shares[:, RIGHT, :, :2] = shares[:, LEFT, :, 2:] = 255
    return shares


def make_task(**settings):
    return ReportSupervisedTask(
        network=UNet(base_channels=8, depth=2),
        loss=DiceCrossEntropy(),
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
        image_loss=ReportedBones(outside=0.1, unfound=0.05),
        atlas=halves,
        **settings,
    )


def places(height=16, width=16):
    """Of blocks of four pixels, each view as its camera sees it."""
    y = (torch.arange(height // 4) + 0.5) / (height // 4) * 2 - 1
    x = (torch.arange(width // 4) + 0.5) / (width // 4) * 2 - 1
    place = torch.stack(torch.meshgrid(y, x, indexing="ij"))
    return torch.stack([place, place.flip(-1)])


def said(*pairs):
    evidence = torch.zeros(LABELS, len(SAID))
    for label, word in pairs:
        evidence[label, SAID.index(word)] = 1.0
    return evidence


def scored(task, logits, *pairs, told=True, drawn=False):
    batch = {
        "image": torch.zeros(1, 2, 16, 16),
        "views": torch.tensor([[True, True]]),
        "body": places()[None],
        "evidence": said(*pairs)[None],
        "told": torch.tensor([told]),
        "drawn": torch.tensor([drawn]),
    }
    return task.score_images(logits, batch).item()


def marks(view, x):
    """Nothing but a pixel at the middle of a view."""
    logits = torch.full((1, 2, 16, 16), -20.0)
    logits[0, view, 8, x] = 20.0
    return logits


@pytest.mark.parametrize(("view", "x"), [(0, 13), (1, 2)])  # left, as each camera sees it
def test_a_mark_is_right_on_the_bone_that_the_report_suspects_and_on_no_other(view, x):
    task, mark = make_task(), marks(view, x)
    assert scored(task, mark, (LEFT, "high")) == pytest.approx(0, abs=1e-6)
    assert scored(task, mark, (RIGHT, "high")) > 0.05 * 12
    assert scored(task, mark, (LEFT, "negated")) > 0.1 / 2
    assert scored(task, mark, (LEFT, "benign")) > 0.1 / 2


@pytest.mark.parametrize("words", [("low",), ("high", "collective")])
def test_what_is_hardly_suspected_or_named_among_others_may_have_a_lesion_and_need_not(words):
    task, pairs = make_task(), [(LEFT, word) for word in words]
    assert scored(task, marks(0, 13), *pairs) == pytest.approx(0, abs=1e-6)
    assert scored(task, torch.full((1, 2, 16, 16), -20.0), *pairs) == pytest.approx(0, abs=1e-6)


def test_a_drawn_study_and_one_without_a_report_teach_nothing_by_it():
    task, mark = make_task(), marks(0, 2)
    assert scored(task, mark, (LEFT, "high")) > 0
    assert scored(task, mark, (LEFT, "high"), drawn=True) == 0
    assert scored(task, mark, told=False) == 0


def test_a_batch_that_does_not_say_what_reports_say_is_refused():
    batch = {"image": torch.zeros(1, 2, 16, 16), "views": torch.ones(1, 2, dtype=torch.bool)}
    with pytest.raises(BatchError, match=r"body, evidence, told.*data=with_evidence"):
        make_task().score_images(marks(0, 2), batch)


def cohort(count, draw, drawn):
    """Two spots alike, one of them a lesion: a mask of a few, a report of every one."""
    studies = []
    for i in range(count):
        side = int(torch.randint(2, (1,), generator=draw))
        mask = torch.zeros(2, 16, 16, dtype=torch.bool)
        image = 0.1 * torch.rand(2, 16, 16, generator=draw)
        y = int(torch.randint(2, 12, (1,), generator=draw))
        for view in (0, 1):
            for half in (0, 1):
                x = 2 if (half == 0) == (view == 0) else 11  # right half first
                image[view, y : y + 3, x : x + 3] += 0.5 + 0.3 * (half == side)
                if half == side:
                    mask[view, y : y + 3, x : x + 3] = True
        studies.append(
            {"id": f"s{i}", "image": image, "mask": mask, "drawn": torch.tensor(i < drawn)}
            | {"views": torch.tensor([True, True]), "size": torch.tensor([16, 16])}
            | {"body": places(), "told": torch.tensor(True)}
            | {"evidence": said((LEFT if side else RIGHT, "high"))}
        )
    return studies


def test_reports_of_undrawn_scans_help_where_one_is_drawn(trainer, load):
    def dice(weight, seed):
        draw = torch.Generator().manual_seed(seed)
        known, new = cohort(16, draw, 1), cohort(16, draw, 16)
        unseen = [{k: v for k, v in study.items() if k != "drawn"} for study in new]
        pl.seed_everything(seed)
        fit = trainer(max_epochs=40, check_val_every_n_epoch=40)
        fit.fit(
            make_task(image_weight=weight),
            load(known, batch_size=16),
            load(unseen, batch_size=16),
        )
        return fit.callback_metrics["val/dice"].item()

    few, with_reports = (sum(dice(weight, seed) for seed in range(3)) / 3 for weight in (0, 5))
    assert with_reports > few + 0.1
