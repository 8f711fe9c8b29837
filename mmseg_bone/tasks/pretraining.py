"""What a text encoder learns before it meets an image: MacBERT's objective, and two of ours."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Bool, Float, Int
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, linear
from torch.optim import Optimizer

from mmseg_bone.data.questions import ReportBatch
from mmseg_bone.tasks.schedule import Schedule, make_schedule
from mmseg_bone.text.encoder import ReportEncoder
from mmseg_bone.text.masking import IGNORED
from mmseg_bone.text.site_evidence import SAYABLE

MakeOptimizer = Callable[[Iterable[Any]], Optimizer]
_RARE = -5.0  # logit at first: most reports say nothing of most bones
_GAIN = 8.0  # a mean over many tokens varies little: so its head learns at the pace of the others


class MaskedWordHead(nn.Module):
    """Token features → logits over the vocabulary, by the encoder's own word embeddings.

    Names of parameters are those of BERT's checkpoints.

    Source: Devlin et al. 2019, https://arxiv.org/abs/1810.04805; the tie, Press & Wolf 2017,
    https://arxiv.org/abs/1608.05859.
    """

    def __init__(self, width: int, vocabulary: int, eps: float = 1e-12) -> None:
        super().__init__()
        self.transform = nn.ModuleDict(
            {"dense": nn.Linear(width, width), "LayerNorm": nn.LayerNorm(width, eps=eps)}
        )
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(
        self, features: Float[Tensor, "n w"], embeddings: Float[Tensor, "v w"]
    ) -> Float[Tensor, "n v"]:
        """One logit per token of the vocabulary."""
        changed = nn.functional.gelu(self.transform["dense"](features))
        return linear(self.transform["LayerNorm"](changed), embeddings, self.bias)


class PretrainingTask(pl.LightningModule):
    """Train a text encoder to put masked words right and to tell which part came first.

    The loss is the sum of both cross entropies, as in the paper. Accuracy is of words: a word is
    right if all its tokens are. Words that the masking happened to keep are easy, so that
    ``val/words_changed`` leaves them out. No text is logged, and none is in a checkpoint.

    Args:
        encoder: What is trained.
        optimizer: Makes the optimizer, given groups of parameters.
        schedule: See ``tasks.schedule``.
        warmup: Share of all steps in which the learning rate rises.
        dropout: While pre-training; None leaves what the encoder's configuration says. Without,
            a step costs a third less, and no report is seen often enough to be learnt by heart.
        echo: Weight of a third loss, our choice and 0 in the paper: tokens that stand right are to
            be given back, a third of them each step. Else nothing asks the features of a token to
            tell which token it is, and who reads them misses just that.
        read: Weight of a fourth loss, our choice and 0 in the paper: what the report says of each
            bone (``text.site_evidence``) is to be told by a straight line, once from the mean over
            its tokens, and twice from single tokens, of which the surest answers: of those in even
            places, and of those in odd ones. So every word for a bone comes to know what is said
            of it anywhere. Reports of which that is not known are not asked.
        seed: Of the heads' first weights.

    Source: Cui et al. 2020, https://arxiv.org/abs/2004.13922, sec. 3.
    """

    def __init__(
        self,
        encoder: ReportEncoder,
        optimizer: MakeOptimizer,
        *,
        schedule: Schedule = "cosine",
        warmup: float | int = 0.06,
        dropout: float | int | None = None,
        echo: float | int = 0.0,
        read: float | int = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.encoder, self.make_optimizer = encoder, optimizer
        self.schedule: Schedule = schedule
        self.warmup, self.echo, self.read = warmup, echo, read
        config = encoder.bert.config
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.words = MaskedWordHead(encoder.width, config.vocab_size, config.layer_norm_eps)
            self.pooler = nn.Linear(encoder.width, encoder.width)
            self.order = nn.Linear(encoder.width, 2)
            for module in (self.words.transform["dense"], self.pooler, self.order):
                nn.init.normal_(module.weight, std=config.initializer_range)  # type: ignore[arg-type]
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
            if read:
                self.reading = nn.ModuleDict(
                    {of: nn.Linear(encoder.width, SAYABLE) for of in ("mean", "token")}
                )
                for head in self.reading.values():
                    nn.init.constant_(head.bias, _RARE)  # type: ignore[arg-type]
        if dropout is not None:
            for module in encoder.modules():
                if isinstance(module, nn.Dropout):
                    module.p = float(dropout)

    def forward(
        self, batch: ReportBatch
    ) -> tuple[Float[Tensor, "n v"], Float[Tensor, "b 2"], Bool[Tensor, "b t"]]:
        """Logits of the tokens asked for, in order; of the order; and which were asked for."""
        features = self.encoder(batch["tokens"], batch["token_mask"])
        asked = batch["targets"] != IGNORED
        return self.name(features[asked]), self.tell_order(features), asked

    def name(self, features: Float[Tensor, "n w"]) -> Float[Tensor, "n v"]:
        """Logits over the vocabulary."""
        words: Tensor = self.words(features, self.encoder.bert.embeddings.word_embeddings.weight)
        return words

    def tell_order(self, features: Float[Tensor, "b t w"]) -> Float[Tensor, "b 2"]:
        """Logits of the parts being in order, and swapped."""
        order: Tensor = self.order(self.pooler(features[:, 0]).tanh())
        return order

    def reading_loss(
        self, batch: ReportBatch, features: Float[Tensor, "b t w"]
    ) -> Float[Tensor, ""]:
        """Cross entropy of what is said of the bones: sum over a report, mean over reports."""
        known = batch["read"]
        features, said = features[known], batch["said"][known].float()
        on = batch["token_mask"][known][..., None]
        mean = (features * on).sum(1) / on.sum(1)
        told = self.reading["token"](features)
        odd = (torch.arange(on.shape[1], device=on.device) % 2 == 1)[:, None]
        surest = [told.masked_fill(~(on & half), -torch.inf).amax(1) for half in (odd, ~odd)]
        logits = torch.stack([self.reading["mean"](_GAIN * mean), *surest]).float()
        missed = binary_cross_entropy_with_logits(logits, said.expand_as(logits), reduction="sum")
        return missed / len(said)

    def training_step(self, batch: ReportBatch, batch_idx: int) -> Tensor:
        """Score one batch, with gradients."""
        features = self.encoder(batch["tokens"], batch["token_mask"])
        asked = batch["targets"] != IGNORED
        losses = self.losses(batch, self.name(features[asked]), self.tell_order(features), asked)
        if self.echo:
            third = torch.arange(asked.shape[1], device=asked.device) % 3 == batch_idx % 3
            right = batch["token_mask"] & ~asked & third
            losses["loss_echo"] = cross_entropy(
                self.name(features[right]).float(), batch["tokens"][right]
            )
            losses["loss"] = losses["loss"] + self.echo * losses["loss_echo"]
        if self.read and batch["read"].any():
            losses["loss_read"] = self.reading_loss(batch, features)
            losses["loss"] = losses["loss"] + self.read * losses["loss_read"]
        rate = self.trainer.optimizers[0].param_groups[0]["lr"]
        for name, value in (losses | {"lr": rate}).items():
            self.log(f"train/{name}", value, on_step=False, on_epoch=True, **self._of(batch))
        return losses["loss"]

    def validation_step(self, batch: ReportBatch, batch_idx: int) -> None:
        """Share of the masked words that are put right, and of the orders told."""
        words, order, asked = self(batch)
        for name, value in self.losses(batch, words, order, asked).items():
            self.log(f"val/{name}", value, **self._of(batch))
        right, changed = words_right(batch, words.argmax(dim=1))
        told = order.argmax(dim=1) == batch["swapped"]
        shares = {
            "words": right,
            "words_changed": right[changed],
            "order": told[batch["swapped"] != IGNORED],
        }
        for name, each in shares.items():
            if len(each):
                value = each.float().mean()
                self.log(f"val/{name}", value, batch_size=len(each), sync_dist=True, prog_bar=True)

    def losses(
        self,
        batch: ReportBatch,
        words: Float[Tensor, "n v"],
        order: Float[Tensor, "b 2"],
        asked: Bool[Tensor, "b t"],
    ) -> dict[str, Float[Tensor, ""]]:
        """Both cross entropies and their sum; 0 for what no report of the batch was asked."""
        targets, swapped = batch["targets"][asked], batch["swapped"]
        of_words = cross_entropy(words.float(), targets, reduction="sum") / max(1, len(targets))
        known = int((swapped != IGNORED).sum())
        of_order = cross_entropy(
            order.float(), swapped, ignore_index=IGNORED, reduction="sum"
        ) / max(1, known)
        return {"loss": of_words + of_order, "loss_words": of_words, "loss_order": of_order}

    def _of(self, batch: ReportBatch) -> dict[str, Any]:
        return {"batch_size": len(batch["tokens"]), "sync_dist": True}

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Biases and norms are not decayed, as in BERT."""
        learning = [p for p in self.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in learning if p.ndim > 1]},
            {"params": [p for p in learning if p.ndim == 1], "weight_decay": 0.0},
        ]
        optimizer = self.make_optimizer(groups)
        scheduler = make_schedule(
            optimizer,
            steps=int(self.trainer.estimated_stepping_batches),
            warmup=self.warmup,
            schedule=self.schedule,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def heads(self) -> dict[str, Tensor]:
        """Weights of the heads, named as ``BertForPreTraining`` names them."""
        state = {
            f"cls.predictions.{name}": value for name, value in self.words.state_dict().items()
        }
        state |= {f"bert.pooler.dense.{n}": value for n, value in self.pooler.state_dict().items()}
        state |= {f"cls.seq_relationship.{n}": v for n, v in self.order.state_dict().items()}
        return state

    def load_heads(self, state: Mapping[str, Tensor]) -> None:
        """Take weights of the heads where there are any of this name and shape."""
        for name, own in self.heads().items():
            if name in state and state[name].shape == own.shape:
                own.copy_(state[name])


def words_right(
    batch: ReportBatch, tokens: Int[Tensor, " n"]
) -> tuple[Bool[Tensor, " m"], Bool[Tensor, " m"]]:
    """For each masked word, whether all its tokens are right, and whether it had been changed.

    Args:
        batch: Masked reports.
        tokens: What was answered where something was asked, in order.
    """
    asked = batch["targets"] != IGNORED
    targets = batch["targets"][asked]
    report = torch.arange(len(asked), device=asked.device)[:, None].expand_as(asked)
    names = (report * (batch["words"].max() + 1) + batch["words"])[asked]
    word, place = names.unique(return_inverse=True)  # type: ignore[no-untyped-call]
    none = torch.zeros(len(word), dtype=torch.long, device=asked.device)
    wrong = none.index_add(0, place, (tokens != targets).long())
    changed = none.index_add(0, place, (batch["tokens"][asked] != targets).long())
    return wrong == 0, changed > 0
