"""Whether a run that is there is the one that is asked for."""

import inspect
import pydoc
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from mmseg_bone.cli import CONF
from mmseg_bone.errors import PlanError, RunError

# Where a run lies, whom it tells of itself and how fast it is made are no part of what it is;
# stores tell by their digest.
_MAY_DIFFER = {
    "run",
    "store",
    "data.store",
    "ckpt_path",
    "logger",
    "data.workers",
    "trainer.enable_progress_bar",
}
_RUNS = ("start", "weights")  # runs that this one began with
_NOW_CALLED = {
    "pytorch_lightning.callbacks.ModelCheckpoint": "mmseg_bone.tasks.checkpoints.Checkpoints"
}


def refuse_another(folder: Path, config: Mapping[str, Any], store: Path) -> None:
    """See that a run, finished or cut off, is of this store and of these settings.

    Whole values are compared: nothing, an empty list and a mapping are values like others. An
    option that only one side knows, since it came or went in between, is at its default on the
    other, where that can be known: an argument's default, or what ``conf/train.yaml`` says. Where
    it cannot, a single value is let pass, and a mapping, such as one more step, is not.

    Args:
        folder: The run; nothing is asked of one that was not begun.
        config: What is asked for, resolved; what is left out at the top is not asked about.
        store: What it is to be trained on, or was applied to.

    Raises:
        PlanError: It is another one. Nothing is overwritten.
    """
    from mmseg_bone.io.runs import Run
    from mmseg_bone.io.store import Store

    if not (folder / "config.yaml").is_file():
        return
    run = Run(folder)
    if run.store_digest != Store(store).digest:
        raise PlanError(
            f"{folder} is of another store than {store}: their digests differ. Name the store it "
            f"is of, or move it away to make it again."
        )
    then, now = _comparable(run.config), _comparable(config)
    for key, was, asked in _differences(then, then | now):
        raise PlanError(
            f"{folder} was made with {key}={was}, and {asked} is asked for. Set it "
            f"back, or move the folder away to make it again; nothing is overwritten."
        )


def refuse_going_on(
    folder: Path, config: Mapping[str, Any], of: tuple[str, str], same: Iterable[str]
) -> None:
    """See that what goes on from a checkpoint of a run is that run.

    Settings are compared as ``refuse_another`` compares them, but only some have to be the same:
    for how long and how fast it learns, a person may choose anew when a run goes on.

    Args:
        folder: The run that the checkpoint lies in.
        config: What is asked for, resolved.
        of: What it is to learn from: in words, and its digest.
        same: Settings that have to be the same, by their dotted names, with all below them.

    Raises:
        RunError: It is another one. Nothing is written.
    """
    from mmseg_bone.io.runs import Run

    run, (source, digest) = Run(folder), of
    begin_anew = "or begin anew: with another hydra.run.dir, and without ckpt_path."
    # Who has lost the file is told elsewhere that to go on writes it again.
    told = (folder / "environment.json").is_file() and run.environment.get("store_digest")
    if told and told != digest:
        raise RunError(
            f"{folder} has not learnt from {source}: the digests differ. Give what it has learnt "
            f"from, {begin_anew}"
        )
    then, now = _comparable(run.config), _comparable(config)
    found = list(_differences(then, then | now))
    for name in same:
        for key, was, asked in found:
            if f"{key}.".startswith(f"{name}."):
                raise RunError(
                    f"{folder} was begun with {key}={_in_short(was)}, and {_in_short(asked)} is "
                    f"asked for. {_as_it_was(key, was, run.name)}, {begin_anew}"
                )


def _in_short(value: Any) -> str:  # noqa: ANN401  (any YAML)
    """A setting as one writes it; of a whole part of a configuration, only what it makes."""
    if isinstance(value, Mapping):
        return str(value["_target_"]).rpartition(".")[2] if "_target_" in value else "{...}"
    return "null" if value is None else str(value)


def _as_it_was(key: str, was: Any, name: str) -> str:  # noqa: ANN401
    """What to do about a setting: of many parts of a network, choosing its experiment again."""
    if key.startswith(("data.encode", "model", "task")):
        return f"Give the experiment ({name}) and the settings that its config.yaml has"
    return f"Give {key}={_in_short(was)} as it was"


def _comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings; what lies in the run or in the store is told from there."""
    from mmseg_bone.io.nameless import nameless

    return nameless(config) | {key: config[key] for key in _RUNS if key in config}


def _differences(then: Any, now: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401  (any YAML)
    """What differs, by its dotted name: as it was, and as it is asked for."""
    if at in _MAY_DIFFER or then == now:
        return
    if isinstance(then, Mapping) and isinstance(now, Mapping) and then and now:
        if then.keys() != now.keys():
            defaults = _defaults(now) if at else _options()
            then, now = _completed(then, now, defaults), _completed(now, then, defaults)
        parts: list[Any] = sorted(now)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        parts = list(range(len(now)))
    elif not _same(at, then, now):
        yield at, then, now
        return
    else:
        return
    for part in parts:
        yield from _differences(then[part], now[part], f"{at}.{part}" if at else str(part))


def _same(at: str, then: Any, now: Any) -> bool:  # noqa: ANN401
    """Whether two runs, text encoders or classes are one, as far as both are told.

    A run of a benchmark is ``ROW/seed-N`` wherever the runs lie; results that were kept earlier
    say ``seed-N`` only, and what is handed on says no more than that there was one. What is handed
    on of the folder of a text encoder is its name.
    """
    if at.endswith("_target_"):
        return bool(_NOW_CALLED.get(then) == now)
    of_a_run = at in _RUNS
    if not (of_a_run or at.endswith("model")):
        return False
    if not (isinstance(then, str) and isinstance(now, str)):
        return False
    if of_a_run and at in (then, now):
        return "shipped" not in (then, now)
    was, asked = Path(then).parts, Path(now).parts
    known = min(len(was), len(asked), 2 if of_a_run else 1)
    return was[-known:] == asked[-known:]


def _completed(
    given: Mapping[str, Any], other: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """With what only the other side says, at its default."""
    unknown = {key: None if isinstance(value, Mapping) else value for key, value in other.items()}
    return unknown | {key: defaults[key] for key in other.keys() & defaults.keys()} | dict(given)


def _options() -> dict[str, Any]:
    """Those of ``mmseg-bone train`` itself, at their defaults."""
    options: dict[str, Any] = yaml.safe_load((CONF / "train.yaml").read_text("utf-8"))
    return options


def _defaults(part: Mapping[str, Any]) -> dict[str, Any]:
    """Of the arguments of what a part of a configuration makes, if it makes anything."""
    made = pydoc.locate(str(part.get("_target_", "")))
    if not callable(made):
        return {}
    return {
        name: list(argument.default) if isinstance(argument.default, tuple) else argument.default
        for name, argument in inspect.signature(made).parameters.items()
        if argument.default is not inspect.Parameter.empty
    }
