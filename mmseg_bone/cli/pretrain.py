"""``mmseg-bone pretrain``: train a text encoder on reports, and leave it in a folder."""

import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig, OmegaConf

from mmseg_bone.cli import CONF, fitting, in_words, tracking
from mmseg_bone.cli.quoting import quoted

if TYPE_CHECKING:  # imported late, so that --help is quick
    import pytorch_lightning as pl

    from mmseg_bone.data.corpus import ReportOf
    from mmseg_bone.data.reports import ReportDataModule
    from mmseg_bone.tasks.pretraining import PretrainingTask
    from mmseg_bone.text.tokens import ReportTokens

# What has to be the same of a training that goes on: which reports it is asked, what encoder it is.
_SAME = (
    "seed",
    "scratch",
    "text.model",
    "text.tune",
    "task._target_",
    "task.read",
    "data.val_share",
    "data.seed",
)
_CARD = """# Text encoder of bone scan reports

{layers} layers, {width} wide, {parameters:.1f} million parameters, {vocabulary} tokens,
{places} places. Architecture and objective are MacBERT's (Cui et al. 2020,
https://arxiv.org/abs/2004.13922), with losses of our own where the command says `task.echo` or
`task.read`; the weights are not. Where it says `data.reword`, reports were read in other words of
one meaning, from the sets of `text/synonyms.txt`.

- Trained on: {reports} {source}, {validation} of them to validate on (digest {digest}).
- Went on from: {model}.
- Command: `mmseg-bone pretrain {overrides}`, seed {seed}, {steps} steps, {date}, {device}.
- On the validation reports: {scores}.

Meant for reading reports of whole-body bone scans in `mmseg-bone` (`text.model=THIS_FOLDER`);
`transformers.BertModel.from_pretrained` loads it too. It knows no other texts.
"""


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="pretrain")
def run(cfg: DictConfig) -> float:
    """Pre-train; gives the share of masked words put right back to a sweeper."""
    with in_words("pretrain"):
        return pretrain(cfg)


def main() -> None:
    """Let Hydra read the command line."""
    sys.argv[1:] = quoted(sys.argv[1:])
    run()


def pretrain(cfg: DictConfig) -> float:
    """Train, validate, and write the encoder."""
    import pytorch_lightning as pl
    from hydra.utils import instantiate

    from mmseg_bone.cli.machine import tune_allocator
    from mmseg_bone.text.encoder import ReportEncoder
    from mmseg_bone.text.publish import read_heads
    from mmseg_bone.text.tokens import ReportTokens
    from mmseg_bone.text.untrained import untrained

    tune_allocator()
    fitting.quieten_lightning()
    fitting.name_whole(cfg)
    resume = fitting.checkpoint_to_go_on_from(Path(cfg.run), cfg.ckpt_path)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    tokens = ReportTokens(cfg.text.model, max_tokens=cfg.text.max_tokens)
    make = untrained if cfg.scratch else ReportEncoder
    encoder = make(cfg.text.model, tune=cfg.text.tune, seed=cfg.seed)
    task: PretrainingTask = instantiate(cfg.task, encoder=encoder)
    if not cfg.scratch:
        task.load_heads(read_heads(cfg.text.model))
    data: ReportDataModule = instantiate(cfg.data, _partial_=True)(corpus(cfg), tokens)
    _refuse_going_on(resume, cfg, data)
    trainer: pl.Trainer = instantiate(cfg.trainer, _partial_=True)(
        logger=fitting.make_loggers(cfg.logger)
    )
    _start(cfg, trainer, data)
    try:
        trainer.fit(task, datamodule=data, ckpt_path=resume, weights_only=True)
    finally:
        tracking.close(trainer.loggers)
    return _finish(cfg, trainer, task, data, tokens)


def corpus(cfg: DictConfig) -> "Iterator[ReportOf]":
    """The hospital's own reports, or those of phantoms."""
    from tqdm import tqdm

    from mmseg_bone.cli.phantom_reports import phantom_corpus
    from mmseg_bone.data.corpus import read_corpus

    if cfg.reports is not None:
        yield from read_corpus(cfg.reports, **cfg.columns)
        return
    written = phantom_corpus(cfg.n, cfg.seed, tuple(cfg.styles), cfg.english)
    quiet = not cfg.trainer.enable_progress_bar
    yield from tqdm(written, "reports", cfg.n, unit="report", file=sys.stderr, disable=quiet)


def _refuse_going_on(checkpoint: str | None, cfg: DictConfig, data: "ReportDataModule") -> None:
    """See that a checkpoint is of this training, as ``mmseg-bone train`` does."""
    from mmseg_bone.cli.settings import refuse_going_on

    if (folder := fitting.run_of(checkpoint)) is not None:
        config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
        refuse_going_on(folder, config, ("these reports", data.digest), _SAME)


def _start(cfg: DictConfig, trainer: "pl.Trainer", data: "ReportDataModule") -> None:
    """Write what is known before the first step, and tell the loggers."""
    from mmseg_bone.io.environment import environment
    from mmseg_bone.io.nameless import nameless
    from mmseg_bone.io.runs import Run

    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    device = str(trainer.strategy.root_device)
    about = environment(device=device, seed=cfg.seed, store_digest=data.digest)
    told = nameless(config)
    for logger in trainer.loggers:
        logger.log_hyperparams(told | {"store_digest": data.digest})
    Run.start(cfg.run, config, about)


def _finish(
    cfg: DictConfig,
    trainer: "pl.Trainer",
    task: "PretrainingTask",
    data: "ReportDataModule",
    tokens: "ReportTokens",
) -> float:
    from mmseg_bone.io.runs import Run
    from mmseg_bone.text.publish import write_encoder

    scores = {
        name.removeprefix("val/"): float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith("val/")
    }
    record = Run(cfg.run)
    record.write_summary({"validation": scores, "steps": trainer.global_step})
    card = _CARD.format_map(_facts(cfg, trainer, task, data, scores))
    folder = record.path / "encoder"
    write_encoder(folder, task.encoder, tokens, heads=task.heads(), card=card)
    print(f"run: {record.path}\nencoder: {folder}")
    return scores.get("words", float("nan"))


def _facts(
    cfg: DictConfig,
    trainer: "pl.Trainer",
    task: "PretrainingTask",
    data: "ReportDataModule",
    scores: Mapping[str, float],
) -> dict[str, Any]:
    """What the model card says; file names only, for folders may be named after people."""
    from hydra.core.hydra_config import HydraConfig

    from mmseg_bone.text.checkpoint import open_checkpoint

    config = task.encoder.bert.config
    model = str(cfg.text.model)
    fresh = cfg.scratch or open_checkpoint(model).weights is None
    given = [part for part in HydraConfig.get().overrides.task if "/" not in part]
    return {
        "layers": config.num_hidden_layers,
        "width": config.hidden_size,
        "parameters": sum(p.numel() for p in task.encoder.parameters()) / 1e6,
        "vocabulary": config.vocab_size,
        "places": config.max_position_embeddings,
        "reports": len(data.patients),
        "source": "phantom reports only" if cfg.reports is None else "reports of a hospital",
        "validation": len(data.val_places),
        "digest": data.digest[:16],
        "model": "random weights" if fresh else Path(model).name,
        "overrides": " ".join(given),
        "seed": cfg.seed,
        "steps": trainer.global_step,
        "date": date.today().isoformat(),
        "device": trainer.strategy.root_device.type.upper(),
        "scores": ", ".join(f"{name} {value:.4f}" for name, value in scores.items()),
    }


if __name__ == "__main__":
    main()
