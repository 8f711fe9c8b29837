"""The networks that are timed, ours and others', each ready for a step and for a prediction.

Others' are made in the interpreter they are installed in, which may lack all that ours need; so
nothing is imported above the functions but the standard library.
"""

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # imported late, so that --help is quick
    import torch

_LESION_SHARE = 0.01


class _Shelf(dict[str, "torch.Tensor"]):
    """Keeps token states in memory; a run keeps them in files, and reads as fast."""

    put = dict.__setitem__


class Timed(NamedTuple):
    """A network as it is timed.

    Attributes:
        module: The network.
        loss: Of a training step on two images.
        infer: A prediction.
        images: How many the prediction is of.
    """

    module: "torch.nn.Module"
    loss: Callable[[], "torch.Tensor"]
    infer: Callable[[], object]
    images: int


def make(what: Any) -> Any:  # noqa: ANN401  (whatever a configuration names)
    """Hydra's ``instantiate`` for plain lists and dicts, where there may be no Hydra.

    Raises:
        ModuleNotFoundError: The package it names is not installed.
    """
    if isinstance(what, Mapping):
        made = {key: make(value) for key, value in what.items() if key != "_target_"}
        return resolve_name(what["_target_"])(**made) if "_target_" in what else made
    return [make(part) for part in what] if isinstance(what, list) else what


def peer(spec: Mapping[str, Any], device: str) -> Timed:
    """Another's network: one image in, one logit per pixel out, binary cross-entropy.

    A step is of two images, a prediction of one. It gets no deep supervision and no memory
    format that it does not choose itself.
    """
    import torch

    network = make(spec["network"]).to(device)
    image = torch.rand(2, 1, *spec["image"], device=device)
    mask = (torch.rand_like(image) > 1 - _LESION_SHARE).float()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    return Timed(
        network,
        loss=lambda: entropy(_first(network(image)).float(), mask),
        infer=lambda: network(image[:1]),
        images=1,
    )


def ours(spec: Mapping[str, Any], device: str) -> Timed:
    """A network of ours, as ``mmseg-bone train`` builds it, with its task's loss.

    Step and prediction are of one study, whose two views are two images. A text encoder that
    does not learn has read the report already.
    """
    import torch
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    from mmseg_bone.cli import CONF
    from mmseg_bone.text.encoder import ReportEncoder

    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", [*spec["train"], "store=."])
    task = instantiate(cfg.task).to(device)
    image = torch.rand(1, 2, *spec["image"], device=device)
    batch = {
        "image": image,
        "mask": torch.rand_like(image) > 1 - _LESION_SHARE,
        "views": torch.ones(1, 2, dtype=torch.bool, device=device),
        "tokens": torch.randint(5, 100, (1, spec["tokens"]), device=device),
        "token_mask": torch.ones(1, spec["tokens"], dtype=torch.bool, device=device),
    }
    for part in task.modules():
        if isinstance(part, ReportEncoder) and part.is_frozen:
            part.keep_states(_Shelf())
    return Timed(task, loss=lambda: task.score(batch)[1], infer=lambda: task(batch), images=2)


def _first(output: Any) -> "torch.Tensor":  # noqa: ANN401
    """The answer at full resolution, of networks that give several."""
    found: torch.Tensor = output[0] if isinstance(output, (list, tuple)) else output
    return found
