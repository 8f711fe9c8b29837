"""Where the files of a MacBERT-like text encoder lie, and what is in them."""

import os
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertConfig
from transformers.utils.hub import cached_file

from mmseg_bone.errors import TextModelError

DEFAULT = Path(__file__).with_name("default")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_VOCABULARIES = ("vocab.txt", "tokenizer.json")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class Checkpoint:
    """The files of a text encoder in the layout of ``hfl/chinese-macbert-base``.

    Attributes:
        name: What was asked for.
        config: ``config.json``.
        vocabulary: ``vocab.txt``, or ``tokenizer.json`` as newer transformers write it.
        weights: ``model.safetensors``, or ``pytorch_model.bin`` if it holds tensors and
            nothing else; None for the embedded default while it has not been trained.
    """

    name: str
    config: Path
    vocabulary: Path
    weights: Path | None

    def read_config(self) -> BertConfig:
        """Sizes of the encoder.

        Raises:
            TextModelError: It is the configuration of another architecture.
        """
        config = BertConfig.get_config_dict(self.config.parent)[0]
        if config.get("model_type") != "bert":
            raise TextModelError(
                f"{self.config} is of model type {config.get('model_type')!r}, expected 'bert'. "
                f"Name a MacBERT or BERT checkpoint, such as hfl/chinese-macbert-base."
            )
        return BertConfig.from_dict(config)

    def read_weights(self) -> dict[str, Tensor]:
        """Tensors of the encoder, named as ``BertModel`` names them; heads are left out.

        Raises:
            TextModelError: The file is torn, or holds more than tensors.
        """
        if self.weights is None:
            return {}
        try:
            if self.weights.suffix == ".safetensors":
                tensors = load_file(self.weights)
            else:
                tensors = torch.load(self.weights, map_location="cpu", weights_only=True)
        except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise TextModelError(
                f"{self.weights} cannot be read ({type(error).__name__}): it is torn, or holds "
                f"more than tensors. Copy it again, or convert it to model.safetensors."
            ) from None
        bare = {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}
        # Conversions from TensorFlow call the two parts of a layer norm gamma and beta.
        spelt = {
            name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
                "LayerNorm.beta", "LayerNorm.bias"
            ): tensor
            for name, tensor in bare.items()
        }
        return {k: v for k, v in spelt.items() if k.startswith(("embeddings.", "encoder."))}


def open_checkpoint(model: str | PathLike[str]) -> Checkpoint:
    """Find the files of a text encoder.

    Args:
        model: ``default`` for the embedded encoder, a folder, or a name on the Hugging Face
            hub. The hub is asked only for the last, and not if ``HF_HUB_OFFLINE`` is set.

    Raises:
        TextModelError: There is no such folder or hub model, or files are missing.
    """
    name = os.fspath(model)
    folder = DEFAULT if name == "default" else Path(name)
    if folder.is_dir():
        return _complete(name, folder, lambda file: _in_folder(folder, file))
    if _HUB_NAME.fullmatch(name):
        if _from_hub(name, "config.json") is None:
            raise TextModelError(
                f"hub model {name!r} is not on this machine and cannot be fetched: there is no "
                f"such model, no network, or HF_HUB_OFFLINE is set. Fetch it once where there "
                f"is a network, or copy its folder here and name the folder."
            )
        return _complete(name, folder, lambda file: _from_hub(name, file))
    raise TextModelError(
        f"{name!r} is no folder on this machine, and no hub name (owner/model). Name a folder "
        f"with config.json, vocab.txt and model.safetensors, or 'default'."
    )


def _complete(name: str, folder: Path, find: Callable[[str], Path | None]) -> Checkpoint:
    config = find("config.json")
    vocabulary = next(filter(None, map(find, _VOCABULARIES)), None)
    weights = next(filter(None, map(find, _WEIGHTS)), None)
    needed = {"config.json": config, " or ".join(_VOCABULARIES): vocabulary}
    if folder != DEFAULT:
        needed |= {" or ".join(_WEIGHTS): weights}
    missing = [file for file, path in needed.items() if path is None]
    if config is None or vocabulary is None or missing:
        raise TextModelError(
            f"text model {name!r} is not whole: {', '.join(missing)} missing. Expected the "
            f"layout of hfl/chinese-macbert-base; copy the missing files beside the others."
        )
    return Checkpoint(name, config, vocabulary, weights)


def _in_folder(folder: Path, file: str) -> Path | None:
    return folder / file if (folder / file).is_file() else None


def _from_hub(name: str, file: str) -> Path | None:
    try:
        found = cached_file(name, file, _raise_exceptions_for_missing_entries=False)
    except OSError:  # no such model, or no way to it
        return None
    return None if found is None else Path(found)
