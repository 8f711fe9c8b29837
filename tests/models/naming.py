"""How well bones are named, by the atlas and by the heads of a network that reads.

    python -m tests.models.naming RUN STORE 100

prints, of the first 100 studies of the store that RUN held out, the share of the pixels of ribs, of
vertebrae and of all bones whose likeliest label is the true one: by the atlas on the whole image,
by the heads of each level on its large pixels. Minutes, not seconds.
"""

# ruff: noqa: T201  (it talks to whoever runs it)

import sys
from collections import defaultdict
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from mmseg_bone.analysis.bones import find_bones
from mmseg_bone.anatomy import BONES
from mmseg_bone.cli.load import load_network
from mmseg_bone.data.encode import collate
from mmseg_bone.io.model import run_called
from mmseg_bone.io.store import Store

PARTS = {
    "ribs": [bone.label for bone in BONES if bone.region == "ribs"],
    "vertebrae": [
        bone.label for bone in BONES if bone.region in ("cervical", "thoracic", "lumbar")
    ],
    "all": [bone.label for bone in BONES],
}


def right(labels, named):
    """Pixels of each part that are named rightly, and all of them."""
    shown = {part: np.isin(labels, of_part) for part, of_part in PARTS.items()}
    return {part: ((labels == named)[at].sum(), at.sum()) for part, at in shown.items()}


def by_heads(network, encode, study):
    """True and likeliest labels of each level, coarsest first."""
    batch = collate([encode(study)], stride=network.stride)
    with torch.inference_mode():
        _, sides = network.with_sides(**{key: batch[key] for key in network.reads})
    for logits, _, learns in sides:
        if learns != "bones":
            continue
        block = batch["bones"].shape[2] // logits.shape[3]
        labels = batch["bones"][0, :, block // 2 :: block, block // 2 :: block]
        yield f"heads, pixels of {block}", labels.numpy(), logits[0].argmax(dim=1).numpy()


def main(run, store, count):
    run, store = run_called(run), Store(Path(store))
    network, encode = load_network(run)
    fold, sums = int(run.config["fold"]), defaultdict(lambda: np.zeros(2))
    for id in islice((id for id in store.ids if store.fold[id] == fold), int(count)):
        study = store[id]
        told = [("atlas", study.bones, find_bones(replace(study, bones=None)).labels)]
        for who, labels, named in [*told, *by_heads(network, encode, study)]:
            for part, counted in right(labels, named).items():
                sums[who, part] += counted
    for (who, part), (hits, pixels) in sums.items():
        print(f"{who}: {part} {hits / pixels:.3f} of {int(pixels)} pixels")


if __name__ == "__main__":
    main(*sys.argv[1:])
