"""``mmseg-bone bench``: what phantoms, training and inference cost here, ours and others'."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmseg_bone.cli import CONF
from mmseg_bone.errors import PlanError

if TYPE_CHECKING:
    from mmseg_bone.cli.bench_table import Results

_CHILD = (
    # Behind the packages of the interpreter, which may be another one than ours.
    "import sys; sys.path.append(sys.argv[1]); from mmseg_bone.cli.bench_worker import main; main()"
)
_STRIDE = 16
Spec = dict[str, Any]


class Precision(StrEnum):
    """What networks are timed in."""

    bfloat16 = "bfloat16"
    float32 = "float32"


def main() -> None:
    """Read the command line."""
    typer.run(bench)


def bench(
    peer_python: Annotated[
        Path | None,
        typer.Option(help="Interpreter that has nnU-Net; see requirements/nnunet.txt."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Each row is measured once in each.")] = 3,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, or cuda for the networks.")] = "cpu",
    precision: Annotated[
        list[Precision] | None,
        typer.Option(help="Only this one: without bfloat16 in the processor, it takes an hour."),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Rows to measure instead of conf/bench/cost.yaml.")
    ] = None,
) -> None:
    """Time networks of ours and of others beside each other, and say which goals are met.

    CPU seconds, not wall time: they hold on a machine that does other things as well. Every row
    is measured in a process of its own, once in each round, after a warm-up, so that all rows
    see the same machine; the tables give medians of the rounds. A training step is of two
    images: forward, loss, backward, AdamW; a study is two images. Peers are given the tuned
    allocator too. What is not installed is said, and the rest is measured. Interrupting it
    gives the tables of what was measured by then.
    """
    from mmseg_bone.cli.bench_table import Results

    rows = read_plan(plan or CONF / "bench" / "cost.yaml")
    chosen = [one.value for one in precision or Precision]
    given: Spec = {"threads": threads, "device": device, "precisions": chosen}
    results = Results({key: row["says"] for key, row in rows.items()})
    with TemporaryDirectory() as folder:
        given["phantoms_at"] = str(Path(folder) / "phantoms.npz")
        try:
            for _ in range(rounds):
                _measure_round(rows, given, peer_python, results)
        except KeyboardInterrupt:
            print("interrupted: what was not measured is missing below", file=sys.stderr)
    _print(results, rows, given)


def read_plan(path: Path) -> dict[str, Spec]:
    """The rows of a plan, by their names, in the order they are measured.

    Raises:
        PlanError: It cannot be read, or says something that is not known.
    """
    import yaml

    try:
        plan = yaml.safe_load(path.read_text("utf-8"))
        image, tokens = plan.pop("image"), plan.pop("tokens")
        rows: dict[str, Spec] = {
            "convolution": {"kind": "convolution", "says": "3×3 convolution"},
            "phantoms": {"kind": "phantoms", "says": "phantoms", "phantoms": plan.pop("phantoms")},
        }
        for part, kind in (("ours", "ours"), ("peers", "peer"), ("augmentation", "augmentation")):
            rows |= {
                key: {"kind": kind, **row} for key, row in (plan.pop(part, None) or {}).items()
            }
        unnamed = [key for key, row in rows.items() if "says" not in row]
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError) as error:
        raise PlanError(
            f"{path} is no plan of `mmseg-bone bench` ({type(error).__name__}: {error}). Expected "
            f"image, tokens, phantoms and rows, as in conf/bench/cost.yaml."
        ) from None
    if plan or unnamed:
        raise PlanError(
            f"{path}: {', '.join([*plan, *unnamed])} is not known, or says nothing. Expected "
            f"ours, peers and augmentation, whose rows each have `says`."
        )
    return {key: {"image": image, "tokens": tokens, **row} for key, row in rows.items()}


def _measure_round(
    rows: Mapping[str, Spec], given: Spec, peer_python: Path | None, results: "Results"
) -> None:
    """Measure every row once more, but for phantoms, and those that cannot be measured."""
    for key, row in rows.items():
        if key in results.why_not or (key == "phantoms" and key in results.rounds):
            continue
        spec = row | given
        if row.get("cropped"):
            spec["image"] = _cropped(results)
        python = peer_python if row.get("elsewhere") else sys.executable
        answer = "not measured: no --peer-python" if python is None else _ask(spec, str(python))
        if isinstance(answer, str):
            results.why_not[key] = answer
        else:
            results.add(key, answer)
        print(f"{row['says']}: {answer if isinstance(answer, str) else 'done'}", file=sys.stderr)


def _cropped(results: "Results") -> list[int]:
    """The median size of a cropped phantom, as a network pads it."""
    sides = (int(results.rounds["phantoms"][0][side]) for side in ("height", "width"))
    return [side + -side % _STRIDE for side in sides]


def _ask(spec: Spec, python: str) -> dict[str, float] | str:
    """The numbers of one measurement, or why there are none."""
    root, threads = Path(__file__).parents[2], str(spec["threads"])
    try:
        done = subprocess.run(
            [python, "-c", _CHILD, str(root)],
            input=json.dumps(spec),
            env=os.environ | {"OMP_NUM_THREADS": threads, "OPENCV_FOR_THREADS_NUM": threads},
            capture_output=True,
            text=True,
        )
    except OSError as error:
        return f"not measured: {python} cannot be started ({error.strerror})"
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        return f"not measured: {last[0]}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return f"{answer['absent']} is not installed" if "absent" in answer else answer


def _print(results: "Results", rows: Mapping[str, Spec], given: Spec) -> None:
    """Write all tables."""
    from importlib.metadata import version

    from mmseg_bone.cli import bench_table

    def of(kind: str) -> list[str]:
        return [key for key, row in rows.items() if row["kind"] == kind]

    height, width = rows["convolution"]["image"]
    print(
        f"torch {version('torch')}, {given['device']}, {given['threads']} thread(s), images of "
        f"{height}×{width}. Pairs: float32 / bfloat16.\n"
    )
    print(bench_table.machine_table(results), end="\n\n")
    print(bench_table.network_table(results, of("ours") + of("peer")), end="\n\n")
    print(bench_table.augmentation_table(results, of("augmentation")), end="\n\n")
    print(bench_table.goal_table(results, of("peer")))
