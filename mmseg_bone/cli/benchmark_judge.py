"""``mmseg-bone benchmark --judge``: what the results show, against what the plan wants shown."""

import json
from pathlib import Path

from mmseg_bone.analysis.acceptance import Scored, judge
from mmseg_bone.cli.benchmark_plan import Job, read_accepted, read_plan
from mmseg_bone.errors import PlanError


def hold_against(plan: str, results: Path) -> None:
    """Print pooled Dice by row and control, and how each line of the plan came out.

    Reads ``summary.json`` of every seed the plan names, and neither stores nor runs.

    Raises:
        PlanError: The plan wants nothing shown, or a line does not hold.
    """
    lines, jobs = read_accepted(plan), read_plan(plan)
    if not lines:
        raise PlanError(f"the plan {plan} has no key accepted: nothing is to be judged.")
    dice = _pooled_dice(jobs, results)
    readers = list(dict.fromkeys(job.row for job in jobs if job.controls))
    # A row that was not begun is no candidate; one that lacks a seed leaves the best open.
    begun = [row for row in readers if any(one is not None for one in dice[row, ""])]
    best, verdicts = judge(lines, dice, begun)
    print(_table(jobs, dice))
    print(f"\nbest: {best or 'not known'}")
    for verdict in verdicts:
        print(verdict)
    failed = sum(not verdict.holds for verdict in verdicts)
    if failed:
        raise PlanError(f"{failed} of {len(verdicts)} lines of the plan {plan} do not hold.")


def _pooled_dice(jobs: list[Job], results: Path) -> dict[Scored, list[float | None]]:
    """Of each seed, in the order of the plan."""
    dice: dict[Scored, list[float | None]] = {}
    for job in jobs:
        for control in ("", *job.controls):
            summary = results / job.key / control / "summary.json"
            found = json.loads(summary.read_text("utf-8")) if summary.is_file() else {}
            dice.setdefault((job.row, control), []).append(found.get("micro", {}).get("dice"))
    return dice


def _table(jobs: list[Job], dice: dict[Scored, list[float | None]]) -> str:
    """In Markdown: a row a row, own reports and then every control; seeds behind the mean."""
    controls = list(dict.fromkeys(control for job in jobs for control in job.controls))
    head = ["pooled Dice", "own report", *(control.replace("_", "-") for control in controls)]
    rows = [head, ["---"] * len(head)]
    for row in dict.fromkeys(job.row for job in jobs):
        rows.append([row, *(_cell(dice.get((row, control), [])) for control in ("", *controls))])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cell(each: list[float | None]) -> str:
    known = [one for one in each if one is not None]
    if not known:
        return "-"
    seeds = ", ".join("-" if one is None else f"{one:.2f}" for one in each)
    return f"{sum(known) / len(known):.3f} ({seeds})"
