import json

import pytest
import torch
from transformers import BertForPreTraining, BertModel, BertTokenizerFast

from mmseg_bone.study import Report
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.publish import read_heads, write_encoder
from mmseg_bone.text.tokens import ReportTokens
from mmseg_bone.text.untrained import untrained, waves

REPORT = Report(findings="左侧第5肋骨99m", impression="转移。")  # 15 of 16 places


def heads(width=8, vocabulary=20, fill=0.1):
    shapes = {
        "bert.pooler.dense.weight": (width, width),
        "bert.pooler.dense.bias": (width,),
        "cls.predictions.transform.dense.weight": (width, width),
        "cls.predictions.transform.dense.bias": (width,),
        "cls.predictions.transform.LayerNorm.weight": (width,),
        "cls.predictions.transform.LayerNorm.bias": (width,),
        "cls.predictions.bias": (vocabulary,),
        "cls.seq_relationship.weight": (2, width),
        "cls.seq_relationship.bias": (2,),
    }
    return {name: torch.full(shape, fill) for name, shape in shapes.items()}


@pytest.fixture
def published(tiny, tmp_path):
    tokens, encoder = ReportTokens(tiny), untrained(tiny, seed=3)
    made = heads(vocabulary=encoder.bert.config.vocab_size)
    folder = write_encoder(tmp_path / "a" / "b", encoder, tokens, heads=made, card="# Card\n")
    return folder, encoder.eval(), tokens


def test_this_package_reads_what_it_wrote(published):
    folder, encoder, tokens = published
    again = ReportEncoder(folder).eval()
    for name, value in encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    assert ReportTokens(folder)(REPORT) == tokens(REPORT)
    assert (folder / "README.md").read_text() == "# Card\n"


def test_plain_transformers_reads_it_and_gives_the_same_features(published):
    folder, encoder, tokens = published
    tokenizer, bert = BertTokenizerFast.from_pretrained(folder), BertModel.from_pretrained(folder)
    read = tokenizer(REPORT.findings, REPORT.impression, return_tensors="pt")
    assert read["input_ids"][0].tolist() == tokens(REPORT)
    assert tokenizer.model_max_length == bert.config.max_position_embeddings == 16

    features = bert.eval()(read["input_ids"], read["attention_mask"]).last_hidden_state
    expected = encoder(read["input_ids"], read["attention_mask"].bool())
    torch.testing.assert_close(features, expected)
    assert (bert.pooler.dense.bias == 0.1).all()


def test_plain_transformers_goes_on_with_both_heads(published):
    folder, _, _ = published
    model, found = BertForPreTraining.from_pretrained(folder, output_loading_info=True)
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    assert (model.cls.predictions.bias == 0.1).all()
    assert (model.cls.seq_relationship.weight == 0.1).all()


def test_the_heads_are_read_again_and_a_checkpoint_without_any_has_none(published, tiny):
    folder, encoder, _ = published
    found, made = read_heads(folder), heads(vocabulary=encoder.bert.config.vocab_size)
    assert found.keys() == made.keys()
    assert all(torch.equal(found[name], made[name]) for name in made)
    assert read_heads(tiny) == {}


def test_no_folder_of_this_machine_is_named(published, tiny):
    folder, _, _ = published
    for name in ("config.json", "tokenizer_config.json"):
        assert str(tiny.parent) not in (folder / name).read_text()
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 8


def test_an_untrained_twin_has_the_architecture_and_none_of_the_weights(tiny):
    trained, twin = ReportEncoder(tiny), untrained(tiny)
    assert twin.state_dict().keys() == trained.state_dict().keys()
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not torch.equal(twin.state_dict()[name], trained.state_dict()[name])
    assert torch.equal(twin.state_dict()[name], untrained(tiny).state_dict()[name])
    assert not torch.equal(twin.state_dict()[name], untrained(tiny, seed=1).state_dict()[name])


def test_making_an_untrained_twin_leaves_the_random_numbers_as_they_were(tiny):
    before = torch.get_rng_state()
    untrained(tiny)
    assert torch.equal(torch.get_rng_state(), before)


def test_places_start_out_as_waves_of_the_spread_of_the_other_weights(tiny):
    torch.testing.assert_close(waves(2, 4)[0], torch.tensor([0.0, 1.0, 0.0, 1.0]))
    expected = torch.tensor([1.0, 0.01]).sin(), torch.tensor([1.0, 0.01]).cos()
    torch.testing.assert_close(waves(2, 4)[1], torch.stack(expected, 1).flatten())
    places = untrained(tiny).bert.embeddings.position_embeddings.weight.detach()
    assert places.square().mean().sqrt() == pytest.approx(0.02, rel=1e-3)
    assert waves(3, 5).shape == (3, 5)
