"""Curves: lesions against false alarms, probabilities against truth, burden, decisions."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmseg_bone.analysis.figures.style import (
    GREY,
    SMALL,
    colours,
    empty_figure,
    legend,
    legend_below,
    markers,
    place_legend,
    tidy,
)
from mmseg_bone.metrics.burden import bland_altman
from mmseg_bone.metrics.froc import RATES

_DODGE = 1.04  # bars of experiments beside each other, on a logarithmic axis


def froc(points: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Sensitivity against false positives per scan, with intervals at the seven rates.

    The line is the best that a threshold gives for at most so many false positives, as in the
    table.

    Args:
        points: From ``froc_points``.
        table: From ``froc_table``.
    """
    everyone = list(points.experiment.unique())
    colour, marker = colours(everyone), markers(everyone)
    figure = empty_figure(4.6, 3.9)
    ax = figure.subplots()
    for nth, name in enumerate(everyone):
        own = points[points.experiment == name].sort_values("false_positives")
        best = own.sensitivity.cummax()
        x = np.r_[own.false_positives.clip(lower=1e-3), 16]
        ax.step(x, np.r_[best, best.max()], where="post", color=colour[name], linewidth=1.3)
        at = table[(table.experiment == name) & (table["at"] != "score")]
        rates = at["at"].astype(float) * _DODGE ** (nth - (len(everyone) - 1) / 2)
        reach = [(at.value - at.low).clip(lower=0), (at.high - at.value).clip(lower=0)]
        ax.errorbar(rates, at.value, reach, fmt=marker[name], color=colour[name], markersize=4,
                    elinewidth=1)  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_xticks(RATES, ["1/8", "1/4", "1/2", "1", "2", "4", "8"])
    ax.set(xlim=(0.105, 9.5), ylim=(0, 1))
    tidy(ax, x="false positives per scan, at most", y="lesion sensitivity")
    ax.grid(color="0.92", linewidth=0.7)
    scores = table[table["at"] == "score"].set_index("experiment").value
    handles = legend(everyone)
    for handle in handles:
        handle.set_label(f"{handle.get_label()} (score {scores[str(handle.get_label())]:.3f})")
    place_legend(figure, ax, handles, "lower right")
    return figure


def reliability(table: pd.DataFrame, ece: pd.DataFrame) -> Figure:
    """How often predicted lesions are hits, by what their probability promised.

    Args:
        table: From ``reliability_table``.
        ece: From ``ece_table``.
    """
    everyone = list(table.experiment.unique())
    colour, marker = colours(everyone), markers(everyone)
    figure = empty_figure(4.3, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    above.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    errors = ece.set_index("experiment").value
    for nth, name in enumerate(everyone):
        own = table[table.experiment == name]
        reach = [(own.observed - own.low).clip(lower=0), (own.high - own.observed).clip(lower=0)]
        above.errorbar(
            own.predicted, own.observed, np.nan_to_num(reach), fmt=f"{marker[name]}-",
            color=colour[name], markersize=4, elinewidth=1, linewidth=1,
        )  # fmt: skip
        width = 0.08 / len(everyone)
        left = own["from"] + 0.01 + nth * width
        below.bar(left, own.predictions, width, align="edge", color=colour[name])
    above.set(xlim=(0, 1), ylim=(0, 1.02))
    tidy(above, y="share that are hits")
    tidy(below, x="probability of the predicted lesion", y="lesions")
    handles = legend(everyone)
    for handle in handles:
        handle.set_label(f"{handle.get_label()} (ECE {errors[str(handle.get_label())]:.3f})")
    place_legend(figure, above, handles, "upper left")
    above.text(0.98, 0.03, "below the line: too sure of itself", ha="right", fontsize=SMALL,
               color="0.35", transform=above.transAxes)  # fmt: skip
    return figure


def burden(points: pd.DataFrame) -> Figure:
    """The bone scan index of predictions against that of the reference, and how they differ.

    Args:
        points: From ``burden_points``.
    """
    everyone = list(points.experiment.unique())
    colour, marker = colours(everyone), markers(everyone)
    figure = empty_figure(7.6, 3.6)
    against, apart = figure.subplots(1, 2)
    largest = 1.05 * max(float(points[["reference", "predicted"]].max().max()), 0.1)
    against.plot([0, largest], [0, largest], color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    apart.axhline(0, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
    for name in everyone:
        own = points[points.experiment == name]
        style = {"color": colour[name], "markersize": 3.5, "alpha": 0.7, "linestyle": ""}
        against.plot(own.reference, own.predicted, marker[name], **style)
        difference = own.predicted - own.reference
        apart.plot((own.predicted + own.reference) / 2, difference, marker[name], **style)
        limits = bland_altman(own.predicted.to_numpy(float), own.reference.to_numpy(float))
        apart.axhline(limits.bias, color=colour[name], linewidth=1.2)
        for limit in (limits.low, limits.high):
            apart.axhline(limit, color=colour[name], linewidth=0.8, linestyle=":")
    against.set(xlim=(-0.02 * largest, largest), ylim=(-0.02 * largest, largest), aspect="equal")
    tidy(against, x="of the reference mask (%)", y="of the prediction (%)",
         title="planar bone scan index")  # fmt: skip
    tidy(apart, x="mean of both (%)", y="prediction minus reference (%)",
         title="bias (line), 95% limits (dots)")  # fmt: skip
    legend_below(figure, _points_only(everyone))
    return figure


def decision(table: pd.DataFrame) -> Figure:
    """Net benefit of acting on a suspicion of metastasis, by the threshold for acting.

    Args:
        table: From ``decision_table``.
    """
    everyone = list(table.experiment.unique())
    colour = colours(everyone)
    figure = empty_figure(4.6, 3.6)
    ax = figure.subplots()
    nobody = ax.axhline(0, color=GREY, linewidth=0.8, label="act on none")
    first = table[table.experiment == everyone[0]]
    (everybody,) = ax.plot(
        first.threshold, first.treat_all, "--", color=GREY, linewidth=1, label="act on all"
    )
    for name in everyone:
        own = table[table.experiment == name]
        ax.plot(own.threshold, own.net_benefit, color=colour[name], linewidth=1.4, label=name)
    top = float(table[["net_benefit", "treat_all"]].max().max())
    ax.set(xlim=(0, 1), ylim=(-0.15 * max(top, 0.1), 1.1 * max(top, 0.1)))
    tidy(ax, x="probability from which one acts", y="net benefit (true positives per patient)")
    handles = [*ax.lines[2:], everybody, nobody]
    place_legend(figure, ax, handles, "center left")
    return figure


def _points_only(experiments: list[str]) -> list[Line2D]:
    handles = legend(experiments)
    for handle in handles:
        handle.set_linestyle("")
    return handles
