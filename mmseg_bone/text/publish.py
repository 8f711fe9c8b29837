"""A trained text encoder → a folder that this package and plain transformers load."""

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from mmseg_bone.text.checkpoint import open_checkpoint
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.tokens import ReportTokens


def write_encoder(
    folder: str | PathLike[str],
    encoder: ReportEncoder,
    tokens: ReportTokens,
    *,
    heads: Mapping[str, Tensor],
    card: str,
) -> Path:
    """Write config.json, the vocabulary, model.safetensors and README.md.

    The layout is that of ``hfl/chinese-macbert-base`` with both heads of its pre-training, so
    that ``BertModel``, ``BertForMaskedLM`` and ``BertForPreTraining`` all read it.

    Args:
        folder: Where to; made if it is not there. Files of these names are replaced.
        encoder: The weights.
        tokens: Its tokeniser.
        heads: What else was trained, named as ``BertForPreTraining`` names it.
        card: The model card, Markdown.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = encoder.bert.config.to_diff_dict() | {"architectures": ["BertForPreTraining"]}
    config |= {"model_type": "bert", "vocab_size": encoder.bert.config.vocab_size}
    for private in ("_name_or_path", "transformers_version"):
        config.pop(private, None)
    _write(folder / "config.json", json.dumps(config, indent=2) + "\n")
    weights = {f"bert.{name}": value for name, value in encoder.bert.state_dict().items()}
    weights = {name: value.cpu().contiguous() for name, value in (weights | dict(heads)).items()}
    (folder / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    tokenizer = tokens.tokenizer
    token = {number: word for word, number in tokenizer.get_vocab().items()}
    lines = (token.get(number, f"[unused {number}]") for number in range(max(token) + 1))
    _write(folder / "vocab.txt", "".join(f"{line}\n" for line in lines))
    about = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": bool(tokenizer.do_lower_case),
        "model_max_length": encoder.bert.config.max_position_embeddings,
    }
    _write(folder / "tokenizer_config.json", json.dumps(about, indent=2) + "\n")
    _write(folder / "README.md", card)
    return folder


def read_heads(model: str | PathLike[str]) -> dict[str, Tensor]:
    """Weights of the heads of pre-training in a checkpoint, named as for ``write_encoder``.

    Many checkpoints hold none, or one of the two. That the file can be read is for
    ``ReportEncoder`` to find out.
    """
    file = open_checkpoint(model).weights
    if file is None:
        return {}
    if file.suffix == ".safetensors":
        tensors = load_file(file)
    else:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    spelt = {
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
            "LayerNorm.beta", "LayerNorm.bias"
        ): tensor
        for name, tensor in tensors.items()
    }
    return {k: v for k, v in spelt.items() if k.startswith(("cls.", "bert.pooler."))}


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
