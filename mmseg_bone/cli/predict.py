"""``mmseg-bone predict``: mark lesions on a DICOM scan, with or without its report."""

import hashlib
import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmseg_bone.errors import ReportError

if TYPE_CHECKING:  # imported late, so that --help is quick
    import numpy as np

    from mmseg_bone.analysis.agreement.judging import Judgement
    from mmseg_bone.analysis.marked import Cut
    from mmseg_bone.data.encode import EncodeStudy
    from mmseg_bone.io.runs import Run
    from mmseg_bone.nn.network import Network
    from mmseg_bone.study import Report, Study

NOTICE = (
    "Not a medical device. Marks of a research model: for research, never for the care of a "
    "patient. Where a report was read, they delineate what it says and are no second opinion."
)
# What is no file but looks like one was mistyped, and is not to be read as a report: it ends as
# files do, or has a slash (but that of 第5/6肋) and neither a space nor a stop.
_NO_TEXT = "csv|tsv|xlsx?|et|ods|docx?|wps|odt|pdf|rtf|html?|xml|json"
_FILE_NAME = re.compile(rf"[^\n]+\.(txt|text|md|{_NO_TEXT})", re.I)
_PATH = re.compile(r"[^\s，。；：！？、（）]*[/\\][^\s，。；：！？、（）]*")
_FROM_TO = re.compile(r"(?<=\d)/(?=\d+[^\x00-\x7f])")
_MAIN = "lesions.json"  # where it lies, the marks are whole
_DIGITS = 4  # of the numbers in it


class Stored(StrEnum):
    """Which way round the posterior view is stored; see ``io.dicom``."""

    as_seen = "as_seen"
    mirrored = "mirrored"


@dataclass(frozen=True)
class Marks:
    """What a network makes of a scan."""

    probability: "np.ndarray"
    mask: "np.ndarray"
    read_report: bool


def main() -> None:
    """Read the command line."""
    typer.run(predict)


def predict(
    scan: Annotated[
        list[Path], typer.Argument(help="One DICOM file of both views or one, or a file per view.")
    ],
    report: Annotated[
        str | None, typer.Option(help="The report: its text, or a text file of it.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="The run whose network marks; else the model of the package."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the marks.")] = Path("prediction"),
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Else the run's own.")
    ] = None,
    smallest_mm2: Annotated[
        float | None, typer.Option(min=0, help="Smaller lesions are dropped; else the run's own.")
    ] = None,
    spacing: Annotated[
        str, typer.Option(help="Pixel size in mm for files that give none: 2.26 or 2.26x2.40.")
    ] = "",
    posterior: Annotated[
        Stored | None, typer.Option(help="How the posterior view is stored, if files do not say.")
    ] = None,
    levels: Annotated[
        int,
        typer.Option(min=0, help="Ribs or vertebrae off by so many are no discrepancy."),
    ] = 1,
    overwrite: Annotated[bool, typer.Option(help="Replace earlier marks.")] = False,
) -> None:
    """Mark lesions on a planar whole-body bone scan.

    Writes mask_VIEW.png (white on lesions, pixel for pixel), overlay.png (to look at; R and L
    are the patient's) and lesions.json (view, place, area, counts and probability of each, and
    where report and marks disagree: bone by bone, if it is known where the bones are).
    Neither names of people nor words of the report are written. Not a medical device. The
    model that comes with the package has learnt from phantoms only.
    """
    from mmseg_bone.analysis.agreement.judging import judge
    from mmseg_bone.analysis.marked import cut_of
    from mmseg_bone.cli.files import refuse_existing, write_result
    from mmseg_bone.io.model import run_called
    from mmseg_bone.study import VIEWS
    from mmseg_bone.text.hearing import hear

    # Of both views: the other mask in that folder may be another patient's.
    names = [*(_mask_name(view) for view in VIEWS), "overlay.png", _MAIN]
    refuse_existing(out, names, overwrite)
    study = _study(scan, report, spacing, posterior)
    record = run_called(run or "shipped")
    cut = cut_of(record, threshold, smallest_mm2)
    marks = _mark(record, study, cut)
    judged = judge(study, marks.mask, hear(study.report), levels=levels)
    files = _files(record, study, marks, judged, cut)
    write_result(out, files, overwrite, main=_MAIN, earlier=names)
    _tell(study, marks, report is not None)
    _tell_agreement(judged)
    print(f"Written to {out}: {', '.join(files)}. Not a medical device.")


def _study(scan: list[Path], report: str | None, spacing: str, posterior: Stored | None) -> "Study":
    from mmseg_bone.io.dicom import read_scan
    from mmseg_bone.io.manifest import parse_spacing
    from mmseg_bone.study import Study

    read = read_scan(
        scan,
        spacing_mm=parse_spacing(spacing),
        posterior=None if posterior is None else posterior.value,
    )
    return Study(
        id="scan",  # file names may be names of people
        patient="patient",
        views=read.views,
        counts=read.counts,
        spacing_mm=read.spacing_mm,
        report=None if report is None else _report(report, scan),
        notes=read.notes,
    )


def _report(given: str, scan: list[Path]) -> "Report":
    """The report in a file, or in the text itself.

    Names are taken out as ``prepare`` does, those that the header of the scan knows as well.

    Raises:
        ReportError: The file is no plain text, or there is none of a name that looks like one.
    """
    from mmseg_bone.io.dicom_identity import identities
    from mmseg_bone.text.deidentify import deidentify_report, tells_someone
    from mmseg_bone.text.report import split_report

    path = Path(given)
    try:
        text = _text_of(path) if path.is_file() else given
    except OSError:  # far too long for the name of a file
        text = given
    if text is given and _looks_like_a_file(given):
        raise ReportError(
            "no such file. Give a file of the report, or its text, which ends with a full stop.",
            path,
        )
    known: set[str] = set().union(*map(identities, scan))
    return deidentify_report(split_report(text), filter(tells_someone, known))


def _looks_like_a_file(given: str) -> bool:
    return bool(_FILE_NAME.fullmatch(given) or _PATH.fullmatch(_FROM_TO.sub("", given)))


def _text_of(path: Path) -> str:
    from mmseg_bone.io.tables import TableError, decode

    if re.fullmatch(rf"\.({_NO_TEXT})", path.suffix, re.I):
        raise ReportError(
            f"is a {path.suffix} file: a table holds reports of many patients, and a document more "
            f"than its words. Save the report of this scan alone as plain text, .txt.",
            path,
        )
    try:
        return decode(path.read_bytes())
    except TableError:
        raise ReportError(
            "is no text in UTF-8, UTF-16 or GB18030. Save the report as plain text.", path
        ) from None


def _mark(run: "Run", study: "Study", cut: "Cut") -> Marks:
    from mmseg_bone.cli.load import load_network, probability
    from mmseg_bone.io.runs import as_kept

    network, encode = load_network(run)
    # As a run would keep it: the same mask comes of the same scan.
    found = as_kept(probability(network, encode, study, run))
    return Marks(found, cut.mask(found, study.spacing_mm), _reads_report(network, encode, study))


def _reads_report(network: "Network", encode: "EncodeStudy", study: "Study") -> bool:
    """Whether the network finds anything to read, by whatever it reads of a report."""
    from mmseg_bone.data.encode import collate

    batch = collate([encode(study)])
    of_report = {"token_mask", "told"}.intersection(network.reads)
    return any(bool(batch[key].any()) for key in of_report)  # type: ignore[literal-required]


def _mask_name(view: str) -> str:
    return f"mask_{view}.png"


def _files(
    run: "Run",
    study: "Study",
    marks: Marks,
    judged: "Judgement",
    cut: "Cut",
) -> dict[str, bytes]:
    from mmseg_bone.analysis.figures import figure_of, to_png
    from mmseg_bone.analysis.figures.agreement import draw_judgement
    from mmseg_bone.imaging.lesions import find_lesions
    from mmseg_bone.io.png import mask_to_png
    from mmseg_bone.io.runs import to_json

    lesions = find_lesions(
        marks.mask,
        views=study.views,
        counts=study.counts,
        spacing_mm=study.spacing_mm,
        probability=marks.probability,
    )
    about = {
        "notice": NOTICE,
        "package": f"mmseg-bone {version('mmseg-bone')}",
        "run": run.name,
        "weights_sha256": hashlib.sha256(run.weights.read_bytes()).hexdigest(),
        "store_digest": run.environment.get("store_digest"),
        "threshold": cut.threshold,
        "smallest_mm2": cut.smallest_mm2,
        "report_read": marks.read_report,
        "scan": {
            "views": study.views,
            "size_px": study.counts.shape[1:],
            "spacing_mm": study.spacing_mm,
            "notes": dict(study.notes),
        },
    }
    masks = {
        _mask_name(view): mask_to_png(mask)
        for view, mask in zip(study.views, marks.mask, strict=True)
    }
    read = "with its report" if marks.read_report else "image alone"
    # In lines, for the picture of one view is narrow.
    title = f"{run.name}\n{read}, threshold {cut.threshold:g}\nnot a medical device"
    overlay = figure_of(study, prediction=marks.mask, title=title)
    draw_judgement(overlay, study, marks.mask, judged)
    found = {
        "lesions": [_rounded(asdict(one)) for one in lesions],
        "agreement": judged.to_json(),
    }
    return masks | {"overlay.png": to_png(overlay), _MAIN: to_json(about | found)}


def _rounded(value: Any) -> Any:  # noqa: ANN401  (numbers anywhere in what JSON can say)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return round(value, _DIGITS) if isinstance(value, float) else value


def _tell(study: "Study", marks: Marks, report_given: bool) -> None:
    """What the user should know of this scan, in words."""
    from mmseg_bone.imaging.lesions import label_lesions

    for view, mask in zip(study.views, marks.mask, strict=True):
        print(f"{view}: lesions {label_lesions(mask)[1]}, pixels {mask.sum()}")
    if len(study.views) == 1:
        print("One view only: the other one was not given, and was not looked at.")
    for what, source in study.notes.items():
        if source.startswith("assumed"):
            about = what.removesuffix("_from")
            known = f" = {study.notes[about]}" if about in study.notes else ""
            print(f"Not said by the file, so {source}: {about}{known}.")
    if report_given and not marks.read_report:
        print("The report was not read: this network does not read one, or there was no text.")
    elif not report_given:
        print("No report was given: the image alone was read.")


def _tell_agreement(judged: "Judgement") -> None:
    """How many discrepancies there are; the report stays out of what is printed."""
    if judged.agreement is None:
        print(f"Agreement of report and marks was not judged: {judged.why_not}.")
        return
    count = len(judged.agreement.discrepancies)
    print(f"Discrepancies of report and marks: {count}. They are drawn, and in lesions.json.")
