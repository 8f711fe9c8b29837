"""Which studies a network has learnt from, so that it is tested on no patient it knows.

``RUN/learnt.txt`` has a line for each study learnt from or validated on, by this run and by those
whose weights it began with: the SHA-256 of the study's file in the store. So a store that has grown
by a patient, which has another digest than before, still betrays whom a network knows. Who has the
study can tell that it was learnt from; nobody else can tell anything. A model that is published
goes without this list, and what has been prepared anew in another way has other digests: then
nobody can tell here, and whoever joins stores has to.
"""

from collections.abc import Iterable

from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store, write_atomically

_FILE = "learnt.txt"


def learnt_from(run: Run) -> frozenset[str]:
    """Digests of the studies; empty for a run that does not tell."""
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
    digests = {store.rows[id]["sha256"] for id in ids}.union(*map(learnt_from, began_with))
    write_atomically(run.path / _FILE, "".join(f"{one}\n" for one in sorted(digests)).encode())


def known(run: Run, store: Store) -> set[str]:
    """Studies of a store whose patients the network of a run has learnt from.

    Of the store it was trained on, those of every fold but the one held out; and of any store
    those of a patient of whom one study is on the run's list.
    """
    rows, digests = store.rows, learnt_from(run)
    patients = {row["patient"] for row in rows.values() if row["sha256"] in digests}
    same, held_out = run.store_digest == store.digest, run.config.get("fold")
    return {
        id
        for id, row in rows.items()
        if row["patient"] in patients or (same and store.fold[id] != held_out)
    }
