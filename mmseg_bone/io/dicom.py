"""A planar NM DICOM scan, as hospitals have it → views, counts and spacing; identity stays behind.

Only the tags of ``dicom_tags.READ`` are ever read, so that names, numbers, dates and private
tags do not so much as enter the memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Num
from pydicom import Dataset

from mmseg_bone.errors import DicomError
from mmseg_bone.io.dicom_check import check_body_length, check_header
from mmseg_bone.io.dicom_orientation import Convention, Turn, find_turn
from mmseg_bone.io.dicom_pixels import counts_of
from mmseg_bone.io.dicom_tags import notes_of, open_dicom, quiet
from mmseg_bone.io.dicom_views import Frame, frames_of, name_views
from mmseg_bone.study import VIEWS


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """What a study takes from its DICOM files, and nothing else of them.

    Attributes:
        views: Which views there are, in the order of ``study.VIEWS``.
        counts: Counts per view, turned to the convention of ``Study.counts``; whole numbers
            where the file holds whole numbers, uint16 where they fit.
        spacing_mm: Pixel size along y and x.
        notes: Where views, spacing and the posterior convention are from; maker of the
            camera; sex and decade of age. Values are of closed lists or numbers: no free text
            of the file is copied.
        turns: How each view was turned from the way it is stored; a drawing made on the stored
            picture takes the same turn.
    """

    views: tuple[str, ...]
    counts: Num[np.ndarray, "view y x"]
    spacing_mm: tuple[float, float]
    notes: Mapping[str, str] = field(default_factory=dict)
    turns: Mapping[str, Turn] = field(default_factory=dict)


@dataclass(frozen=True)
class _View:
    counts: Num[np.ndarray, "y x"]
    spacing_mm: tuple[float, float]
    notes: Mapping[str, str]
    turn: Turn


def read_scan(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    spacing_mm: tuple[float, float] | None = None,
    posterior: Literal["as_seen", "mirrored"] | None = None,
    views: Sequence[str] | None = None,
) -> Scan:
    """Read one whole-body bone scan, from one file of one or two frames or from two files.

    What a file does not say is never made up in silence. A missing pixel size is asked for;
    which frame is anterior, and which way round the posterior view is stored, may be assumed
    by the habit of the makers, and ``notes`` then says ``assumed``.

    Args:
        paths: One DICOM file, or one per view.
        spacing_mm: Pixel size along y and x, for files that give none. One that contradicts
            the file is refused.
        posterior: Which way round the posterior view is stored: ``as_seen`` by the camera
            behind the patient (her left at the image's left), or ``mirrored`` to lie like the
            anterior one. None reads it from the file, and assumes ``as_seen`` if it is silent.
        views: Names of the frames in their order, for files that do not say. One that
            contradicts the file is refused.

    Raises:
        DicomError: No DICOM, no whole-body bone scan, no decoder, or something is missing
            that has to be given.
    """
    files = _as_paths(paths)
    opened = [(path, open_dicom(path)) for path in files]
    _check_same_study(opened)
    frames: list[tuple[Path, Dataset, Frame]] = []
    for path, dataset in opened:
        with _naming(path):
            check_header(dataset)
            frames += [(path, dataset, frame) for frame in frames_of(dataset)]
    with _naming(files[0]):
        named = name_views([frame for _, _, frame in frames], views)

    read: dict[str, _View] = {}
    for (path, dataset, frame), (view, source) in zip(frames, named, strict=True):
        with _naming(path):
            part = _read_view(dataset, frame, view, spacing_mm, posterior)
        read[view] = replace(part, notes={**part.notes, f"{view}_from": source})
    with _naming(files[0]):
        return _join(read)


def _as_paths(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]],
) -> list[Path]:
    many = [paths] if isinstance(paths, str | PathLike) else list(paths)
    if not 1 <= len(many) <= len(VIEWS):
        raise DicomError(
            f"{len(many)} files given; a scan is one file of both views, or one file per view."
        )
    return [Path(path) for path in many]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the file to an error raised within; values of a wrong kind are such an error too."""
    try:
        with quiet():
            yield
    except DicomError as error:
        raise DicomError(error.reason, path) from None
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise DicomError(
            f"its header is damaged: a value is not of its kind ({type(error).__name__}). Export "
            f"it again from the archive.",
            path,
        ) from None


def _check_same_study(opened: Iterable[tuple[Path, Dataset]]) -> None:
    studies = {str(uid) for _, dataset in opened if (uid := dataset.get("StudyInstanceUID"))}
    if len(studies) > 1:
        raise DicomError(
            "the files are of two different studies (their Study Instance UIDs differ). Give the "
            "anterior and the posterior file of the same visit."
        )


def _read_view(
    dataset: Dataset,
    frame: Frame,
    view: str,
    spacing_mm: tuple[float, float] | None,
    posterior: Convention | None,
) -> _View:
    counts, pixel_notes = counts_of(dataset, frame.index)
    spacing, spacing_from = _spacing(dataset, spacing_mm)
    rows, columns = counts.shape
    turn = find_turn((rows, columns), dataset, frame.detector, view, posterior)
    counts = turn.apply(counts)
    spacing = spacing[::-1] if turn.transposed else spacing
    check_body_length(counts, spacing, whole_body=frame.whole_body)
    notes = {**notes_of(dataset), **pixel_notes, **turn.notes, "spacing_from": spacing_from}
    return _View(counts, spacing, notes, turn)


def _spacing(
    dataset: Dataset, given: tuple[float, float] | None
) -> tuple[tuple[float, float], str]:
    written = dataset.get("PixelSpacing")
    if not written or len(written) != 2 or min(map(float, written)) <= 0:
        if given is None:
            raise DicomError(
                "Pixel Spacing (0028,0030) is missing. Give the pixel size in mm (spacing_mm, or "
                "`--spacing 2.26` on the command line); it stands in the camera's protocol, and is "
                "2.2 to 2.4 for most whole-body scans of 256 columns."
            )
        return given, "given"
    spacing = (float(written[0]), float(written[1]))
    if given is not None and not np.allclose(spacing, given, rtol=0.01):
        raise DicomError(
            f"Pixel Spacing is {spacing[0]:g} × {spacing[1]:g} mm, but {given[0]:g} × {given[1]:g} "
            f"mm was given. Leave the size out to take the file's."
        )
    return spacing, "Pixel Spacing"


def _join(read: Mapping[str, _View]) -> Scan:
    views = tuple(view for view in VIEWS if view in read)
    parts = [read[view] for view in views]
    first = parts[0]
    for part in parts[1:]:
        if part.counts.shape != first.counts.shape or not np.allclose(
            part.spacing_mm, first.spacing_mm, rtol=0.001
        ):
            raise DicomError(
                f"the views do not fit: {_size(first)} anterior, {_size(part)} posterior. They "
                f"have to be acquired with one matrix."
            )
    notes: dict[str, str] = {}
    for part in parts:
        notes |= part.notes
    counts = np.stack([part.counts for part in parts])
    turns = {view: read[view].turn for view in views}
    return Scan(views=views, counts=counts, spacing_mm=first.spacing_mm, notes=notes, turns=turns)


def _size(view: _View) -> str:
    rows, columns = view.counts.shape
    return f"{rows}×{columns} pixels of {view.spacing_mm[0]:g}×{view.spacing_mm[1]:g} mm"
