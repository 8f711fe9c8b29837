"""Runs notebooks: for the tests, and for `make notebooks`, which keeps what they show."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


def executed(path, folder, parameters=None):
    """A notebook with its outputs, and no trace of when and where it was run.

    Args:
        path: The notebook.
        folder: It is run in.
        parameters: Put in place of the cell that is tagged so.
    """
    notebook = nbformat.read(path, as_version=4)
    if parameters is not None:
        (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", ()))
        cell.source = parameters
    where = {"metadata": {"path": str(folder)}}
    done = NotebookClient(notebook, timeout=1800, record_timing=False, resources=where).execute()
    done.metadata["language_info"] = {"name": "python"}
    for cell in done.cells:
        cell.metadata.pop("execution", None)  # when, as Jupyter notes it
    return done


def main(names: Sequence[str]) -> None:
    """Run all notebooks, or those whose names begin so, and write them with their outputs."""
    os.environ.update(HF_HUB_OFFLINE="1", NO_ALBUMENTATIONS_UPDATE="1", MPLBACKEND="Agg")
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.name.startswith(tuple(names)):
            print(path.name, flush=True)  # noqa: T201
            nbformat.write(executed(path, FOLDER), path)


if __name__ == "__main__":
    main(sys.argv[1:])
