"""A checkpoint of MacBERT's true size; its weights are random, for tests fetch nothing."""

import json

import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from mmseg_bone.study import Report
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.tokens import ReportTokens

# config.json of hfl/chinese-macbert-base.
CONFIG = {
    "architectures": ["BertForMaskedLM"],
    "attention_probs_dropout_prob": 0.1,
    "directionality": "bidi",
    "gradient_checkpointing": False,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "model_type": "bert",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 0,
    "pooler_fc_size": 768,
    "pooler_num_attention_heads": 12,
    "pooler_num_fc_layers": 3,
    "pooler_size_per_head": 128,
    "pooler_type": "first_token_transform",
    "type_vocab_size": 2,
    "vocab_size": 21128,
}
REPORTS = [
    Report(findings="左侧第５肋骨见异常放射性浓聚，" * 50, impression="骨转移。"),
    None,
    Report(findings="Whole-body scan after 99mTc-MDP: no focal uptake."),
    Report(findings="", impression=" \n"),
    Report(findings="Ｌ３椎体左缘见９９ｍＴｃ－ＭＤＰ浓聚", impression="多发骨转移(?)"),
]


@pytest.fixture(scope="module")
def macbert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("macbert")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    # As there: [UNK], [CLS], [SEP] and [MASK] are 100 to 103, after tokens nobody uses.
    words = ["[PAD]", *(f"[unused{i}]" for i in range(1, 100))]
    words += ["[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(chr, range(0x4E00, 0x9FA6))]
    words += [*"0123456789abcdefghijklmnopqrstuvwxyz.,:;()-?。、"]
    words += [f"##{i}" for i in range(CONFIG["vocab_size"] - len(words))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", "utf-8")
    with torch.device("meta"):
        shapes = BertModel(BertConfig(**CONFIG), add_pooling_layer=False).state_dict()
    draw = torch.Generator().manual_seed(0)
    weights = {
        # Float16, to write half as much.
        f"bert.{name}": (0.02 * torch.randn(tensor.shape, generator=draw)).half()
        for name, tensor in shapes.items()
    }
    save_file(weights, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def encoder(macbert):
    return ReportEncoder(macbert, "last_2")


def test_all_of_its_weights_are_read(encoder):
    assert encoder.width == 768
    assert len(encoder.bert.encoder.layer) == 12
    assert encoder.bert.embeddings.word_embeddings.weight.shape == (21_128, 768)
    parameters = dict(encoder.named_parameters())
    assert sum(p.numel() for p in parameters.values()) == 101_677_056  # 102 M, less the pooler
    # A norm of weights near 0 rather than at 1 comes from the file.
    assert parameters["bert.encoder.layer.11.output.LayerNorm.weight"].abs().max() < 0.2
    learning = [p for p in parameters.values() if p.requires_grad]
    assert sum(p.numel() for p in learning) == 2 * 7_087_872


def test_reports_of_any_length_and_script_are_read(macbert, encoder):
    """Too long, none, Latin alone, empty, and in mixed widths."""
    tokens = ReportTokens(macbert)
    numbers, token_mask = tokens.batch(REPORTS)
    assert token_mask.sum(1).tolist()[:2] == [512, 0]
    assert token_mask.sum(1)[3] == 0
    assert numbers[0, 0] == 101
    read = tokens.tokenizer.decode(numbers[4][token_mask[4]]).replace(" ", "")
    # This vocabulary knows no Latin word.
    assert read == "[CLS]l3椎体左缘见[UNK]-[UNK]浓聚[SEP]多发骨转移(?)[SEP]"
    assert tokens.cut_rate == pytest.approx(1 / 3)
    with torch.inference_mode():
        features = encoder(numbers[[0, 4]], token_mask[[0, 4]])
    assert features.shape == (2, 512, 768)
    assert features.isfinite().all()
