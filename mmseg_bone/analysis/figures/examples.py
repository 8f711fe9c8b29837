"""Predictions to look at, chosen by rule and not by eye: best, median, worst, ambiguous."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmseg_bone.analysis.aggregation import per_study
from mmseg_bone.analysis.experiments import Experiments
from mmseg_bone.analysis.figures.studies import PREDICTION, REFERENCE, draw_study
from mmseg_bone.analysis.figures.style import empty_figure
from mmseg_bone.analysis.marked import Cut
from mmseg_bone.errors import RunError
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.study import Study

_VIEW_INCHES = 1.25
_WINDOW = (0.0, 0.992)
_MARGIN = 12  # rows above the head


class Example(NamedTuple):
    """A study to show.

    Attributes:
        id: Of the study.
        why: ``best``, ``median``, ``worst`` or ``ambiguous``.
    """

    id: str
    why: str


def choose(scores: pd.DataFrame) -> list[Example]:
    """The studies of one experiment with the best, the median and the worst Dice.

    Of those with a lesion, both views pooled, seeds averaged. Then, of those in the ambiguous
    pool that are not chosen yet, the one with the median Dice: a typical one, not the most
    flattering. Fewer where there are fewer studies, and no ambiguous one where nobody knows.

    Args:
        scores: Rows of ``scores.csv`` of the experiment.
    """
    drawn = scores.groupby("id")[["tp", "fn"]].sum().sum(axis=1)
    dice = per_study(scores, "dice")[drawn[drawn > 0].index].dropna()
    order = list(dice.sort_values(ascending=False, kind="stable").index)
    if not order:
        return []
    picks = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    chosen = {id: why for why, id in reversed(picks.items())}
    if "ambiguous" in scores:
        pool = set(scores[scores.ambiguous == 1].id) - chosen.keys()
        if left := [id for id in order if id in pool]:
            picks["ambiguous"] = left[len(left) // 2]
    return [Example(id, why) for why, id in picks.items() if chosen.get(id, why) == why]


def examples(
    experiments: Experiments, store: Store, names: Sequence[str], chosen: Sequence[Example]
) -> Figure:
    """Each example as each experiment marked it, an experiment per row.

    Of several seeds the first is shown, at the threshold it was scored at.

    Args:
        experiments: From ``collect``; their runs still have to hold predictions.
        store: The store they were trained on.
        names: Which experiments, from top to bottom.
        chosen: From ``choose``.

    Raises:
        RunError: No run of an experiment holds a prediction of an example.
    """
    if store.digest != experiments.digest:
        raise RunError(
            f"{store.path} has the digest {store.digest[:12]}, but the runs were trained on a "
            f"store of {experiments.digest[:12]}. Name that one with --store."
        )
    studies = [store[example.id] for example in chosen]
    views = sum(len(study.views) for study in studies)
    tops, length = _body(studies)
    height = _VIEW_INCHES * length / max(study.counts.shape[2] for study in studies)
    figure = empty_figure(_VIEW_INCHES * views + 0.2, (height + 0.5) * len(names) + 0.4)
    rows = figure.subfigures(len(names), 1, squeeze=False)[:, 0]
    for row, name in zip(rows, names, strict=True):
        row.suptitle(name, fontsize=10, weight="bold", x=0.01, ha="left")
        axes = list(row.subplots(1, views, squeeze=False)[0])
        dice = per_study(experiments.scores[name], "dice")
        for study, example, top in zip(studies, chosen, tops, strict=True):
            own, axes = axes[: len(study.views)], axes[len(study.views) :]
            draw_study(
                study,
                own,
                prediction=_prediction(experiments, name, study),
                window=_WINDOW,
                plain=True,
            )
            for ax in own:
                ax.set_ylim(top + length, top)
            score = dice.get(example.id, float("nan"))
            own[0].set_title(f"{example.why}: Dice {score:.2f}", fontsize=8.5, loc="left")
    outlines = {"reference": REFERENCE, "prediction": PREDICTION}
    handles = [Line2D([], [], color=c, label=label) for label, c in outlines.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _body(studies: Sequence[Study]) -> tuple[list[int], int]:
    """The row to begin with in each study, and how many rows hold the longest body."""
    tops, bottoms = [], []
    for study in studies:
        black = np.quantile(study.counts, _WINDOW[1])
        rows = np.flatnonzero(study.counts.max((0, 2)) >= max(0.1 * black, 1))
        rows = rows if len(rows) else np.array([0, study.counts.shape[1] - 1])
        tops.append(max(int(rows[0]) - _MARGIN, 0))
        bottoms.append(int(rows[-1]) + _MARGIN)
    return tops, max(b - t for t, b in zip(tops, bottoms, strict=True))


def _prediction(experiments: Experiments, name: str, study: Study) -> Bool[np.ndarray, "view y x"]:
    run = _run_with(experiments.runs, name, study.id)
    scored = experiments.scores[name].query("id == @study.id").iloc[0]
    cut = Cut(threshold=float(scored.threshold), smallest_mm2=float(scored.smallest_mm2))
    return cut.mask(run.read_prediction(study.id), study.spacing_mm)


def _run_with(runs: Mapping[str, Sequence[Run]], name: str, id: str) -> Run:
    for run in runs[name]:
        if (run.path / "predictions" / f"{id}.safetensors").is_file():
            return run
    raise RunError(
        f"no run of {name!r} holds a prediction of {id!r}. Examples need the predictions: bring "
        f"them back, or leave out --store."
    )
