"""What a benchmark is made of: a list of trainings, and what each network is applied to."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from mmseg_bone.analysis.acceptance import Line
from mmseg_bone.cli import CONF
from mmseg_bone.cli.apply import Control
from mmseg_bone.errors import PlanError

_OF_A_ROW = {"train", "start", "weights", "seeds", "controls", "shifted"}
_OF_A_PLAN = {"common", "seeds", "controls", "shifted", "stages", "accepted"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training of one row with one seed, and what its network is applied to.

    Attributes:
        stage: Which part of the plan it belongs to.
        row: Name of the row, and of the experiment in every table.
        seed: Of the training.
        train: What ``mmseg-bone train`` is told besides store, name, seed and folder.
        start: Row whose network of the same seed is the image part; none for one of its own.
        weights: Row whose network of the same seed it learns on from.
        controls: Of the reports, on the studies held out.
        shifted: Stores beside the main one, predicted whole with the reports as they are.
    """

    stage: str
    row: str
    seed: int
    train: tuple[str, ...]
    controls: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()
    start: str | None = None
    weights: str | None = None

    @property
    def after(self) -> str | None:
        """Key of the job whose network it begins with, if any."""
        row = self.start or self.weights
        return None if row is None else f"{row}/seed-{self.seed}"

    @property
    def key(self) -> str:
        """Its folder, below the runs and below the results."""
        return f"{self.row}/seed-{self.seed}"

    @property
    def applied(self) -> dict[str, tuple[str | None, str]]:
        """Store (None: its own) and control of each application, by the name of its folder."""
        own = {control: (None, control) for control in self.controls}
        return own | {store: (store, Control.none.value) for store in self.shifted}

    def to_json(self) -> str:
        """For another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """As the other process had it."""
        content = json.loads(text)
        lists = {key: tuple(value) for key, value in content.items() if isinstance(value, list)}
        return cls(**(content | lists))


def read_plan(plan: str) -> list[Job]:
    """The jobs of a plan, in the order they are run.

    Stages follow each other. In a stage all rows are trained with the first seed before any
    with the second, so that there is something to compare early.

    Args:
        plan: Name of a file in ``conf/benchmark``, or a path of one's own.

    Raises:
        PlanError: There is no such plan, or it holds something else than it should.
    """
    return list(_jobs(*_read(plan)))


def read_accepted(plan: str) -> list[Line]:
    """What the results of a plan have to show; see ``analysis.acceptance``.

    Args:
        plan: As for ``read_plan``.

    Raises:
        PlanError: There is no such plan, or it holds something else than it should.
    """
    content, _ = _read(plan)
    return [Line.read(text) for text in content.get("accepted") or ()]


def _read(plan: str) -> tuple[Mapping[str, Any], str]:
    """The keys of a plan, and where they stand."""
    path = CONF / "benchmark" / f"{plan}.yaml"
    if not path.is_file():
        path = Path(plan)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in (CONF / "benchmark").glob("*.yaml")))
        raise PlanError(
            f"there is no plan {plan!r}. Take one of {known}, or the path of a YAML file."
        )
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
        what = getattr(error, "problem", None) or getattr(error, "reason", "")
        raise PlanError(f"{path}{where} is no YAML ({what}); expected a plan.") from None
    _check_keys(content, _OF_A_PLAN, str(path))
    for key in ("common", "accepted"):
        _check_list(content, key, str, str(path))
    return content, str(path)


def select(jobs: list[Job], only: list[str]) -> list[Job]:
    """Those asked for by stage, by row, or by row and seed (``text_fused/seed-1``).

    Raises:
        PlanError: No job is called so.
    """
    for name in only:
        if not any(name in (job.stage, job.row, job.key) for job in jobs):
            known = ", ".join(dict.fromkeys(f"{job.stage}: {job.row}" for job in jobs))
            raise PlanError(
                f"--only {name}: no stage, row or ROW/seed-N is called so. There are {known}."
            )
    return [job for job in jobs if not only or {job.stage, job.row, job.key} & set(only)]


def _jobs(plan: Mapping[str, Any], at: str) -> Iterator[Job]:
    rows: set[object] = set()
    _check_lists(plan, at)
    stages = plan.get("stages") or {}
    _check_named(stages, f"{at}: stages", "stages by name")
    for stage, members in stages.items():
        _check_named(members, f"{at}: the stage {stage!r}", "rows by name")
        for row, content in members.items():
            _check_keys(content, _OF_A_ROW, f"{at}: {row}")
            _check_list(content, "train", str, f"{at}: {row}")
            _check_lists(content, f"{at}: {row}")
            _check_begun_with(content, row, rows, at)
            _check_row(row, rows, at)
        seeds = {row: _of("seeds", members[row], plan) for row in members}
        for seed in dict.fromkeys(seed for each in seeds.values() for seed in each):
            for row, content in members.items():
                if seed in seeds[row]:
                    yield _job(stage, row, seed, content, plan, at)


def _job(
    stage: str, row: str, seed: int, content: Mapping[str, Any], plan: Mapping[str, Any], at: str
) -> Job:
    controls = _of("controls", content, plan)
    if wrong := [control for control in controls if control not in set(Control) - {Control.none}]:
        raise PlanError(
            f"{at}: {row} has the control {wrong[0]!r}; expected "
            f"{', '.join(set(Control) - {Control.none})}."
        )
    words = (*(plan.get("common") or ()), *(content.get("train") or ()))
    return Job(
        stage=stage,
        row=row,
        seed=seed,
        train=words,
        controls=controls,
        shifted=_of("shifted", content, plan),
        start=content.get("start"),
        weights=content.get("weights"),
    )


def _of(key: str, row: Mapping[str, Any], plan: Mapping[str, Any]) -> tuple[Any, ...]:
    """The row's own, or that of all rows."""
    return tuple(row[key] if key in row else plan.get(key) or ())


def _check_lists(content: Mapping[str, Any], at: str) -> None:
    """Those that a row has, or else all rows."""
    _check_list(content, "seeds", int, at)
    for key in ("controls", "shifted"):
        _check_list(content, key, str, at)


def _check_list(content: Mapping[str, Any], key: str, kind: type, at: str) -> None:
    """Of one kind throughout. An empty key is none: of a row it could mean that of all rows."""
    found = content.get(key, [])
    # Not isinstance: True is no seed.
    if not isinstance(found, list) or any(type(one) is not kind for one in found):
        what = "whole numbers, such as [0, 1, 2]" if kind is int else "texts, such as [a, b]"
        raise PlanError(f"{at}: {key} is {found!r}; expected a list of {what}, or [].")


def _check_named(content: object, at: str, expected: str) -> None:
    if not isinstance(content, Mapping):
        raise PlanError(f"{at} is {content!r}; expected {expected}.")


def _check_keys(content: object, known: set[str], at: str) -> None:
    if not isinstance(content, Mapping):
        raise PlanError(f"{at} is {content!r}; expected {', '.join(sorted(known))}.")
    if unknown := sorted(set(map(str, content)) - known):
        raise PlanError(
            f"{at} has the key {unknown[0]!r}, which means nothing here; expected "
            f"{', '.join(sorted(known))}."
        )


def _check_begun_with(content: Mapping[str, Any], row: object, seen: set[object], at: str) -> None:
    """A row begins with one network at most, of a row above it."""
    named = [key for key in ("start", "weights") if content.get(key) is not None]
    if len(named) > 1:
        raise PlanError(f"{at}: {row} has both start and weights. Give it one of them.")
    for key in named:
        if content[key] not in seen:
            raise PlanError(
                f"{at}: {row} has {key}: {content[key]}, which is no row above it. Put that first."
            )


def _check_row(row: object, seen: set[object], at: str) -> None:
    if not (isinstance(row, str) and re.fullmatch(r"[A-Za-z0-9_.-]+", row)):
        raise PlanError(
            f"{at}: the row {row!r} becomes a folder; letters, digits, '_', '-' and '.' only."
        )
    if row in seen:
        raise PlanError(f"{at}: the row {row!r} is there twice. Give each a name of its own.")
    seen.add(row)
