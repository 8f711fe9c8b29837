"""Whether a run that is there is the one that is asked for."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmseg_bone.errors import PlanError

# Where a run lies and how fast it is made are no part of what it is; stores tell by their digest.
_MAY_DIFFER = {
    "run",
    "store",
    "data.store",
    "ckpt_path",
    "data.workers",
    "trainer.enable_progress_bar",
}


def refuse_another(folder: Path, config: Mapping[str, Any], store: Path) -> None:
    """See that a run, finished or cut off, is of this store and of these settings.

    Common settings are compared only: an option that came since then was at its default.

    Args:
        folder: The run; nothing is asked of one that was not begun.
        config: What is asked for, resolved.
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
    for key in sorted(then.keys() & now.keys() - _MAY_DIFFER):
        if then[key] != now[key]:
            raise PlanError(
                f"{folder} was made with {key}={then[key]}, and {now[key]} is asked for. Set it "
                f"back, or move the folder away to make it again; nothing is overwritten."
            )


def _comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Each setting by its dotted name; what lies in the run or in the store is told from there."""
    from mmseg_bone.io.runs import nameless

    return dict(_leaves(nameless(config)))


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (any YAML)
    if isinstance(value, Mapping | list):
        parts = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, part in parts:
            yield from _leaves(part, f"{at}.{key}" if at else str(key))
    else:
        yield at, value
