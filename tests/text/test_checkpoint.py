import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmseg_bone.errors import TextModelError
from mmseg_bone.text.checkpoint import open_checkpoint
from mmseg_bone.text.encoder import ReportEncoder


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("config.json", "config.json missing"),
        ("vocab.txt", "vocab.txt or tokenizer.json missing"),
        ("model.safetensors", "model.safetensors or pytorch_model.bin missing"),
    ],
)
def test_a_partial_folder_is_refused_with_what_is_missing(tiny, gone, said):
    (tiny / gone).unlink()
    with pytest.raises(TextModelError, match=f"not whole: {said}"):
        open_checkpoint(tiny)


def test_the_embedded_default_is_whole_without_weights():
    assert open_checkpoint("default").config.name == "config.json"


def test_a_name_that_is_nothing_is_refused():
    with pytest.raises(TextModelError, match="no folder on this machine, and no hub name"):
        open_checkpoint("macbert-gone")


def test_a_hub_model_that_is_not_here_is_not_fetched_offline():
    with pytest.raises(TextModelError, match="'nobody/nothing'.*HF_HUB_OFFLINE"):
        open_checkpoint("nobody/nothing")


def test_another_architecture_is_refused(tiny):
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
    with pytest.raises(TextModelError, match="model type 'gpt2', expected 'bert'"):
        ReportEncoder(tiny)


def test_torn_weights_are_refused(tiny):
    weights = tiny / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(TextModelError, match="cannot be read.*torn"):
        ReportEncoder(tiny)


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("the pickle ran",))


def test_a_pickle_is_never_run(tiny):
    (tiny / "model.safetensors").unlink()
    torch.save({"embeddings": Harmful()}, tiny / "pytorch_model.bin")
    with pytest.raises(TextModelError, match="more than tensors"):
        ReportEncoder(tiny)


def test_weights_of_a_language_model_in_an_old_file_are_read(tiny):
    """As hfl/chinese-macbert-base comes: a prefix, heads besides, norms of TensorFlow's names."""
    weights = load_file(tiny / "model.safetensors")
    (tiny / "model.safetensors").unlink()
    old = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in weights.items()
    }
    torch.save(old | {"cls.predictions.bias": torch.zeros(3)}, tiny / "pytorch_model.bin")

    for name, tensor in ReportEncoder(tiny).bert.state_dict().items():
        assert torch.equal(tensor, weights[name])


def test_weights_of_another_size_are_refused(tiny):
    weights = load_file(tiny / "model.safetensors")
    del weights["encoder.layer.1.output.dense.bias"]
    weights["embeddings.word_embeddings.weight"] = torch.zeros(3, 8)
    save_file(weights, tiny / "model.safetensors")
    with pytest.raises(
        TextModelError, match="1 tensors missing .encoder.layer.1.*, 1 of another shape .embed"
    ):
        ReportEncoder(tiny)
