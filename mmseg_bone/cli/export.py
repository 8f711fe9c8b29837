"""``mmseg-bone export``: write a store as a data set that other programs train on."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """Whose data set."""

    nnunet = "nnunet"
    monai = "monai"


def main() -> None:
    """Read the command line."""
    typer.run(export)


def export(
    store: Annotated[Path, typer.Argument(help="Prepared studies.")],
    out: Annotated[Path, typer.Option(help="Folder of the data set.")],
    format: Annotated[
        Format,
        typer.Option(help="nnunet: a raw data set of nnU-Net v2. monai: lists of the decathlon."),
    ] = Format.nnunet,
    number: Annotated[int, typer.Option(min=1, max=999, help="Of nnU-Net's data set.")] = 501,
) -> None:
    """Write images, labels and our folds, so that a peer can be trained on the same studies.

    Each view becomes an image of its own, 16-bit PNG of counts. No report and no note is written.
    What the peer predicts is scored by `mmseg-bone adopt`.
    """
    from tqdm import tqdm

    from mmseg_bone.io import peers
    from mmseg_bone.io.store import Store

    studies = Store(store)
    with tqdm(total=len(studies), unit="study", disable=None) as bar:
        if format is Format.monai:
            folder = peers.write_monai(studies, out, tick=lambda _: _tell(bar))
            told = "dataset_fold0.json holds out fold 0, and so on."
        else:
            folder = peers.write_nnunet(studies, out, number=number, tick=lambda _: _tell(bar))
            told = (
                f"Put it into nnUNet_raw, and splits_final.json into "
                f"nnUNet_preprocessed/{folder.name} once it was preprocessed."
            )
    print(f"{len(studies)} studies written to {folder}. {told}")


def _tell(bar: "object") -> None:
    bar.update()  # type: ignore[attr-defined]
