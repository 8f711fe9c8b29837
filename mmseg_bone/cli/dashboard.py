"""``mmseg-bone dashboard``: how runs are looked at in W&B, written down as code.

The page is described here and built without a server; only ``--publish`` sends it. Grouping and
sorting are the page's, so a project needs it once, and every later run appears in it.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from mmseg_bone.cli.tracking import EFFECTS, PICTURES, STUDIES
from mmseg_bone.errors import RunError

LEARNING = {
    "Dice of the validation fold": ("val/dice",),
    "Loss": ("train/loss", "val/loss"),
    "Learning rate": ("train/lr",),
}
HELD_OUT = {
    "Dice, mean over patients": "test/patient/dice",
    "Dice, pooled pixels": "test/micro/dice",
    "Recall, pooled pixels": "test/micro/recall",
    "Surface Dice, mean over views with a lesion": "test/image_pos/surface_dice",
    "FROC score": "test/froc_score",
    "Lesion sensitivity at 1 false positive per scan": "test/sensitivity_at_1_fp",
    "Calibration error of lesions": "test/lesion_ece",
    "Bone scan index against truth, Spearman": "test/bsi_spearman",
}

PINNED = ("config:name", "config:fold", "config:seed", "summary:test/patient/dice")


def main() -> None:
    """Read the command line."""
    typer.run(dashboard)


def dashboard(
    entity: Annotated[str, typer.Option(help="User or team in W&B.")] = "",
    project: Annotated[str, typer.Option(help="Project, as in conf/logger.")] = "mmseg-bone",
    out: Annotated[Path, typer.Option(help="The description, as JSON.")] = Path("dashboard.json"),
    publish: Annotated[bool, typer.Option(help="Send it to W&B; needs `wandb login`.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier description.")] = False,
) -> None:
    """Write the W&B page of the project's runs, or publish it.

    Runs are grouped by sweep and experiment: held-out scores first, then pictures with masks to
    switch, the table of studies, the learning curves, and what sets the runs apart.

    Needs `pip install "mmseg-bone[dashboard]"`. Without --publish nothing is sent.
    """
    if publish:
        if not entity:
            raise RunError("say in whose W&B the page goes: --entity USER_OR_TEAM --publish.")
        page(entity, project).save()
        return
    from mmseg_bone.cli.files import write_all

    text = json.dumps(described(page(entity, project)), indent=1, sort_keys=True) + "\n"
    write_all(out.parent, {out.name: text.encode()}, overwrite)
    print(f"Described in {out}. To publish: mmseg-bone dashboard --entity NAME --publish")


def page(entity: str, project: str) -> Any:  # noqa: ANN401  (their Workspace)
    """The page, as W&B's own library describes one.

    Raises:
        RunError: That library is not installed.
    """
    try:
        # Not by an import statement: it comes without complete types, and not everywhere.
        wr: Any = import_module("wandb_workspaces.reports.v2")
        ws: Any = import_module("wandb_workspaces.workspaces")
    except ModuleNotFoundError:
        raise RunError(
            'wandb-workspaces is not installed: pip install "mmseg-bone[dashboard]".'
        ) from None

    by_name = {"groupby": wr.Config("name"), "groupby_aggfunc": "mean", "max_runs_to_show": 100}
    held_out = [
        wr.BarPlot(title=title, metrics=[key], groupby_rangefunc="stddev", **by_name)
        for title, key in HELD_OUT.items()
    ]
    curves = [
        wr.LinePlot(title=title, x="epoch", y=[*keys], groupby_rangefunc="minmax", **by_name)
        for title, keys in LEARNING.items()
    ]
    sections = [
        ws.Section(name="Held-out scores", panels=held_out, is_open=True),
        ws.Section(
            name="Pictures: reference, prediction, the same without the report, what it changed",
            panels=[
                wr.MediaBrowser(media_keys=[key], num_columns=4) for key in (PICTURES, EFFECTS)
            ],
            is_open=True,
        ),
        ws.Section(name="Studies", panels=[wr.WeavePanelSummaryTable(table_name=STUDIES)]),
        ws.Section(name="Learning", panels=curves),
        ws.Section(name="What sets runs apart", panels=[wr.RunComparer(diff_only="split")]),
    ]
    return ws.Workspace(
        name="Bone metastases: runs by sweep and experiment",
        entity=entity,
        project=project,
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis="epoch", max_runs=100),
        runset_settings=ws.RunsetSettings(
            groupby=[ws.Metric("Group"), ws.Config("name")],
            order=[ws.Ordering(ws.Summary("test/patient/dice"), ascending=False)],
            pinned_columns=[
                "config:name",
                "config:fold",
                "config:seed",
                "summary:test/patient/dice",
            ],
        ),
    )


def described(page: Any) -> dict[str, Any]:  # noqa: ANN401
    """The page as it would be sent, without the numbers drawn at random for its panels."""
    sent: dict[str, Any] = json.loads(page._to_model().model_dump_json(by_alias=True))
    told: dict[str, Any] = _without_random(sent)
    return told


def _without_random(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    if isinstance(value, dict):
        return {k: _without_random(v) for k, v in value.items() if k not in ("__id__", "id")}
    if isinstance(value, list):
        return [_without_random(part) for part in value]
    return value
