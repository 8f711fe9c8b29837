"""``mmseg-bone compare``: set runs beside each other."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmseg_bone.errors import RunError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.analysis.comparison import Comparison
    from mmseg_bone.analysis.experiments import Experiments
    from mmseg_bone.io.runs import Run

_MAIN = "comparison.md"  # where it lies, the comparison is whole
_TABLES = ("scores.csv", "differences.csv", "scores.tex", "differences.tex")
_FIGURES = ("forest", "froc", "reliability", "strata", "burden", "decision", "examples")


def main() -> None:
    """Read the command line."""
    typer.run(compare)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Runs, or folders of runs, as -m leaves.")],
    out: Annotated[Path, typer.Option(help="Folder of tables and figures.")] = Path("comparison"),
    baseline: Annotated[
        str | None, typer.Option(help="Experiment to set the others against; else the first.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="The store they were trained on, to draw examples.png, too."),
    ] = None,
    shown: Annotated[
        str | None,
        typer.Option(help="Experiment of the examples; else the best but the baseline."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Draws of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier comparison.")] = False,
) -> None:
    """Set experiments beside each other: scores, intervals over patients, paired differences.

    Runs of one name are one experiment: folds are pooled, seeds averaged. All must have been
    trained on the same store. Reads the tables that evaluate left in each run, and neither
    model nor store. Leaves comparison.md to read, every table as CSV, the main ones as LaTeX,
    and figures: forest, froc, reliability, strata, burden, decision.

    With --store also draws examples: the studies with the best, the median and the worst Dice,
    and an ambiguous one.
    """
    from mmseg_bone.analysis import comparison, paper
    from mmseg_bone.analysis.evidence import gather
    from mmseg_bone.analysis.experiments import collect
    from mmseg_bone.analysis.figures import to_png
    from mmseg_bone.cli.files import refuse_existing, write_result

    _refuse_run(out)
    refuse_existing(out, names(), overwrite)
    experiments = collect(_scored(runs))
    _check(shown, experiments)
    compared = comparison.compare(experiments, baseline=baseline, seed=seed, resamples=resamples)
    evidence = gather(experiments, baseline=compared.baseline, seed=seed, resamples=resamples)
    figures = dict(paper.figures(compared, evidence))
    if store is not None:
        from mmseg_bone.io.store import Store

        drawn = paper.examples(experiments, compared, Store(store), shown)
        figures |= {"examples": drawn} if drawn else {}
    texts = paper.written(compared, evidence)
    files = {name: text.encode() for name, text in texts.items()}
    files |= {f"{name}.png": to_png(figure, dpi=180) for name, figure in figures.items()}
    write_result(out, files, overwrite, main=_MAIN, earlier=names())
    _show(compared)
    print(f"\nMore, and what to know before believing it, in {out / _MAIN}.")
    print(f"Beside it: {', '.join(name for name in files if name != _MAIN)}")


def _refuse_run(out: Path) -> None:
    """A run has scores.csv and froc.csv of its own, which those of a comparison would replace."""
    if (out / "config.yaml").exists():
        raise RunError(
            f"{out} is a run, whose scores would be lost. Name another folder with --out."
        )


def names() -> list[str]:
    """All files that a comparison may leave; which of them it does, depends on the runs."""
    from mmseg_bone.analysis.evidence import Evidence

    tables = [f"{field.name}.csv" for field in fields(Evidence)]
    return [_MAIN, *_TABLES, *tables, *(f"{name}.png" for name in _FIGURES)]


def _show(compared: "Comparison") -> None:
    """The main table, turned so that it fits a screen: a measure a row, an experiment a column."""
    from rich.console import Console
    from rich.table import Table

    from mmseg_bone.analysis.tables import HEADLINE, difference_table, label, score_table

    scores = score_table(compared).set_index("experiment")
    apart = difference_table(compared) if len(compared.differences) else None
    gaps = None if apart is None else apart.set_index(apart.columns[0])
    table = Table(
        title=f"{compared.level:.0%} intervals over patients; 'against': minus {compared.baseline}"
    )
    table.add_column("measure, aggregation")
    for name in scores.index:
        table.add_column(str(name))
    for measure in HEADLINE:
        name = label(*measure)
        table.add_row(name, *scores[name])
        if gaps is not None and measure[0] in ("dice", "recall", "lesion_sensitivity"):
            cells = (gaps[name].get(experiment, "") for experiment in scores.index)
            table.add_row("  against", *cells, style="dim")
    Console().print(table)
    for note in compared.notes:
        print(f"- {note}")


def _check(shown: str | None, experiments: "Experiments") -> None:
    if shown is not None and shown not in experiments.scores:
        raise RunError(
            f"--shown {shown}: no experiment is called so; there are "
            f"{', '.join(experiments.scores)}."
        )


def _scored(paths: list[Path]) -> "list[Run]":
    """All runs named, and those of a folder that were scored; the others are told."""
    from mmseg_bone.io.runs import find_runs

    scored = []
    for path in paths:
        found = find_runs(path)
        for run in found:
            named_itself = len(found) == 1 and run.path == path
            if named_itself or (run.path / "scores.csv").exists():
                scored.append(run)
            else:
                print(f"Left out: {run.path}, which has no scores.csv. It did not finish, or see")
                print(f"`mmseg-bone evaluate {run.path}`.")
    return scored
