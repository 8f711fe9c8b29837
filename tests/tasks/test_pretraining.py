from functools import partial
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch
from torch.nn.functional import cross_entropy
from transformers import BertForPreTraining

from mmseg_bone.data.corpus import ReportOf
from mmseg_bone.data.reports import ReportDataModule
from mmseg_bone.study import Report
from mmseg_bone.tasks.pretraining import PretrainingTask, words_right
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.masking import IGNORED
from mmseg_bone.text.publish import write_encoder
from mmseg_bone.text.site_evidence import SAYABLE
from mmseg_bone.text.tokens import ReportTokens
from mmseg_bone.text.untrained import untrained

BATCH = {
    "tokens": torch.tensor([[2, 11, 12, 13, 14, 15, 3], [2, 16, 17, 3, 0, 0, 0]]),
    "token_mask": torch.tensor([[True] * 7, [True] * 4 + [False] * 3]),
    "targets": torch.tensor(
        [[IGNORED, 21, 12, IGNORED, 14, 15, IGNORED], [IGNORED, 26, 27, *[IGNORED] * 4]]
    ),
    "words": torch.tensor([[0, 1, 1, 0, 2, 2, 0], [0, 1, 2, 0, 0, 0, 0]]),
    "swapped": torch.tensor([1, IGNORED]),
}


def task(**settings):
    make = partial(torch.optim.AdamW, lr=2e-3)
    return PretrainingTask(untrained("default"), make, **settings)


def test_a_word_is_right_only_if_all_its_tokens_are():
    answers = torch.tensor([21, 99, 14, 15, 26, 99])
    right, changed = words_right(BATCH, answers)
    assert right.tolist() == [False, True, True, False]
    assert changed.tolist() == [True, False, True, True]  # 14, 15 had been kept


def test_the_loss_is_the_sum_of_both_cross_entropies_over_what_is_asked():
    made = task().eval()
    words, order, asked = made(BATCH)
    assert words.shape == (6, made.encoder.bert.config.vocab_size)
    assert asked.sum() == 6
    found = made.losses(BATCH, words, order, asked)
    of_words = cross_entropy(words, torch.tensor([21, 12, 14, 15, 26, 27]))
    of_order = cross_entropy(order[:1], torch.tensor([1]))
    torch.testing.assert_close(found["loss"], of_words + of_order)


def test_the_loss_is_zero_at_perfect_answers_and_where_nothing_is_asked():
    made = task()
    sure = torch.nn.functional.one_hot(torch.tensor([21, 12, 14, 15, 26, 27]), 30) * 1e4
    order = torch.tensor([[-1e4, 1e4], [0.0, 0.0]])
    asked = BATCH["targets"] != IGNORED
    assert made.losses(BATCH, sure.float(), order, asked)["loss"] == 0

    silent = BATCH | {
        "targets": torch.full((2, 7), IGNORED),
        "words": torch.zeros(2, 7, dtype=torch.long),
        "swapped": torch.tensor([IGNORED, IGNORED]),
    }
    words, order, asked = made(silent)
    loss = made.losses(silent, words, order, asked)["loss"]
    loss.backward()
    assert loss == 0


def test_no_parameter_is_left_without_a_gradient_and_the_embeddings_learn_from_both_ends():
    made = task()
    words, order, asked = made(BATCH)
    made.losses(BATCH, words, order, asked)["loss"].backward()
    assert [name for name, p in made.named_parameters() if p.grad is None] == []
    embeddings = made.encoder.bert.embeddings.word_embeddings.weight.grad
    assert embeddings[2000].any()  # a token of no report: only the head, tied to it, moves it


def test_what_stands_right_is_to_be_given_back_if_asked_for(monkeypatch):
    made = task(echo=2.0)
    logged = {}
    monkeypatch.setattr(made, "log", lambda name, value, **_: logged.update({name: value}))
    made._trainer = SimpleNamespace(optimizers=[SimpleNamespace(param_groups=[{"lr": 0.0}])])
    made.eval()
    loss = made.training_step(BATCH, 0)
    features = made.encoder(BATCH["tokens"], BATCH["token_mask"])
    # Places 0, 3 and 6 this step; 3 of the second report too, and padding never.
    right = torch.stack([*features[0, [0, 3, 6]], *features[1, [0, 3]]])
    expected = cross_entropy(made.name(right), torch.tensor([2, 13, 3, 2, 3]))
    torch.testing.assert_close(logged["train/loss_echo"], expected)
    plain = logged["train/loss_words"] + logged["train/loss_order"]
    torch.testing.assert_close(loss, plain + 2 * expected)


def test_dropout_is_as_asked_for_and_otherwise_as_configured():
    assert {m.p for m in task(dropout=0.0).modules() if isinstance(m, torch.nn.Dropout)} == {0.0}
    assert {m.p for m in task().modules() if isinstance(m, torch.nn.Dropout)} == {0.1}


def test_what_is_frozen_does_not_learn():
    encoder = ReportEncoder("default", tune="frozen")
    made = PretrainingTask(encoder, partial(torch.optim.SGD, lr=1.0))
    words, order, asked = made(BATCH)
    made.losses(BATCH, words, order, asked)["loss"].backward()
    assert all(p.grad is None for p in encoder.parameters())


def test_the_answers_are_those_of_plain_transformers_with_the_published_weights(tmp_path):
    made = task(seed=4).eval()
    with torch.no_grad():
        made.words.bias.normal_()
    folder = write_encoder(
        tmp_path, made.encoder, ReportTokens(), heads=made.heads(), card="a card"
    )
    plain = BertForPreTraining.from_pretrained(folder).eval()
    theirs = plain(BATCH["tokens"], BATCH["token_mask"].long())
    words, order, asked = made(BATCH)
    torch.testing.assert_close(theirs.prediction_logits[asked], words)
    torch.testing.assert_close(theirs.seq_relationship_logits, order)


def test_heads_of_another_shape_are_left_and_those_that_fit_are_taken():
    made, other = task(seed=1), task(seed=2)
    state = other.heads() | {"cls.seq_relationship.weight": torch.zeros(3, 3)}
    before = made.order.weight.clone()
    made.load_heads(state)
    assert torch.equal(made.order.weight, before)
    assert torch.equal(made.pooler.weight, other.pooler.weight)


@pytest.fixture(scope="module")
def trained():
    """Sixty steps on reports whose impression repeats the side of the findings."""
    tokens = ReportTokens(max_tokens=32)
    texts = [
        (f"{side}{bone}见浓聚影。", f"{side}{bone}骨转移可能性大。")
        for side in ("左侧", "右侧")
        for bone in ("髂骨", "坐骨", "耻骨", "股骨", "肱骨", "锁骨")
    ]
    corpus = [
        ReportOf(f"p{i}", Report(findings=a, impression=b)) for i, (a, b) in enumerate(texts * 8)
    ]
    data = ReportDataModule(corpus, tokens, batch_size=32, val_share=0.2)
    made = task(dropout=0.0)
    trainer = pl.Trainer(
        max_steps=60,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        check_val_every_n_epoch=None,
        val_check_interval=60,
        num_sanity_val_steps=0,
    )
    trainer.fit(made, datamodule=data)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def test_sixty_steps_teach_the_order_of_the_parts(trained):
    assert trained["val/order"] > 0.9


def test_sixty_steps_put_a_word_right_now_and_then(trained):
    assert trained["val/words"] > 0.2
    assert trained["val/words_changed"] <= trained["val/words"] + 0.05


def test_reading_is_asked_of_known_reports_only_of_their_mean_and_of_surest_tokens():
    made = task(read=1.0)
    for head in made.reading.values():
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    features = torch.randn(2, 7, made.encoder.width)
    said = torch.zeros(2, SAYABLE, dtype=torch.bool)
    batch = BATCH | {"said": said, "read": torch.tensor([False, True])}
    # Even odds for all: each of them costs a bit, the report that is not known nothing.
    loss = made.reading_loss(batch, features)
    torch.testing.assert_close(loss, 3 * SAYABLE * torch.tensor(2.0).log())
    for head in made.reading.values():
        head.bias.data.fill_(-50.0)
    assert made.reading_loss(batch, features) < 1e-3
    # One answer is missed by all, then found by a token in an even place, and by one in an odd.
    batch["said"] = said.index_fill(1, torch.tensor([5]), value=True)
    torch.testing.assert_close(made.reading_loss(batch, features), torch.tensor(150.0))
    made.reading["token"].weight.data[5, 0] = 1.0
    features[1, :4] = 0.0
    for place, left in ((2, 100.0), (0, 100.0), (3, 50.0)):
        features[1, place, 0] = 100.0
        torch.testing.assert_close(made.reading_loss(batch, features), torch.tensor(left))


def test_reading_never_reads_padding():
    made = task(read=1.0)
    features = torch.randn(2, 7, made.encoder.width)
    said = torch.zeros(2, SAYABLE, dtype=torch.bool)
    batch = BATCH | {"said": said, "read": torch.tensor([True, True])}
    before = made.reading_loss(batch, features)
    features[~BATCH["token_mask"]] += 99.0
    torch.testing.assert_close(made.reading_loss(batch, features), before)


def test_without_the_reading_loss_there_is_no_head_for_it():
    assert not hasattr(task(), "reading")
