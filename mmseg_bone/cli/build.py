"""What a run says is built: a configuration may come from anyone, and Hydra calls what it names."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf

from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run

# What networks and samples are made of. Modules beside these read and write files.
_PARTS = (
    "mmseg_bone.models",
    "mmseg_bone.nn",
    "mmseg_bone.data.encode",
    "mmseg_bone.data.steps",
    "mmseg_bone.text.encoder",
    "mmseg_bone.text.lexicon",
    "mmseg_bone.text.report_evidence",
    "mmseg_bone.text.tokens",
    "mmseg_bone.imaging.atlas.load_atlas",
)
TRUST = "MMSEG_BONE_TRUST"  # in the environment: one's own modules, with commas between


def build(run: Run, *keys: str) -> Any:  # noqa: ANN401  (whatever stands there)
    """What stands at a key of a run's configuration, if it is all made of parts of ours.

    Raises:
        RunError: Nothing stands there, or something else would be called.
    """
    part: Any = run.config
    for key in keys:
        part = part.get(key) if isinstance(part, Mapping) else None
    at, file = ".".join(keys), run.path / "config.yaml"
    if part is None:
        raise RunError(f"{file} says nothing of {at}. Name a run that `mmseg-bone train` wrote.")
    for target in _named(part):
        if not _may_be_built(target):
            raise RunError(
                f"{file} has {target!r} called for {at}, which is no part of a network of this "
                f"package; it was not. If it is a class of your own, name its module: "
                f"{TRUST}=my_package mmseg-bone ..."
            )
    return instantiate(OmegaConf.create(part))


def _named(part: Any) -> Iterator[str]:  # noqa: ANN401  (any YAML value)
    """All that would be called, and all that is put together only when it is looked at."""
    if isinstance(part, Mapping):
        yield from (str(value) for key, value in part.items() if key == "_target_")
        part = [*part, *part.values()]
    if isinstance(part, list):
        for inner in part:
            yield from _named(inner)
    elif isinstance(part, str) and "${" in part:
        yield part


def _may_be_built(target: str) -> bool:
    module, _, name = target.rpartition(".")
    trusted = filter(None, os.environ.get(TRUST, "").split(","))
    if any(target.startswith(f"{own}.") for own in trusted):
        return True
    if not any(target == part or target.startswith(f"{part}.") for part in _PARTS):
        return False
    try:  # defined there, and not what the module itself imported, such as os
        return bool(getattr(import_module(module), name).__module__ == module)
    except (ImportError, AttributeError):
        return False
