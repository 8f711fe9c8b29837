"""``mmseg-bone phantom cohort=two_spots``: scenes that cannot be solved without the report."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmseg_bone.errors import PhantomError

if TYPE_CHECKING:  # imported late, so that --help is quick
    from mmseg_bone.io.store import StoreWriter

VERSION = 1  # of the scenes; raised when the same seed gives other ones


def make_scenes(config: dict[str, Any]) -> str:
    """Make what is not there yet of a store of scenes, and say what came of it.

    Parts are folds in their order, and no two of them are drawn on the same body.

    Args:
        config: The configuration of ``mmseg-bone phantom``; in ``scenes`` the scenes of each
            part, and the bodies they are drawn on.

    Returns:
        The digest of the store, which is ``main`` in the folder asked for.

    Raises:
        PhantomError: A part has no scene or no body.
        BusyError: Another process writes the store.
    """
    from mmseg_bone.io.lock import alone
    from mmseg_bone.io.store import StoreWriter

    parts, seed = config["scenes"], int(config["seed"])
    for name, part in parts.items():
        if min(part["scenes"], part["bodies"]) < 1:
            raise PhantomError(f"scenes.{name}={part}: give 1 or more of both.")
    recipe = {"two_spots": VERSION, "seed": seed, "parts": parts}
    writer = StoreWriter(Path(config["store"]) / "main", recipe)
    with alone(writer.path):
        return _fill(writer, parts, seed)


def _fill(writer: "StoreWriter", parts: Mapping[str, Any], seed: int) -> str:
    from tqdm import tqdm

    from mmseg_bone.phantom.two_spots import Bodies, make_scene

    bar = tqdm(total=sum(part["scenes"] for part in parts.values()), unit="scene", file=sys.stderr)
    number, body, new, folds = 0, 0, 0, {}
    for fold, part in enumerate(parts.values()):
        bodies = Bodies(body, part["bodies"])
        for _ in range(part["scenes"]):
            if not writer.has(f"s{number:06d}", f"{VERSION} {seed} {bodies}"):
                writer.add(make_scene(number, seed, bodies), f"{VERSION} {seed} {bodies}")
                new += 1
            folds[f"p{number:06d}"] = fold
            number += 1
            bar.update()
        body += part["bodies"]
    bar.close()
    done = writer.close(folds)
    print(f"{done.path}: {len(done)} scenes ({new} new) on {body} bodies\ndigest {done.digest}")
    return done.digest
