"""``mmseg-bone compare``: set runs beside each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.io.runs import Run


def main() -> None:
    """Read the command line."""
    typer.run(compare)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Runs, or folders of runs, as -m leaves.")],
    out: Annotated[Path, typer.Option(help="Folder of the tables.")] = Path("comparison"),
    baseline: Annotated[
        str | None, typer.Option(help="Experiment to set the others against; else the first.")
    ] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Draws of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier comparison.")] = False,
) -> None:
    """Set experiments beside each other: scores, intervals over patients, paired differences.

    Runs of one name are one experiment: folds are pooled, seeds averaged. All must have been
    trained on the same store. Reads scores.csv of each run, and neither model nor store.
    """
    from mmseg_bone.analysis import comparison, tables
    from mmseg_bone.analysis.experiments import collect
    from mmseg_bone.cli.files import write_all

    compared = comparison.compare(
        collect(_scored(runs)), baseline=baseline, seed=seed, resamples=resamples
    )
    files = {name: text.encode() for name, text in tables.files(compared).items()}
    write_all(out, files, overwrite)
    print(files["comparison.md"].decode())
    print(f"Written to {out}: {', '.join(files)}")


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
