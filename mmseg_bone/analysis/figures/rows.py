"""Scores and differences as rows of points with intervals: the forest plot and the strata."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmseg_bone.analysis.comparison import Comparison
from mmseg_bone.analysis.figures.style import (
    GREY,
    SMALL,
    colours,
    empty_figure,
    legend,
    legend_below,
    markers,
    tidy,
)
from mmseg_bone.analysis.statistics import Interval
from mmseg_bone.analysis.tables import cell, label

# Of the forest plot: those in which more is better first, then those in which less is.
MEASURES = (
    ("dice", "patient"),
    ("dice", "patient_pos"),
    ("dice", "micro"),
    ("precision", "patient"),
    ("recall", "patient"),
    ("lesion_sensitivity", "lesion"),
    ("surface_dice", "image_pos"),
    ("false_positives", "scan"),
)
_COSTS = ("false_positives", "hausdorff95_mm")
_ROW_INCHES = 0.2


@dataclass(frozen=True)
class _Row:
    """A line of a chart: a heading, or points with intervals by experiment."""

    name: str
    points: dict[str, Interval] = field(default_factory=dict)
    note: str = ""


def forest(comparison: Comparison, measures: Sequence[tuple[str, str]] = MEASURES) -> Figure:
    """Paired differences from the baseline, with intervals over patients.

    Costs (false positives, distances) have an axis of their own below, as they have other
    units; there it is left of the line that is better.

    Args:
        comparison: From ``compare``; has to hold a second experiment.
        measures: Which to show.
    """
    table = comparison.differences
    names = list(table.experiment.unique())
    gains = _difference_rows(table, [m for m in measures if m[0] not in _COSTS], names)
    costs = _difference_rows(table, [m for m in measures if m[0] in _COSTS], names)
    parts = [
        (rows, title)
        for rows, title in ((gains, "higher is better"), (costs, "lower is better"))
        if rows
    ]
    heights = [len(rows) + 1.5 for rows, _ in parts]
    figure = empty_figure(7.2, _ROW_INCHES * sum(heights) + 0.9)
    axes = figure.subplots(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    everyone = list(comparison.scores.experiment.unique())  # so that colours are those elsewhere
    for ax, (rows, title) in zip(axes, parts, strict=True):
        ax.axvline(0, color=GREY, linewidth=0.8, zorder=0)
        _draw_rows(ax, rows, everyone, dodge=0.0)
        tidy(ax, title=title)
        reach = max(abs(end) for end in ax.get_xlim())
        ax.set_xlim(-reach, reach)  # as much room on either side: the eye is not led
    who = f"{names[0]} minus" if len(names) == 1 else "difference from"
    axes[-1].set_xlabel(
        f"{who} {comparison.baseline} ({comparison.level:.0%} interval over patients)",
        fontsize=8.5,
    )
    return figure


def strata(table: pd.DataFrame) -> Figure:
    """Scores by kind of scan, of lesion and of false alarm: one column of each.

    Args:
        table: From ``strata_table``.
    """
    everyone = list(table.experiment.unique())
    columns = [(str(name), _strata_rows(own)) for name, own in table.groupby("measure", sort=False)]
    longest = max(len(rows) for _, rows in columns)
    row_inches = _ROW_INCHES * max(1, len(everyone) / 3)
    figure = empty_figure(4.1 * len(columns), row_inches * (longest + 2) + 0.9)
    axes = figure.subplots(1, len(columns), squeeze=False)[0]
    for ax, (measure, rows) in zip(axes, columns, strict=True):
        _draw_rows(ax, rows, everyone, dodge=0.66 / max(len(everyone), 2))
        tidy(ax, title=measure)
        ax.set_ylim(longest - 0.4, -0.6)
        is_share = "false" not in measure
        ax.set_xlim(*((-0.02, 1.02) if is_share else (-0.02 * ax.get_xlim()[1], None)))
        ax.grid(axis="x", color="0.92", linewidth=0.7)
        ax.set_axisbelow(True)
    legend_below(figure, legend(everyone))
    return figure


def _difference_rows(
    table: pd.DataFrame, measures: Sequence[tuple[str, str]], names: Sequence[str]
) -> list[_Row]:
    """A row per measure and experiment; where there are several, under a heading."""
    rows = []
    for metric, aggregation in measures:
        own = table[(table.metric == metric) & (table.aggregation == aggregation)]
        found = [
            (row["experiment"], Interval(row["difference"], row["low"], row["high"]))
            for row in own.to_dict("records")
        ]
        if len(names) > 1 and found:
            rows.append(_Row(label(metric, aggregation)))
        for name, interval in found:
            title = name if len(names) > 1 else label(metric, aggregation)
            rows.append(_Row(title, {name: interval}, cell(*interval, "+")))
    return rows


def _strata_rows(table: pd.DataFrame) -> list[_Row]:
    """Levels under the heading of their stratum, with how much each rests on."""
    rows: list[_Row] = []
    for stratum, own in table.groupby("stratum", sort=False):
        rows.append(_Row(str(stratum)))
        for level, of_level in own.groupby("level", sort=False):
            points = {
                row["experiment"]: Interval(row["value"], row["low"], row["high"])
                for row in of_level.to_dict("records")
            }
            counted = of_level.patients if "Dice" in of_level.measure.iloc[0] else of_level.units
            is_alarm = "false" in of_level.measure.iloc[0]  # all scans, in every level
            words = str(level).replace("_", " ")
            rows.append(_Row(words if is_alarm else f"{words} ({counted.max()})", points))
    return rows


def _draw_rows(ax: Axes, rows: Sequence[_Row], everyone: Sequence[str], *, dodge: float) -> None:
    """Draw rows from top to bottom; experiments of one row a little above each other."""
    colour, marker = colours(everyone), markers(everyone)
    for at, row in enumerate(rows):
        for nth, (name, (value, low, high)) in enumerate(row.points.items()):
            y = at + dodge * (nth - (len(row.points) - 1) / 2)
            ax.plot([low, high], [y, y], color=colour[name], linewidth=1.2, solid_capstyle="butt")
            ax.plot(value, y, marker[name], color=colour[name], markersize=4)
        if row.note:
            ax.text(1.02, at, row.note, transform=ax.get_yaxis_transform(), va="center",
                    fontsize=SMALL)  # fmt: skip
    ax.set_yticks(range(len(rows)), [row.name for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    for tick, row in zip(ax.get_yticklabels(), rows, strict=True):
        if not row.points:
            tick.set_fontweight("bold")
