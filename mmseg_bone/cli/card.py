"""``mmseg-bone card``: the distributions of a store of phantoms, for its data card."""

from pathlib import Path
from typing import Annotated

import typer


def main() -> None:
    """Read the command line."""
    typer.run(card)


def card(
    store: Annotated[Path, typer.Argument(help="A store of phantoms.")],
    out: Annotated[Path, typer.Option(help="Folder of distributions.md and .png.")] = Path("card"),
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier card.")] = False,
) -> None:
    """Set what a store holds beside what is published: patients, burden, sites, foci, sizes.

    Writes distributions.md (tables, and the digest of the store) and distributions.png.
    """
    from mmseg_bone.analysis.data_card import draw, gather, tables
    from mmseg_bone.analysis.figures import to_png
    from mmseg_bone.analysis.tables import pipes
    from mmseg_bone.cli.files import refuse_existing, write_all
    from mmseg_bone.io.store import Store

    names = ["distributions.md", "distributions.png"]
    refuse_existing(out, names, overwrite)
    shelf = Store(store)
    contents = gather([shelf[id] for id in shelf.ids])
    parts = [f"{len(shelf)} studies, store digest `{shelf.digest}`."]
    parts += [f"## {heading}\n\n{pipes(table)}" for heading, table in tables(contents).items()]
    text = "\n\n".join(parts) + "\n"
    write_all(
        out, dict(zip(names, (text.encode(), to_png(draw(contents))), strict=True)), overwrite
    )
    print(text)
