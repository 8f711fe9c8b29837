"""A store made again while the one that is there stays whole.

```
STORE/coming/ID.safetensors     made, and waiting until it is known that the rest can be made
```

A store without a manifest is filled at once, for nobody can read it. Of one that is whole nothing
changes until ``finish``, which makes no study any more: it moves those that wait to their places.
Cut off at any moment, the same calls go on from there.
"""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from mmseg_bone.io.store import (
    Store,
    StoreWriter,
    study_made_from,
    study_to_bytes,
    write_atomically,
)
from mmseg_bone.study import Study


class StoreChange:
    """Studies for a store, which has some of them already.

    Args:
        writer: Of the store.

    Attributes:
        whole: Whether there is a store to be read until it is finished.
    """

    def __init__(self, writer: StoreWriter) -> None:
        self.writer = writer
        self._manifest = writer.path / "manifest.csv"
        self._coming = writer.path / "coming"
        self.whole = self._manifest.exists()
        self._new: set[str] = set()  # those that wait; others may, from an earlier run

    def find(self, id: str, patient: str, recipe: str) -> Study | None:
        """The study, if it is there or waits, whole, and was made from the same input."""
        for file in (self.writer.file(id), self._waiting(id)):
            study = study_made_from(file, recipe)
            if study is not None and study.patient == patient:
                if file == self._waiting(id):
                    self._new.add(id)
                return study
        return None

    def add(self, study: Study, recipe: str) -> None:
        """Write one study, whole or not at all."""
        if self.whole:
            write_atomically(self._waiting(study.id), study_to_bytes(study, recipe))
            self._new.add(study.id)
        else:
            self.writer.add(study, recipe)

    def finish(self, ids: Collection[str], fold: Mapping[str, int]) -> Store:
        """Put all in its place: the store holds these studies, and is whole from here on.

        The manifest goes before a study does, so that a reader meets all or nothing.

        Args:
            ids: Of the studies found or added; any other leaves the store.
            fold: Fold of each patient.
        """
        files = sorted((self.writer.path / "studies").glob("*.safetensors"))
        gone = [file for file in files if file.stem not in ids]
        new = sorted(self._new.intersection(ids))
        if gone or new:
            self._manifest.unlink(missing_ok=True)
        for file in gone:
            file.unlink()
        for id in new:
            self._waiting(id).replace(self.writer.file(id))
        self.forget()
        return self.writer.close(fold)

    def forget(self) -> None:
        """Remove what waits: the store is as it was."""
        shutil.rmtree(self._coming, ignore_errors=True)

    def _waiting(self, id: str) -> Path:
        return self._coming / f"{id}.safetensors"
