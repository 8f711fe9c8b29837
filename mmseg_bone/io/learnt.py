"""Which studies a network has learnt from, so that it is tested on no patient it knows.

``RUN/learnt.txt`` has lines for each study learnt from or validated on, by this run and by those
whose weights it began with: the SHA-256 of the study's file in the store, and ``counts:`` with that
of the counts of each view. So a store that has grown by a patient, which has another digest than
before, still betrays whom a network knows; and so does one that was prepared anew with other
drawings, reports or options, for what the camera counted stays. Who has the study can tell that it
was learnt from; nobody else can tell anything.

A model that is published goes without this list, lists of earlier versions have files only, and
counts that came another way (added up by a workstation, resized) are others: then nobody can tell
here, and whoever joins stores has to.
"""

from collections.abc import Iterable

from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store, view_digests, write_atomically

_FILE = "learnt.txt"
_COUNTS = "counts:"


def learnt_from(run: Run) -> frozenset[str]:
    """Lines on the studies; empty for a run that does not tell."""
    path = run.path / _FILE
    return frozenset(path.read_text("ascii").split()) if path.is_file() else frozenset()


def keep_learnt(run: Run, store: Store, ids: Iterable[str], began_with: Iterable[Run]) -> None:
    """Write them down before the first step.

    Args:
        run: That learns.
        store: What it learns from.
        ids: Studies learnt from, or validated on.
        began_with: Runs whose weights it has from the start; one that goes on has its own.
    """
    ids = set(ids)
    lines = {store.rows[id]["sha256"] for id in ids}.union(*map(learnt_from, began_with))
    for id in ids:
        lines.update(_of_counts(store, id))
    write_atomically(run.path / _FILE, "".join(f"{one}\n" for one in sorted(lines)).encode())


def known(run: Run, store: Store) -> set[str]:
    """Studies of a store whose patients the network of a run has learnt from.

    Of the store it was trained on, those of every fold but the one held out; and of any store
    those of a patient of whom one study is on the run's list.
    """
    rows, lines = store.rows, learnt_from(run)
    patients = {row["patient"] for row in rows.values() if row["sha256"] in lines}
    same, held_out = run.store_digest == store.digest, run.config.get("fold")
    # Only what the files cannot tell is read: none of the same store, where they tell all.
    if not same and any(line.startswith(_COUNTS) for line in lines):
        for id, row in rows.items():
            if row["patient"] not in patients and not lines.isdisjoint(_of_counts(store, id)):
                patients.add(row["patient"])
    return {
        id
        for id, row in rows.items()
        if row["patient"] in patients or (same and store.fold[id] != held_out)
    }


def _of_counts(store: Store, id: str) -> list[str]:
    return [_COUNTS + digest for digest in view_digests(store.read_counts(id))]
