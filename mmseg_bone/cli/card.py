"""``mmseg-bone card``: the distributions of a store of phantoms, for its data card."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    import pandas as pd

    from mmseg_bone.study import Study

_TERMS = 20


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
    studies = [shelf[id] for id in shelf.ids]
    contents = gather(studies)
    parts = [f"{len(shelf)} studies, store digest `{shelf.digest}`."]
    found = tables(contents) | {"Terms of the reports": _terms(studies)}
    parts += [f"### {heading}\n\n{pipes(table)}" for heading, table in found.items()]
    text = "\n\n".join(parts) + "\n"
    write_all(
        out, dict(zip(names, (text.encode(), to_png(draw(contents))), strict=True)), overwrite
    )
    print(text)


def _terms(studies: "Sequence[Study]") -> "pd.DataFrame":
    """The commonest terms of the lexicon; words outside it may be somebody's name."""
    import pandas as pd

    from mmseg_bone.text.words import count_words, lexicon

    known = set(lexicon())
    counted = count_words(study.report.text for study in studies if study.report)
    rows = [(term, n) for term, n in counted.most_common() if term in known][:_TERMS]
    return pd.DataFrame(rows, columns=["term", "times"])
