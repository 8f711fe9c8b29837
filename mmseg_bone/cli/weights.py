"""Weights of a network in a file without pickle, as they are or a byte each.

A packed matrix or kernel ``w`` is kept as ``NAME``, int8, with a scale for each of its rows (the
channels it gives) as ``NAME.scale``: ``w ≈ scale[row] · int8``, the nearest of 255 steps between
the row's largest weight and its negative. Vectors, and what is no float, stay as they are.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from mmseg_bone.errors import RunError

_SCALE = ".scale"
_STEPS = 127  # of either sign


def write_packed(weights: Mapping[str, Tensor]) -> bytes:
    """The weights a byte each: a quarter of the size of float32, rounded by 0.4 % at most.

    The rounding is at most half of 1/127 of a row's largest weight.
    """
    packed: dict[str, Tensor] = {}
    for name, value in weights.items():
        packed[name] = value.contiguous()
        if value.is_floating_point() and value.ndim > 1:
            packed[name], packed[name + _SCALE] = _rounded(value.float())
    return save(packed)


def read_weights(file: Path) -> dict[str, Tensor]:
    """The weights of a file, packed or not; what was packed is float32 again.

    Raises:
        RunError: The file is torn, or none of weights.
    """
    try:
        content = load_file(file)
    except SafetensorError as error:
        raise RunError(
            f"{file} cannot be read as weights ({error}): it is torn, or something else. Copy it "
            f"again."
        ) from None
    scales = {name: content.pop(name + _SCALE) for name in _packed(content)}
    return {
        name: value.float() * _along_rows(scales[name], value) if name in scales else value
        for name, value in content.items()
    }


def _packed(content: Mapping[str, Tensor]) -> list[str]:
    return [
        name
        for name, value in content.items()
        if value.dtype == torch.int8 and name + _SCALE in content
    ]


def _rounded(value: Tensor) -> tuple[Tensor, Tensor]:
    scale = value.flatten(1).abs().amax(dim=1) / _STEPS
    steps = value / _along_rows(scale, value).clamp(min=torch.finfo(torch.float32).tiny)
    return steps.round().to(torch.int8), scale


def _along_rows(scale: Tensor, value: Tensor) -> Tensor:
    return scale.reshape(-1, *(1,) * (value.ndim - 1))
