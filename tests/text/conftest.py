"""A text encoder small enough for a test, in the layout of hfl/chinese-macbert-base."""

import json

import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from mmseg_bone.text.vocabulary import SPECIAL

VOCABULARY = [*SPECIAL, *"左右侧第肋骨见转移。", "5", "##m", "9", "##9"]


@pytest.fixture
def tiny(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", "utf-8")
    torch.manual_seed(1)
    save_file(BertModel(config).state_dict(), folder / "model.safetensors")
    return folder
