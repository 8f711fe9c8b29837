"""The work of ``mmseg-bone prepare``: a hospital's files, study by study, into a store."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmseg_bone.cli.making import Choices, make_study, recipe_of
from mmseg_bone.data.folds import deal
from mmseg_bone.errors import (
    FileError,
    ManifestError,
    MmsegBoneError,
    OutputError,
    StoreError,
)
from mmseg_bone.io.changing import StoreChange
from mmseg_bone.io.links import Links, write_private
from mmseg_bone.io.lock import alone
from mmseg_bone.io.manifest import Entry
from mmseg_bone.io.reports import WrittenReport
from mmseg_bone.io.store import StoreWriter, view_digests
from mmseg_bone.study import Study


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one row.

    Attributes:
        entry: The row.
        id: Key in the store, or None if it was refused.
        reason: Why it was refused, fit for a screen: no file, name or key in it.
        details: The same with files named, for the hospital's own table.
        study: What was taken.
    """

    entry: Entry
    id: str | None = None
    reason: str = ""
    details: str = ""
    study: Study | None = None


class Preparation:
    """One run of the command, which goes on where an earlier one was cut off. Use it by ``with``.

    Links are written before any study. A store that is already whole stays so until it is known
    that the new one can be finished.

    Args:
        path: The store.
        entries: Rows of the manifest.
        reports: Written reports, by key.
        choices: For every study.
        folds: How many folds patients are dealt to.
        seed: Of the dealing.

    Raises:
        StoreError: The folder holds something else, or was made with other folds or texts.
        ManifestError: There are more folds than patients.
    """

    def __init__(
        self,
        path: Path,
        entries: Iterable[Entry],
        reports: Mapping[str, WrittenReport],
        choices: Choices,
        *,
        folds: int,
        seed: int,
    ) -> None:
        self.entries, self.reports, self.choices = list(entries), reports, choices
        self.folds, self.seed = folds, seed
        self._refuse_empty_folds({entry.patient for entry in self.entries})
        self.writer = StoreWriter(
            path,
            {
                "made": "mmseg-bone prepare",
                "folds": folds,
                "seed": seed,
                "text": "raw" if choices.keep_raw_text else "deidentified",
            },
        )
        self.path = path
        self._held = ExitStack()
        self._row_of_scan: dict[str, int] = {}  # by digest of a file, or of the counts of a view

    def __enter__(self) -> "Preparation":
        """Hold the store.

        Raises:
            BusyError: Another process writes it.
            StoreError: It holds studies that its table of links does not know.
        """
        with ExitStack() as held:
            held.enter_context(alone(self.path))
            self.links = Links(beside(self.path, "links"))
            self._refuse_strangers()
            self._sweep()
            self.change = StoreChange(self.writer)
            self.links.extend("patient", (entry.patient for entry in self.entries))
            self.links.extend("study", (entry.study for entry in self.entries))
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def run(self) -> Iterator[Outcome]:
        """Take or refuse one study after the other.

        Raises:
            OutputError: The store cannot be written.
        """
        for entry in self.entries:
            try:
                study = self._take(entry)
                yield Outcome(entry=entry, id=study.id, study=study)
            except OutputError:  # of the store, and no fault of the row
                raise
            except FileError as error:
                yield Outcome(entry=entry, reason=error.reason, details=str(error))
            except MmsegBoneError as error:
                yield Outcome(entry=entry, reason=str(error), details=str(error))
            except OSError as error:
                reason = f"a file cannot be opened ({type(error).__name__})"
                yield Outcome(entry=entry, reason=reason, details=f"{reason}: {error.filename}")

    def finish(self, outcomes: Iterable[Outcome]) -> dict[str, int]:
        """Deal folds and write the manifest: the store is whole from here on.

        Patients are dealt in the order of their hospital keys, so that the ids, which are drawn
        at random, do not change who is held out.

        Returns:
            Fold of each patient, by id.

        Raises:
            ManifestError: Too little was taken for that; a store that was whole is as it was.
        """
        taken = {o.study.id: o for o in outcomes if o.study is not None}
        self._refuse_too_little({outcome.entry.patient for outcome in taken.values()})
        lesion: dict[str, bool] = {}
        for outcome in taken.values():
            mask = outcome.study.mask if outcome.study is not None else None
            drawn = mask is not None and bool(mask.any())
            lesion[outcome.entry.patient] = lesion.get(outcome.entry.patient, False) or drawn
        dealt = deal(lesion, self.folds, np.random.default_rng(self.seed))
        fold = {self.links.patient(key): number for key, number in dealt.items()}
        self.change.finish(taken, fold)
        return fold

    def _refuse_empty_folds(self, patients: set[str]) -> None:
        if len(patients) < self.folds:
            raise ManifestError(
                f"{self.folds} folds, but {len(patients)} patients: a fold would be empty. Deal "
                f"fewer with --folds; a store that is there already keeps its own, so name "
                f"another --store with them."
            )

    def _refuse_too_little(self, patients: set[str]) -> None:
        if len(patients) >= self.folds:
            return
        if self.change.whole:
            self.change.forget()
        why = "none of the studies could be taken"
        if patients:
            why = (
                f"{self.folds} folds, but studies of {len(patients)} patients only could be taken: "
                f"a fold would be empty"
            )
        raise ManifestError(
            f"{why}. {'The store is not changed' if self.change.whole else 'No store was made'}: "
            f"mend the rows that were refused, or name another --store, with fewer --folds."
        )

    def _take(self, entry: Entry) -> Study:
        id, patient = self.links.study(entry.study), self.links.patient(entry.patient)
        written = self.reports.get(entry.report)
        recipe = recipe_of(entry, written, self.choices)
        there = self.change.find(id, patient, recipe)
        study = there or make_study(entry, written, self.choices, id=id, patient=patient)
        self._refuse_twice(entry, study)
        if there is None:
            self.change.add(study, recipe)
        return study

    def _refuse_twice(self, entry: Entry, study: Study) -> None:
        """One scan under two keys would lie in two folds; only rows that were taken have any."""
        seen = self._row_of_scan
        files = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in entry.scan}
        views = view_digests(study.counts)
        for digest, file in files.items():
            if digest in seen:
                raise FileError(
                    f"is the same file, byte by byte, as that of row {seen[digest]}.", file
                )
        if first := next((seen[digest] for digest in views if digest in seen), None):
            raise FileError(
                f"has the counts of the scan of row {first}, pixel for pixel: it is one scan, "
                f"exported twice. Leave it in the row of the patient it is of.",
                entry.scan[0],
            )
        seen.update(dict.fromkeys([*files, *views], entry.row))

    def _refuse_strangers(self) -> None:
        """Without their links, studies would be made again under other keys, and these deleted."""
        held = {file.stem for file in (self.path / "studies").glob("*.safetensors")}
        strange, links = held - self.links.ids, self.links.path
        if not strange:
            return
        raise StoreError(
            f"{self.path} holds {len(held)} studies, and {links} "
            + (f"does not know {len(strange)} of them" if links.exists() else "is missing")
            + ": nobody could say whose they are. The table of links goes where the store goes: "
            "put it there, or name another --store. Nothing was changed."
        )

    def _sweep(self) -> None:
        """Remove what a killed run left half-written; nothing ever reads it."""
        for place, pattern in (
            (self.path / "studies", ".*.part"),
            (self.path / "coming", ".*.part"),
            (self.path, ".*.part"),
            (self.path.parent, f".{self.path.name}.*.part"),
        ):
            for left in place.glob(pattern):
                left.unlink(missing_ok=True)


def beside(store: Path, what: str) -> Path:
    """A file with hospital keys in it, beside the store: ``STORE.links.csv``."""
    store = store.resolve()
    return store.with_name(f"{store.name}.{what}.csv")


def write_outcomes(path: Path, outcomes: Iterable[Outcome]) -> None:
    """What was taken, what was refused and why: the hospital's own table, keys and all."""
    columns = ["row", "study", "patient", "outcome", "id", "reason", "views", "report", "read",
               "spacing_mm", "spacing_from", "anterior_from", "posterior_from",
               "posterior_stored", "posterior_stored_from", "lossy", "stored_as"]  # fmt: skip
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    table.writeheader()
    for outcome in outcomes:
        entry, study = outcome.entry, outcome.study
        row = {"row": entry.row, "study": entry.study, "patient": entry.patient}
        if study is None:
            table.writerow(row | {"outcome": "refused", "reason": outcome.details})
            continue
        notes = {name: study.notes[name] for name in columns if name in study.notes}
        table.writerow(
            row
            | notes
            | {
                "outcome": "taken",
                "id": study.id,
                "views": "+".join(study.views),
                "report": "yes" if study.report else "no",
                "read": _read(study),
                "spacing_mm": "x".join(f"{mm:g}" for mm in study.spacing_mm),
            }
        )
    write_private(path, text.getvalue().encode("utf-8-sig"))  # as Excel likes it


def _read(study: Study) -> str:
    if study.mask is None:
        return "no"
    return "metastases" if study.mask.any() else "none found"
