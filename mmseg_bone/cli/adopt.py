"""``mmseg-bone adopt``: take in what another program predicted, as a run."""

from pathlib import Path
from typing import Annotated

import typer

from mmseg_bone.cli.baseline import in_fold, score_and_tell, start_run


def main() -> None:
    """Read the command line."""
    typer.run(adopt)


def adopt(
    folder: Annotated[Path, typer.Argument(help="Predictions: ID_anterior.png, .npy or .npz.")],
    store: Annotated[Path, typer.Option(help="The store that was exported.")],
    name: Annotated[str, typer.Option(help="Of the experiment, such as nnunet.")],
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    fold: Annotated[int, typer.Option(help="The fold that was held out.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the peer's training.")] = 0,
    suffix: Annotated[str, typer.Option(help="Behind each name, such as _seg.")] = "",
) -> None:
    """Score predictions of a peer that was trained on what `mmseg-bone export` wrote.

    Leaves a run that `mmseg-bone compare` sets beside our own. Every drawn study of the fold has
    to be there, in all its views; others are left out.
    """
    import numpy as np

    from mmseg_bone.io.peer_predictions import PeerPredictions
    from mmseg_bone.io.store import Store

    studies = Store(store)
    found = PeerPredictions(folder, suffix)
    held_out = in_fold(studies, fold)
    # All of them, or no run; float32 for memory's sake.
    predicted = {id: found.read(studies[id]).astype(np.float32) for id in held_out}
    run = start_run(out, name, studies, fold, {"adopted": True}, seed)
    for id, probability in predicted.items():
        run.write_prediction(id, probability)
    others = [
        id
        for id in studies.ids
        if id not in predicted
        and any(found.has(id, view) for view in studies.rows[id]["views"].split("+"))
    ]
    score_and_tell(run, studies)
    if others:
        print(f"Left out, for they are not in fold {fold}: {len(others)} studies.")
