"""``mmseg-bone atlas``: an atlas of bones from the phantoms of a store."""

from pathlib import Path
from typing import Annotated

import typer


def main() -> None:
    """Read the command line."""
    typer.run(atlas)


def atlas(
    store: Annotated[Path, typer.Argument(help="A store of phantoms.")],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("bones.safetensors"),
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier one.")] = False,
) -> None:
    """Make an atlas of bones, which lays the words of a report on the body.

    It holds how likely each bone is at each place of the body, in both views, from the bone
    labels of all phantoms of the store. The one that ships with the package was made so;
    `model.atlas.path=FILE` takes another one.
    """
    from mmseg_bone.cli.files import refuse_existing, write_all
    from mmseg_bone.imaging.atlas import atlas_to_bytes, build_atlas
    from mmseg_bone.io.store import Store

    refuse_existing(out.parent, [out.name], overwrite)
    shelf = Store(store)
    with typer.progressbar(shelf.ids, label="reading") as bar:
        made = build_atlas(shelf[id] for id in bar)
    content = atlas_to_bytes(made, f"{len(shelf.ids)} studies of store {shelf.digest}")
    write_all(out.parent, {out.name: content}, overwrite)
    print(f"Written to {out}: {len(content) / 1e6:.2f} MB.")


if __name__ == "__main__":
    main()
