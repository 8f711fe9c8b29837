"""The table that links hospital keys to the keys of a store; it stays in the hospital.

It lies beside the store, not in it, so that the store can be handed on. Whoever holds both can
name the patients.
"""

import csv
import io
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from mmseg_bone.errors import ManifestError
from mmseg_bone.io.writing import writing

COLUMNS = ("kind", "hospital_key", "id")
_LETTER = {"study": "s", "patient": "p"}


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner's eyes only.

    Raises:
        OutputError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with writing(path):
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


class Links:
    """Keys of studies and patients in a store, drawn at random for each hospital key.

    Random, so that nothing of a hospital key can be worked out from them; kept, so that the
    same command run again gives the same study the same key.

    Args:
        path: The table; read if it is there.

    Raises:
        ManifestError: The file is no table of links.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ids: dict[tuple[str, str], str] = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                table = csv.DictReader(file)
                if tuple(table.fieldnames or ()) != COLUMNS:
                    raise ManifestError(
                        f"{path} is no table of links ({', '.join(COLUMNS)}). Move it away, "
                        f"or name another store."
                    )
                self._ids = {(row["kind"], row["hospital_key"]): row["id"] for row in table}

    def extend(self, kind: str, keys: Iterable[str]) -> None:
        """Draw an id for each key that has none, and write the table before anything uses them."""
        used = set(self._ids.values())
        new = [key for key in dict.fromkeys(keys) if (kind, key) not in self._ids]
        for key in new:
            while (drawn := f"{_LETTER[kind]}{secrets.token_hex(5)}") in used:
                pass
            used.add(drawn)
            self._ids[kind, key] = drawn
        if new or not self.path.exists():
            self._write()

    def study(self, key: str) -> str:
        """Id of a study."""
        return self._ids["study", key]

    def patient(self, key: str) -> str:
        """Id of a patient."""
        return self._ids["patient", key]

    @property
    def ids(self) -> frozenset[str]:
        """All that were drawn, of studies and patients."""
        return frozenset(self._ids.values())

    def _write(self) -> None:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((kind, key, id) for (kind, key), id in sorted(self._ids.items()))
        write_private(self.path, text.getvalue().encode("utf-8"))
