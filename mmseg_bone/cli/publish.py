"""``mmseg-bone publish``: a model to hand on, made of a run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.io.runs import Run

_CARD = """# {name}

Marks bone metastases on planar whole-body bone scans, anterior and posterior, {reading}.

**Not a medical device.** For research, never for the care of a patient. Where a report is read,
the marks delineate what it says and are no second opinion.

- Learnt from: {learnt_from} (store {digest}, fold {fold} held out, seed {seed}).
- Network: {network}, {parameters:.2f} million parameters{rounded}.
- Cut: at {threshold:g}; lesions under {smallest_mm2:g} mm² are dropped.
- Made with mmseg-bone {version}, commit {commit}; settings in config.yaml.
- To use it: `mmseg-bone predict scan.dcm --report report.txt --run THIS_FOLDER`

Scores on the {studies} studies held out, with their reports:

| score | |
|---|---|
{scores}

Dice of a patient is of all her pixels; a normal scan counts 0 for a false alarm, and is left out if
nothing is marked.
{proves}"""
_PROVES = """\
Phantoms, and reports of the same truth, do not prove how it does on patients: scanners, diseases
and reports there are of more kinds.
"""
_ROUNDED = ", weights rounded to a byte each after the scores below were taken"
_SHOWN = {
    "Dice, mean over patients": ("patient", "dice"),
    "Dice, scans with metastases": ("image_pos", "dice"),
    "Dice, pixels of all scans pooled": ("micro", "dice"),
    "lesions found, share": ("lesion", "lesion_sensitivity"),
    "false lesions a scan": ("scan", "false_positives"),
}


def main() -> None:
    """Read the command line."""
    typer.run(publish)


def publish(
    run: Annotated[Path, typer.Argument(help="A run that was trained and scored.")],
    out: Annotated[Path, typer.Option(help="Folder of the model.")],
    learnt_from: Annotated[
        str, typer.Option(help="What it learnt from, in words; goes into the model card.")
    ],
    packed: Annotated[
        bool, typer.Option("--packed", help="Weights a byte each, a quarter of the size.")
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier one.")] = False,
) -> None:
    """Make a folder of a run that others can predict with: weights, settings, a model card.

    No study, no report, no prediction and no name of a folder goes with it. Weights can still
    betray what they learnt from: ask your data protection officer before you hand on a model
    of patients.
    """
    from mmseg_bone.cli.files import refuse_existing
    from mmseg_bone.cli.weights import read_weights, write_packed
    from mmseg_bone.errors import RunError
    from mmseg_bone.io.model import write_model
    from mmseg_bone.io.runs import Run

    if out.resolve() == run.resolve():
        raise RunError(
            f"{out} is the run itself, whose own settings and weights would be replaced. Name "
            f"another folder with --out."
        )
    names = ["config.yaml", "environment.json", "weights.safetensors", "README.md"]
    refuse_existing(out, names, overwrite)
    record = Run(run)
    told = card(record, learnt_from, packed)  # first: a run not whole leaves nothing behind
    weights = write_packed(read_weights(record.weights)) if packed else None
    write_model(record, out, told, weights)
    size = (out / "weights.safetensors").stat().st_size / 2**20
    print(f"Written to {out}: {', '.join(names)}; the weights are {size:.1f} MiB.")


def card(run: "Run", learnt_from: str, packed: bool = False) -> str:
    """The model card of a scored run; its scores are of the weights before they are packed."""
    from importlib.metadata import version

    from mmseg_bone.analysis.marked import cut_of
    from mmseg_bone.cli.load import load_network

    network, _ = load_network(run)
    cut = cut_of(run)
    about, summary = run.environment, _summary(run)
    reads = {"tokens", "evidence"} & set(network.reads)
    phantoms = "phantom" in learnt_from.lower()
    return _CARD.format(
        name=run.name,
        reading="from the image and the report together" if reads else "from the image",
        learnt_from=learnt_from,
        digest=str(about.get("store_digest"))[:12],
        fold=run.config.get("fold"),
        seed=run.seed,
        network=type(network).__name__,
        parameters=sum(p.numel() for p in network.parameters()) / 1e6,
        rounded=_ROUNDED if packed else "",
        threshold=cut.threshold,
        smallest_mm2=cut.smallest_mm2,
        version=version("mmseg-bone"),
        commit=str(about.get("git_commit"))[:12],
        studies=summary.get("about", {}).get("studies", "?"),
        scores="\n".join(f"| {name} | {_number(summary, at)} |" for name, at in _SHOWN.items()),
        proves=_PROVES if phantoms else "",
    )


def _summary(run: "Run") -> dict[str, Any]:
    from mmseg_bone.errors import RunError

    path = run.path / "summary.json"
    if not path.is_file():
        raise RunError(f"{run.path} was not scored. Score it: mmseg-bone evaluate {run.path}")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _number(summary: dict[str, Any], at: tuple[str, str]) -> str:
    value = summary.get(at[0], {}).get(at[1])
    return "–" if value is None else f"{value:.3f}"
