"""Weights into a run and out of it again, and predictions with them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import save

from mmseg_bone.cli.build import build
from mmseg_bone.cli.weights import read_weights
from mmseg_bone.data.encode import EncodeStudy, collate
from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run, refuse_improbable
from mmseg_bone.io.store import write_atomically
from mmseg_bone.nn.network import Network
from mmseg_bone.study import Study

if TYPE_CHECKING:
    import pytorch_lightning as pl

    from mmseg_bone.data.datamodule import StudyDataModule

_PREFIX = "network."


def save_weights(
    task: "pl.LightningModule",
    checkpoint: str,
    folder: Path,
    change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]] | None = None,
) -> None:
    """Put the best epoch's network into the task, and beside the checkpoint without pickle.

    The file holds the whole network, a frozen text encoder too, though checkpoints leave that
    out: there is one such file a run, and the run then predicts the same on another machine,
    whatever weights lie at the encoder's source there. (Its settings and its vocabulary are
    still read from that source.)

    Args:
        task: Whose network it is.
        checkpoint: Lightning's, of the best epoch.
        folder: The run.
        change: What is made of the weights before they are kept, by name.

    Raises:
        RunError: Training has diverged; then nothing is written, and no command marks with it.
    """
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    task.on_load_checkpoint(content)  # puts back what was left out
    state = content["state_dict"]
    network: Network = task.network  # type: ignore[assignment]
    weights = {
        name.removeprefix(_PREFIX): value.contiguous()
        for name, value in state.items()
        if name.startswith(_PREFIX)
    }
    _refuse_diverged(weights, folder)
    weights = weights if change is None else change(weights)
    network.load_state_dict(weights)
    write_atomically(folder / "weights.safetensors", save(weights))


def _refuse_diverged(weights: dict[str, torch.Tensor], folder: Path) -> None:
    lost = [name for name, value in weights.items() if not value.isfinite().all()]
    if lost:
        raise RunError(
            f"{folder}: {len(lost)} of {len(weights)} weights are not finite, {lost[0]} the first. "
            f"Training has diverged, so they were not kept: train again with a lower learning "
            f"rate (optimizer.lr)."
        )


def device_at_hand() -> torch.device:
    """The GPU, where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_network(run: Run) -> tuple[Network, EncodeStudy]:
    """The network of a run, ready to predict, and what makes its samples.

    It is on the GPU, where there is one.

    Raises:
        RunError: The weights are not those of the configuration, or it is of no network of ours.
    """
    network: Network = build(run, "model")
    encode: EncodeStudy = build(run, "data", "encode")
    try:
        network.load_state_dict(read_weights(run.weights))
    except RuntimeError as error:
        raise RunError(
            f"{run.weights} does not fit the network of {run.path}/config.yaml: "
            f"{str(error).splitlines()[-1].strip()}. Both must be of one run."
        ) from None
    return network.to(device_at_hand()).eval(), encode


def untrained_network(run: Run) -> Network:
    """The network of a run as it was before training, to set the trained one against."""
    torch.manual_seed(run.seed)
    network: Network = build(run, "model")
    return network.to(device_at_hand()).eval()


@torch.inference_mode()
def probability(
    network: Network, encode: EncodeStudy, study: Study, run: Run | None = None
) -> Float[np.ndarray, "view y x"]:
    """Probability of lesion on the study's own pixels and views.

    Args:
        network: From ``load_network``.
        encode: From there, too.
        study: What is to be marked.
        run: Whose network it is, to be named if it has diverged.

    Raises:
        RunError: What comes out is no probability, but nan.
    """
    batch = collate([encode(study)], stride=network.stride)
    device = next(network.parameters()).device
    inputs = {key: batch[key].to(device) for key in network.reads}  # type: ignore[literal-required]
    logits = network(**inputs)[0].float()
    height, width = batch["size"][0].tolist()
    found = encode.restore(logits[:, :height, :width].sigmoid().cpu().numpy(), study)
    whose = "" if run is None else f"{run.path}: "
    refuse_improbable(found, f"{whose}prediction of {study.id!r}")
    return found


def predict(
    task: "pl.LightningModule", data: "StudyDataModule"
) -> Iterator[tuple[str, Float[np.ndarray, "view y x"]]]:
    """Id and probability of each study of the fold that is scored, one study at a time."""
    network: Network = task.network  # type: ignore[assignment]
    network.to(device_at_hand()).eval()  # Lightning has left it on the CPU
    for id in data.scored_ids:
        yield id, probability(network, data.encode, data.store[id])
