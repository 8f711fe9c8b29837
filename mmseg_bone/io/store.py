"""The prepared store: what ``prepare`` and ``phantom`` leave, and everything else reads.

```
STORE/manifest.csv              one row per study: keys, fold, what it has, its SHA-256
STORE/store.json                format version, and the recipe it was made by
STORE/studies/ID.safetensors    counts, mask and maps; report and notes in the header, as JSON
```

Counts are kept as acquired: making an image of them is the experiment's choice. A study
file is written under a temporary name and renamed, and the manifest comes last, so a store
with a manifest is whole, and one without is completed by running the same command again. How
one that is whole is changed: ``io.changing``.
"""

import csv
import hashlib
import io
import json
import os
import re
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Num
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from mmseg_bone.errors import StoreError
from mmseg_bone.io.writing import holds_something, writing
from mmseg_bone.study import Focus, Report, Study

FORMAT = 1
COLUMNS = (
    "id",
    "patient",
    "fold",
    "views",  # names joined by +
    "height",
    "width",
    "spacing_y_mm",
    "spacing_x_mm",
    "has_report",
    "drawn",  # somebody drew a mask, be it empty
    "metastatic",  # the mask is not empty
    "sha256",
)
_MAPS = ("mask", "instances", "classes", "bones")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, even if the process is killed on the way.

    Raises:
        OutputError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def study_to_bytes(study: Study, recipe: str = "") -> bytes:
    """A study as one safetensors file; the same study gives the same bytes.

    Args:
        study: What to write.
        recipe: Digest of what it was made from, so that a resumed command can tell
            whether the file is the one it would write.
    """
    arrays = {"counts": study.counts} | {
        name: part for name in _MAPS if (part := getattr(study, name)) is not None
    }
    about = {
        "id": study.id,
        "patient": study.patient,
        "views": study.views,
        "spacing_mm": study.spacing_mm,
        "report": None if study.report is None else asdict(study.report),
        "foci": [asdict(focus) for focus in study.foci],
        "notes": dict(study.notes),
        "recipe": recipe,
    }
    # One key only: safetensors keeps metadata in a hash map, whose order differs between runs.
    return save(arrays, {"study": json.dumps(about, ensure_ascii=False, sort_keys=True)})


def study_from_bytes(content: bytes) -> Study:
    """The study in one safetensors file."""
    return _study(_header(content), load(content))


def study_made_from(path: Path, recipe: str) -> Study | None:
    """The study in a file, if the file is there, whole, and was made from this input."""
    try:
        content = path.read_bytes()
        study, found = study_from_bytes(content), _header(content)["recipe"]
    except (FileNotFoundError, SafetensorError, ValueError, KeyError, struct.error):
        return None
    return study if found == recipe else None


def _study(about: dict[str, Any], arrays: Mapping[str, Any]) -> Study:
    about.pop("recipe")
    report, foci = about.pop("report"), about.pop("foci")
    return Study(
        **(about | {"views": tuple(about["views"]), "spacing_mm": tuple(about["spacing_mm"])}),
        report=None if report is None else Report(**report),
        foci=tuple(Focus(**focus) for focus in foci),
        **arrays,
    )


def _header(content: bytes) -> dict[str, Any]:
    (length,) = struct.unpack("<Q", content[:8])
    return _about(json.loads(content[8 : 8 + length])["__metadata__"])


def _about(metadata: Mapping[str, str]) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(metadata["study"])
    return about


def view_digests(counts: Num[np.ndarray, "view y x"]) -> list[str]:
    """SHA-256 of the counts of each view: pixel type, size and values.

    One acquisition has the same ones however it came, whatever was drawn on it or written of it.
    A view without any count is like any other such, and has none.
    """
    return [_of_view(np.ascontiguousarray(view)) for view in counts if view.any()]


def _of_view(view: Num[np.ndarray, "y x"]) -> str:
    digest = hashlib.sha256(f"{view.dtype.str} {view.shape} ".encode())
    digest.update(view.data)
    return digest.hexdigest()


class StoreWriter:
    """Fills a store, study by study, in any order and from where it was left.

    Args:
        path: Directory of the store; made if missing.
        recipe: What the store is made from, as JSON-ready values. A store made by another
            recipe is never overwritten.

    Raises:
        StoreError: The directory holds something else, or a store of another recipe.
        OutputError: It cannot be written.
    """

    def __init__(self, path: str | PathLike[str], recipe: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.recipe = json.loads(json.dumps(recipe))
        about = self.path / "store.json"
        if not about.exists():
            if holds_something(self.path):
                raise StoreError(
                    f"{self.path} is not empty and is no store. Name a new directory, so that "
                    f"nothing in it is lost."
                )
            content = {"format": FORMAT, "recipe": self.recipe}
            write_atomically(about, json.dumps(content, ensure_ascii=False, indent=1).encode())
        found = read_about(self.path)["recipe"]
        if found != self.recipe:
            differ = sorted(
                k for k in found.keys() | self.recipe.keys() if found.get(k) != self.recipe.get(k)
            )
            raise StoreError(
                f"{self.path} was made by another recipe ({', '.join(differ)} differ). Name "
                f"another directory, or remove this one."
            )

    def has(self, id: str, recipe: str) -> bool:
        """Whether this study is already there, whole, and made from the same input."""
        return study_made_from(self.file(id), recipe) is not None

    def add(self, study: Study, recipe: str = "") -> None:
        """Write one study, whole or not at all."""
        write_atomically(self.file(study.id), study_to_bytes(study, recipe))

    def close(self, fold: Mapping[str, int]) -> "Store":
        """Write the manifest: the store is whole from here on.

        Args:
            fold: Fold of each patient; its studies, and only those, make up the store.
        """
        rows = []
        for path in sorted((self.path / "studies").glob("*.safetensors")):
            content = path.read_bytes()
            study = study_from_bytes(content)
            if study.patient in fold:
                rows.append(_row(study, fold[study.patient], hashlib.sha256(content).hexdigest()))
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        write_atomically(self.path / "manifest.csv", text.getvalue().encode())
        return Store(self.path)

    def file(self, id: str) -> Path:
        """Where a study of this key lies."""
        return self.path / "studies" / f"{id}.safetensors"


def _row(study: Study, fold: int, sha256: str) -> dict[str, Any]:
    return {
        "id": study.id,
        "patient": study.patient,
        "fold": fold,
        "views": "+".join(study.views),
        "height": study.counts.shape[1],
        "width": study.counts.shape[2],
        "spacing_y_mm": study.spacing_mm[0],
        "spacing_x_mm": study.spacing_mm[1],
        "has_report": int(study.report is not None),
        "drawn": int(study.mask is not None),
        "metastatic": int(study.mask is not None and bool(study.mask.any())),
        "sha256": sha256,
    }


def read_about(path: Path) -> dict[str, Any]:
    """Format and recipe of a store, whole or not.

    Raises:
        StoreError: There is none, or of another version.
    """
    try:
        about: dict[str, Any] = json.loads((path / "store.json").read_text("utf-8"))
    except FileNotFoundError:
        raise StoreError(
            f"{path} is no store: store.json is missing. Make one with `mmseg-bone phantom` or "
            f"`mmseg-bone prepare`."
        ) from None
    if about.get("format") != FORMAT:
        raise StoreError(
            f"{path} is a store of format {about.get('format')}, this version reads {FORMAT}. "
            f"Make it again with this version."
        )
    return about


class Store:
    """Prepared studies, read one at a time.

    Args:
        path: Directory written by ``mmseg-bone prepare`` or ``mmseg-bone phantom``.

    Attributes:
        ids: Keys of the studies, sorted.
        rows: The manifest, by id.
        fold: Fold of each study, by id.

    Raises:
        StoreError: The store is missing, incomplete, or of another version.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        read_about(self.path)
        manifest = self.path / "manifest.csv"
        if not manifest.exists():
            raise StoreError(
                f"{self.path} is incomplete: manifest.csv is missing. Run the command that was "
                f"making it once more; it goes on where it stopped."
            )
        with manifest.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if rows and tuple(rows[0]) != COLUMNS:
            raise StoreError(
                f"{manifest}: columns {', '.join(rows[0])}; expected {', '.join(COLUMNS)}."
            )
        for row in rows:
            if not _FILE.fullmatch(row["id"]):
                raise StoreError(f"{manifest}: id {row['id']!r} would leave the store's folder.")
        self.rows = {row["id"]: row for row in sorted(rows, key=lambda row: row["id"])}
        self.ids = list(self.rows)
        self.fold = {id: int(row["fold"]) for id, row in self.rows.items()}
        self._intact: set[str] = set()

    @classmethod
    def write(
        cls, path: str | PathLike[str], studies: Iterable[Study], fold: Mapping[str, int]
    ) -> "Store":
        """Write studies at hand in one go; the fold is of each patient."""
        writer = StoreWriter(path, {"made": "by hand"})
        for study in studies:
            writer.add(study)
        return writer.close(fold)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, id: str) -> Study:
        return self.read(id)

    def read(self, id: str, maps: Collection[str] = _MAPS) -> Study:
        """One study, with those of its maps that are asked for; training needs few of them.

        Raises:
            StoreError: There is no such study, or its file is torn, changed or another's.
        """
        with self._opened(id) as (path, file):
            names = [name for name in file.keys() if name == "counts" or name in maps]  # noqa: SIM118
            arrays = {name: file.get_tensor(name) for name in names}
            study = _study(_about(file.metadata()), arrays)
        if study.id != id:
            raise StoreError(
                f"{path} holds study {study.id!r}: it was renamed. Give it its name back, or run "
                f"the command that made the store once more."
            )
        self._refuse_changed(id, path)
        return study

    def read_counts(self, id: str) -> Num[np.ndarray, "view y x"]:
        """The counts alone: no more of the file is read, so whether it was changed is not asked.

        Raises:
            StoreError: There is no such study, or its file is torn.
        """
        with self._opened(id) as (_, file):
            counts: np.ndarray = file.get_tensor("counts")
        return counts

    @contextmanager
    def _opened(self, id: str) -> Iterator[tuple[Path, Any]]:
        path = self.path / "studies" / f"{id}.safetensors"
        try:
            with safe_open(path, framework="numpy") as file:
                yield path, file
        except FileNotFoundError:
            raise StoreError(f"{self.path} holds no study {id!r}; it has {len(self)}.") from None
        except (SafetensorError, struct.error, KeyError, ValueError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}). Remove it and run the command that made the "
                f"store once more."
            ) from None

    def _refuse_changed(self, id: str, path: Path) -> None:
        """See that a study is the one the manifest tells of, once each.

        Or runs whose stores have one digest might have learnt from, or be scored on, other masks.
        """
        if id in self._intact or id not in self.rows:
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.rows[id]["sha256"]:
            raise StoreError(
                f"{path} was changed or damaged after the store was made: its SHA-256 is not that "
                f"of manifest.csv. Remove it and run the command that made the store once more."
            )
        self._intact.add(id)

    @property
    def digest(self) -> str:
        """SHA-256 over the manifest, which holds that of every study."""
        return hashlib.sha256((self.path / "manifest.csv").read_bytes()).hexdigest()
