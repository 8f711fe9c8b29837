"""The nouns: a study, its views, its report, and what a phantom knows to be true of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Num, UInt8, UInt16

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.errors import StudyError

VIEWS = ("anterior", "posterior")
CLASSES = ("normal", "benign", "metastasis", "artefact", "urinary")  # values of a `classes` map
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the physician wrote.

    Attributes:
        findings: 检查所见, what is seen.
        impression: 诊断意见, what it means. It often names the answer; an experiment that
            should not read it reads ``findings`` only.
    """

    findings: str = ""
    impression: str = ""

    @property
    def text(self) -> str:
        """The whole report, findings first."""
        return "\n".join(part for part in (self.findings, self.impression) if part)


@dataclass(frozen=True, kw_only=True)
class Focus:
    """One true spot of uptake (or of its absence) in a phantom patient.

    Attributes:
        number: Its value in ``Study.instances``, from 1.
        bone: Name of the bone it sits in, see ``anatomy.BONES``; empty if it sits in none.
        part: Where in the bone (``anterior``, ``body``, ``proximal``); empty if unsaid.
        kind: What it is: ``metastasis``, ``degeneration``, ``fracture`` and so on.
        metastatic: Whether it belongs in the mask.
        ambiguous: Whether it was drawn so that the image cannot tell which it is.
        mentioned: Whether the report mentions it, be it among others (多根肋骨).
        named: The bone the report puts it in, where it names one; a reader who miscounts is
            one level off ``bone``.
        certainty: How sure the report is: ``high``, ``middle``, ``low``, ``benign``; empty
            if not mentioned.
        ratio: Uptake over that of the bone around it.
        diameter_mm: Of the sphere of the same volume.
    """

    number: int
    bone: str
    part: str = ""
    kind: str
    metastatic: bool
    ambiguous: bool = False
    mentioned: bool = False
    named: str = ""
    certainty: str = ""
    ratio: float
    diameter_mm: float

    def __post_init__(self) -> None:
        if self.bone and self.bone not in BY_NAME:
            raise StudyError(
                f"focus {self.number} sits in {self.bone!r}, which anatomy.BONES does not list"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """One bone scan, and whatever else was recorded at that visit.

    Construction checks that the parts fit each other. A study that exists can be
    trusted, and nothing further down checks it again.

    Attributes:
        id: Key of the study, unique in a store. Never a hospital number.
        patient: Key of the patient. Folds are cut on it.
        views: Which views there are, of anterior and posterior, in this order. A study of
            a single view is whole; the other one is missing, which is not the same as blank.
        counts: Events detected per pixel, one image per view, each as its camera saw it:
            the patient's left is at the right of the anterior view and at the left of the
            posterior one.
        spacing_mm: Pixel size along y and x.
        mask: Metastases a reader drew, or None if nobody drew any. All False is an answer,
            "read, and none found"; None is the absence of one.
        report: The report, or None if there is none.
        instances: Number of the focus seen at each pixel, 0 for none (phantoms).
        classes: Index into ``CLASSES`` of what each pixel shows (phantoms).
        bones: Label of the bone seen at each pixel, see ``anatomy.BONES`` (phantoms).
        foci: What ``instances`` counts, and what the report says of each (phantoms).
        notes: What else is known of the acquisition (camera, posterior convention, where the
            spacing is from) or the patient (sex, decade of age). Never identity.

    Raises:
        StudyError: The views, counts, mask or maps do not fit each other.
    """

    id: str
    patient: str
    views: tuple[str, ...] = VIEWS
    counts: Num[np.ndarray, "view y x"]
    spacing_mm: tuple[float, float]
    mask: Bool[np.ndarray, "_view _y _x"] | None = None  # _: checked below, not by jaxtyping
    report: Report | None = None
    instances: UInt16[np.ndarray, "_view _y _x"] | None = None
    classes: UInt8[np.ndarray, "_view _y _x"] | None = None
    bones: UInt8[np.ndarray, "_view _y _x"] | None = None
    foci: tuple[Focus, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, key in (("id", self.id), ("patient", self.patient)):
            if not _ID.fullmatch(key):
                raise StudyError(
                    f"study {self.id!r}: {what} {key!r} is no key. Use letters, digits, - and _, "
                    f"64 at most: it becomes a file name."
                )
        self._check_views()
        self._check_counts()
        for what in ("mask", "instances", "classes", "bones"):
            part = getattr(self, what)
            if part is not None and part.shape != self.counts.shape:
                raise StudyError(
                    f"study {self.id!r}: {what} {_by(part)} does not lie on counts "
                    f"{_by(self.counts)}. It is drawn on the counts pixel for pixel: export it "
                    f"again at full size, rather than resize it."
                )

    def _check_views(self) -> None:
        known = tuple(view for view in VIEWS if view in self.views)
        if not known or self.views != known:
            raise StudyError(
                f"study {self.id!r}: views {', '.join(self.views) or 'none'}; needed one or both "
                f"of {', '.join(VIEWS)}, in this order, each once."
            )
        if len(self.counts) != len(self.views):
            raise StudyError(
                f"study {self.id!r}: counts of {len(self.counts)} views, but {len(self.views)} "
                f"named ({', '.join(self.views)}). If the views came in two files, read both; if "
                f"there are spot views among them, leave those out."
            )

    def _check_counts(self) -> None:
        if not self.counts.size:
            raise StudyError(f"study {self.id!r}: counts {_by(self.counts)} hold no pixel.")
        low, high = self.counts.min(), self.counts.max()
        if not 0 <= low <= high < np.inf:  # neither holds for NaN, which both pass on
            raise StudyError(
                f"study {self.id!r}: counts range from {low} to {high}. Counts are finite and "
                f"never negative: check the rescale slope and whether the pixels are signed."
            )
        if min(self.spacing_mm) <= 0 or not np.isfinite(self.spacing_mm).all():
            raise StudyError(
                f"study {self.id!r}: spacing_mm {self.spacing_mm} is no pixel size; a whole-body "
                f"bone scan has about (2.3, 2.3)."
            )


def _by(array: Num[np.ndarray, "..."] | Bool[np.ndarray, "..."]) -> str:
    return "×".join(map(str, array.shape))
