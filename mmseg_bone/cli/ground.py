"""``mmseg-bone ground``: which words of its report each lesion of a run was read from."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:  # imported late, so that --help is quick
    import numpy as np

    from mmseg_bone.analysis.grounding import Reading
    from mmseg_bone.analysis.marked import Cut
    from mmseg_bone.data.encode import EncodeStudy
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.store import Store
    from mmseg_bone.nn.network import Network
    from mmseg_bone.study import Study

_MAIN = "grounding.json"  # where it lies, the answers are whole
_READS = {"tokens", "evidence"}
_DIGITS = 4


@dataclass(frozen=True)
class Asked:
    """A study as a network marks it, with the whole report and without each of its sites."""

    study: "Study"
    whole: "np.ndarray"
    without: "dict[str, np.ndarray]"


def main() -> None:
    """Read the command line."""
    typer.run(ground)


def ground(
    run: Annotated[Path, typer.Argument(help="The run whose network is asked, or `shipped`.")],
    store: Annotated[Path, typer.Option(help="Studies: its own store, or another one.")],
    out: Annotated[Path, typer.Option(help="Folder of the answers.")] = Path("grounding"),
    first: Annotated[int, typer.Option(min=1, help="Only so many studies.")] = 20,
    pictures: Annotated[int, typer.Option(min=0, help="How many of them are drawn.")] = 3,
    fold: Annotated[
        int | None,
        typer.Option(help="Studies of this fold; else the run's, or all of another store."),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace earlier answers.")] = False,
) -> None:
    """Take the sites out of each report one by one, and see which lesions fade.

    Asked are studies the network has not seen whose reports name at least two sites. Writes
    grounding.json (for each marked lesion, how far its probability falls without each site; in
    bones, not in words) and a picture of the first studies. Of phantoms it prints the pointing
    score, the share of metastases that read the words about them most, beside chance and the
    same network before training.
    """
    from mmseg_bone.analysis.figures import to_png
    from mmseg_bone.analysis.grounding import point
    from mmseg_bone.analysis.marked import cut_of
    from mmseg_bone.cli.apply import unseen
    from mmseg_bone.cli.files import refuse_existing, write_result
    from mmseg_bone.cli.load import load_network, untrained_network
    from mmseg_bone.errors import RunError
    from mmseg_bone.io.model import run_called
    from mmseg_bone.io.runs import to_json
    from mmseg_bone.io.store import Store

    record, shelf = run_called(run), Store(store)
    ids = unseen(record, shelf, fold)
    names = [_MAIN, *(f"{id}.png" for id in [*ids, *_asked_before(out)])]
    refuse_existing(out, names, overwrite)
    network, encode = load_network(record)
    if not _READS & set(network.reads):
        raise RunError(
            f"{run} reads {', '.join(network.reads)} and no report, so there are no words to ask "
            f"about. Name a run of an experiment such as text_fused."
        )
    cut = cut_of(record)
    before = untrained_network(record)
    known: dict[str, list[Reading]] = {"trained": [], "untrained": []}
    studies: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    with typer.progressbar(_several_sites(shelf, ids, first), length=first, label="asking") as bar:
        for study in bar:
            asked = _ask(record, network, encode, study)
            known["trained"] += _foci(asked)
            if study.foci:
                known["untrained"] += _foci(_ask(record, before, encode, study))
            studies[study.id], figure = _answer(asked, cut, record.name, len(files) < pictures)
            if figure is not None:
                files[f"{study.id}.png"] = to_png(figure)
    if not studies:
        raise RunError(
            f"{store} has no report in Chinese that names two sites, among studies the network "
            f"has not seen. Without a choice of words there is nothing to ask."
        )
    scores = {name: asdict(point(readings)) for name, readings in known.items()}
    about = {
        "run": record.name,
        "store_digest": shelf.digest,
        "threshold": cut.threshold,
        "smallest_mm2": cut.smallest_mm2,
    }
    content = to_json(about | {"pointing": scores, "studies": studies})
    write_result(out, {_MAIN: content} | files, overwrite, main=_MAIN, earlier=names)
    _tell(scores, len(studies))
    print(f"Written to {out}: {_MAIN}, {len(files)} pictures.")


def _asked_before(out: Path) -> list[str]:
    """Studies of earlier answers, perhaps of another store, which may have a picture there."""
    try:
        studies = json.loads((out / _MAIN).read_text("utf-8"))["studies"]
    except (OSError, ValueError, KeyError, TypeError):  # none there, or not ours
        return []
    return [id for id in studies if Path(id).name == id]  # no path that leads elsewhere


def _several_sites(store: "Store", ids: list[str], first: int) -> "Iterator[Study]":
    """The first studies whose report names at least two sites for themselves."""
    found = (study for id in ids if len(_sites(study := store[id])) > 1)
    for _, study in zip(range(first), found, strict=False):
        yield study


def _sites(study: "Study") -> list[str]:
    from mmseg_bone.text.hearing import hear

    heard = hear(study.report)
    mentions = () if heard is None else heard.mentions
    return [mention.bone for mention in mentions if not mention.collective and not mention.negated]


def _ask(run: "Run", network: "Network", encode: "EncodeStudy", study: "Study") -> Asked:
    """Ask a network of a run, the trained one or the untrained."""
    from dataclasses import replace

    from mmseg_bone.cli.load import probability
    from mmseg_bone.text.rewriting import rename_site

    assert study.report is not None  # it names sites
    reports = {bone: rename_site(study.report, bone) for bone in _sites(study)}
    without = {
        bone: probability(network, encode, replace(study, report=report), run)
        for bone, report in reports.items()
    }
    return Asked(study, probability(network, encode, study, run), without)


def _foci(asked: Asked) -> "list[Reading]":
    """The metastases of a phantom whose site is known; none of any other study."""
    from mmseg_bone.analysis.grounding import read_foci

    study = asked.study
    if study.instances is None:
        return []
    return [*read_foci(study.instances, study.foci, asked.whole, asked.without, views=study.views)]


def _answer(asked: Asked, cut: "Cut", name: str, drawn: bool) -> "tuple[dict[str, Any], Any]":
    """What each marked lesion of a study read, and a picture of it."""
    from mmseg_bone.analysis.agreement.places import place_lesions
    from mmseg_bone.analysis.bones import find_bones
    from mmseg_bone.analysis.figures.grounding import grounding_figure
    from mmseg_bone.analysis.grounding import read_lesions

    study = asked.study
    mask = cut.mask(asked.whole, study.spacing_mm)
    readings = read_lesions(mask, asked.whole, asked.without, views=study.views)
    labels = find_bones(study).labels
    places = place_lesions(mask, labels, views=study.views, spacing_mm=study.spacing_mm)
    bones = {(place.view, place.number): place.bones for place in places}
    lesions = [
        {
            "view": one.view,
            "number": one.number,
            "bones": bones[one.view, one.number],
            "probability": round(one.probability, _DIGITS),
            "most_read": one.most_read,
            "falls": {bone: round(fall, _DIGITS) for bone, fall in one.falls.items()},
        }
        for one in readings
    ]
    figure = None
    if drawn:
        title = f"{name}: {study.id}\nnot a medical device"
        figure = grounding_figure(study, mask, readings, bones, title=title)
    return {"sites": list(asked.without), "lesions": lesions}, figure


def _tell(scores: dict[str, dict[str, Any]], studies: int) -> None:
    print(f"{studies} studies.")
    if not scores["trained"]["lesions"]:
        print("No metastasis with a site that is known: no pointing score.")
        return
    print("| network | lesions | read a site | pointing score | chance |")
    print("|---|---|---|---|---|")
    for name, score in scores.items():
        print(
            f"| {name} | {score['lesions']} | {score['read']:.2f} | {score['score']:.3f} "
            f"| {score['chance']:.3f} |"
        )
