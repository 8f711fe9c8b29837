"""A configuration as it may be handed on: folders may be named after people."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Keys that hold what a person has put and named, wherever they stand.
_NAMED_BY_PEOPLE = {"weights", "start", "reports", "out", "file"}
_SHIPPED = "shipped"  # the model that comes with the package
# How keys end that hold another path.
_ENDS = ("path", "dir", "folder")
# As text/checkpoint.py takes it, but no folder beside or above the one at hand.
_HUB_NAME = re.compile(r"(?!\.)[\w.-]+/[\w.-]+")


def nameless(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as it may be handed on: no path in it says where anything lies.

    The store and the run become just that, ``store`` and ``run``, and what was begun with or read
    becomes its key, such as ``weights``, but for ``shipped``. Of other paths the last part stays,
    which tells a text encoder from another. Names on a hub stay whole. What is nameless stays as it
    is.

    What is a path its key tells, whether it lies on this machine or not. Under a key that says
    nothing, a path is what is absolute, begins with a dot or ``~``, or lies here.
    """
    data = config.get("data")
    inside = data.get("store") if isinstance(data, Mapping) else None
    folders = ((config.get("run"), "run"), (config.get("store"), "store"), (inside, "store"))
    known = {str(folder): name for folder, name in folders if folder}
    return {key: _nameless(value, known, key) for key, value in config.items()}


def lies_in_a_folder(model: str) -> bool:
    """Whether a text encoder, as ``text.model`` names it, is one of a folder.

    ``owner/name`` is of the hub unless such a folder lies here; runs keep folders by their whole
    path, which is told from it anywhere.
    """
    hub = _HUB_NAME.fullmatch(model) and not os.path.isdir(model)  # noqa: PTH112  (as below)
    return model != "default" and not hub


def _nameless(value: Any, known: Mapping[str, str], key: str) -> Any:  # noqa: ANN401  (any YAML value)
    if isinstance(value, Mapping):
        return {part: _nameless(inner, known, str(part)) for part, inner in value.items()}
    if isinstance(value, list):
        return [_nameless(part, known, key) for part in value]
    if not isinstance(value, str):
        return value
    if key in _NAMED_BY_PEOPLE:
        return value if value in ("", _SHIPPED) else key
    for folder, name in known.items():
        if value == folder or value.startswith(f"{folder}/"):
            return name + value.removeprefix(folder)
    return Path(value).name if value and _is_path(value, key) else value


def _is_path(value: str, key: str) -> bool:
    if key == "model":
        return lies_in_a_folder(value)
    if key.endswith(_ENDS):
        return True
    # Not Path.exists, which raises where a text is too long to be a path.
    lies_here = len(Path(value).parts) > 1 and os.path.exists(value)  # noqa: PTH110
    return Path(value).is_absolute() or value[:1] in (".", "~") or lies_here
