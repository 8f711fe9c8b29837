"""Weights that a training begins with."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch

from mmseg_bone.cli.weights import read_weights
from mmseg_bone.errors import RunError
from mmseg_bone.io.learnt import known
from mmseg_bone.io.model import run_called
from mmseg_bone.io.runs import Run
from mmseg_bone.nn.network import Network

if TYPE_CHECKING:
    from mmseg_bone.data.datamodule import StudyDataModule

_IMAGE, _BONES = "unet.", "ground.anatomy."  # the parts of a network that reads that see no report


def began_with(weights: str | None, start: str | None) -> tuple[Run, ...]:
    """The runs that a training has its first weights from."""
    named = () if weights is None else (run_called(weights),)
    return named if start is None else (*named, Run(start))


def begin(
    network: Network, data: "StudyDataModule", weights: str | None, start: str | None
) -> None:
    """Give a network what it is to begin with, if anything.

    Args:
        network: As it was built.
        data: What it will learn from, and be tested on.
        weights: A run whose network it is, to learn on; ``shipped``: the one in the package.
        start: A run whose image part it takes over, which then learns no more.

    Raises:
        RunError: The weights have no place in the network, have learnt from what is held out here,
            or nothing is left to learn.
    """
    if weights is not None:
        run = run_called(weights)
        _refuse_leak(run, data, "weights")
        _learn_on(network, run)
    if start is not None:
        run = Run(start)
        _refuse_leak(run, data, "start")
        _keep_image_part(network, run)


def _refuse_leak(run: Run, data: "StudyDataModule", option: str) -> None:
    """See that a network has not learnt from the patients it will be tested on."""
    leaked = known(run, data.store).intersection(data.test_ids)
    if not leaked:
        return
    fold = run.config.get("fold")
    if run.store_digest == data.store.digest and fold != data.fold:
        raise RunError(
            f"{option}={run.path} held out fold {fold} of this store, and has learnt from fold "
            f"{data.fold}, which is held out now. Name a run of fold={data.fold}."
        )
    raise RunError(
        f"{option}={run.path} has learnt, in another store, from the patients of {len(leaked)} of "
        f"the {len(data.test_ids)} studies of fold {data.fold}, which is held out now. Deal them "
        f"to another fold, hold another one out, or train on this store from the beginning."
    )


def _learn_on(network: Network, run: Run) -> None:
    """All of a network from a run of the same settings; everything goes on learning."""
    given, own = read_weights(run.weights), network.state_dict()
    if wrong := _misfits(given, own) + sorted(own.keys() - given.keys()):
        raise RunError(
            f"weights={run.path} is of another network: {wrong[0]} differs, and {len(wrong) - 1} "
            f"more. Give the settings it was made with, such as experiment=text_fused_bones_peaks "
            f"size=full for the one that ships; {run.path}/config.yaml has them all."
        )
    network.load_state_dict(given)


def _keep_image_part(network: Network, run: Run) -> None:
    """The image part of a run; without a report the network is that one to the last bit.

    So the worth of the report is measured on one image part. Bones that it has learnt to name are
    of the image part, too.
    """
    given, own = read_weights(run.weights), dict(network.named_parameters())
    _refuse_running_statistics(run, [*given, *network.state_dict()])
    if any(name.startswith(_IMAGE) for name in given):  # of a network that could read reports
        given = {
            name: value
            for name, value in given.items()
            if name.startswith(_IMAGE) or (name.startswith(_BONES) and name in own)
        }
    elif any(name.startswith(_IMAGE) for name in own):
        given = {_IMAGE + name: value for name, value in given.items()}
    wrong = _misfits(given, own)
    if wrong or not own.keys() - given.keys():
        raise RunError(
            f"start={run.path} is no image part of this network: "
            + (f"{wrong[0]} differs, and {len(wrong) - 1} more" if wrong else "it is all of it")
            + ". Name a run of experiment=text_free, or of text_free_bones for learnt bones, with "
            "the same model settings, for an experiment that reads reports."
        )
    for name, value in given.items():
        own[name].data.copy_(value)
        own[name].requires_grad_(False)


def _refuse_running_statistics(run: Run, names: Iterable[str]) -> None:
    """No batch norm: its statistics move with every batch, also where no weight learns."""
    if any(name.endswith("running_mean") for name in names):
        raise RunError(
            f"start={run.path} is to stay as it is, and with model.norm=batch no network does: "
            f"the running means and variances of batch norm move while its weights are kept. "
            f"Train both with model.norm=instance or model.norm=group."
        )


def _misfits(given: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> list[str]:
    """Names of weights that have no place, or another shape there."""
    return [k for k, value in given.items() if k not in own or own[k].shape != value.shape]
