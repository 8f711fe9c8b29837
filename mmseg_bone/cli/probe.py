"""``mmseg-bone probe``: what a text encoder knows, beside its untrained twin."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    import pandas as pd

    from mmseg_bone.tasks.pretraining import PretrainingTask
    from mmseg_bone.text.tokens import ReportTokens

_EXPLAINED = """\
Masked words are put right if all their tokens are. `changed` leaves out those that the masking
kept, which copying gets right; `order` is which of two parts came first. Probes are linear, on
frozen features: of the mean over a report's tokens (`mean`), and of the one token that names the
bone (`token`), in reports on a single focus. `commonest` always says the commonest label.
`untrained` has the same architecture and random weights."""


def main() -> None:
    """Read the command line."""
    typer.run(probe)


def probe(
    model: Annotated[str, typer.Argument(help="default, a folder, or a hub name.")] = "default",
    n: Annotated[int, typer.Option(min=20, help="Patients of each set of reports.")] = 3000,
    seed: Annotated[
        int, typer.Option(help="Of the patients; another than that of pre-training.")
    ] = 1000,
    out: Annotated[Path | None, typer.Option(help="Folder for probe.csv and probe.md.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace earlier ones.")] = False,
) -> None:
    """Ask a text encoder for masked words, and for site, side, level, class and certainty.

    On phantom reports it was not trained on: in the styles it was trained in, in the style held
    out, and (masked words only) in English. Its untrained twin is asked the same.
    """
    import pandas as pd

    from mmseg_bone.cli.files import refuse_existing, write_all

    if out is not None:
        refuse_existing(out, ["probe.csv", "probe.md"], overwrite)
    table = pd.DataFrame([*_words(model, n, seed), *_probes(model, n, seed)])
    text = as_markdown(table)
    print(text)
    if out is not None:
        files = {"probe.csv": table.to_csv(index=False).encode(), "probe.md": text.encode()}
        write_all(out, files, overwrite)
        print(f"Written to {out}: {', '.join(files)}")


def as_markdown(table: "pd.DataFrame") -> str:
    """A row per question and set of reports; trained and untrained side by side."""
    names = {"trained": "trained", "untrained": "untrained", "commonest": "commonest"}
    lines = [
        "| question | reports | cases | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for row in table.to_dict("records"):
        cells = ("–" if math.isnan(row[name]) else f"{row[name]:.3f}" for name in names)
        lines.append(f"| {row['question']} | {row['reports']} | {row['cases']} | " + " | ".join(cells) + " |")  # fmt: skip # noqa: E501
    return "\n".join([*lines, "", _EXPLAINED])


def _tasks(model: str) -> "tuple[PretrainingTask, PretrainingTask, ReportTokens]":
    """The encoder with its heads, its twin, and their tokens."""
    from functools import partial

    from torch.optim import SGD

    from mmseg_bone.tasks.pretraining import PretrainingTask
    from mmseg_bone.text.encoder import ReportEncoder
    from mmseg_bone.text.publish import read_heads
    from mmseg_bone.text.tokens import ReportTokens
    from mmseg_bone.text.untrained import untrained

    never = partial(SGD, lr=0.0)
    trained = PretrainingTask(ReportEncoder(model), never)
    trained.load_heads(read_heads(model))
    return trained, PretrainingTask(untrained(model), never), ReportTokens(model)


def _words(model: str, n: int, seed: int) -> Iterator[dict[str, object]]:
    from mmseg_bone.cli.probing import cut_reports, masked_words
    from mmseg_bone.phantom.wording.styles import style_names
    from mmseg_bone.text.masking import Masking

    trained, twin, tokens = _tasks(model)
    count = max(20, n // 5)
    pool = cut_reports(tokens, count, seed, english=0.1)
    masking = Masking(tokens.tokenizer, {w.text for r in pool for part in r[:2] for w in part})
    held_out, english = style_names(held_out=True), style_names(language="english")
    for name, styles in (("same styles", ()), ("held-out style", held_out), ("English", english)):
        reports = cut_reports(tokens, count, seed + 1, styles)
        one, other = (masked_words(task, reports, masking, tokens) for task in (trained, twin))
        for what in one:
            yield {
                "question": what.replace("_", ", "),
                "reports": name,
                "cases": len(reports),
                "trained": one[what],
                "untrained": other[what],
                "commonest": math.nan,
            }


def _probes(model: str, n: int, seed: int) -> Iterator[dict[str, object]]:
    import numpy as np

    from mmseg_bone.analysis.probes import linear_probe
    from mmseg_bone.cli.probing import LABELS, cases, features
    from mmseg_bone.phantom.wording.styles import style_names

    trained, twin, tokens = _tasks(model)
    learnt = cases(n, seed)
    asked = {
        "same styles": cases(n // 2, seed + 1),
        "held-out style": cases(n // 2, seed + 1, style_names(held_out=True)),
    }
    seen = [features(task.encoder, tokens, learnt) for task in (trained, twin)]
    for name, tests in asked.items():
        met = [features(task.encoder, tokens, tests) for task in (trained, twin)]
        for kind, at in (("mean", 0), ("token", 1)):
            for label in LABELS:
                known = [
                    np.array([label in case.labels for case in part])
                    & ~np.isnan(seen_or_met[0][at]).any(axis=1)
                    for part, seen_or_met in ((learnt, seen), (tests, met))
                ]
                truth = [
                    [case.labels[label] for case, has in zip(part, mask, strict=True) if has]
                    for part, mask in zip((learnt, tests), known, strict=True)
                ]
                one, other = (
                    linear_probe(a[at][known[0]], truth[0], b[at][known[1]], truth[1])
                    for a, b in zip(seen, met, strict=True)
                )
                yield {
                    "question": f"{label}, {kind}",
                    "reports": name,
                    "cases": one.cases,
                    "trained": one.accuracy,
                    "untrained": other.accuracy,
                    "commonest": one.commonest,
                }
