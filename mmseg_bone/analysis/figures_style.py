"""How every chart looks: one hand, colours that colour-blind readers can tell apart."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Okabe & Ito 2008, without its green and red: those are reference and prediction on a scan.
_COLOURS = ("#0072B2", "#E69F00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X")  # one more, so that pairs differ up to 42
GREY = "0.55"
SMALL = 7.5  # points


def empty_figure(width_inches: float, height_inches: float) -> Figure:
    """A figure to draw in, which needs no screen."""
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def colours(experiments: Iterable[str]) -> dict[str, str]:
    """A colour for each experiment, in the order they are met; the same in every figure."""
    names = list(dict.fromkeys(experiments))
    return {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}


def markers(experiments: Iterable[str]) -> dict[str, str]:
    """A shape likewise, for print without colour."""
    names = list(dict.fromkeys(experiments))
    return {name: _MARKERS[at % len(_MARKERS)] for at, name in enumerate(names)}


def tidy(ax: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Name the axes, and leave out lines that say nothing."""
    ax.set_title(title, fontsize=9, loc="left", weight="bold")
    ax.set_xlabel(x, fontsize=8.5)
    ax.set_ylabel(y, fontsize=8.5)
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)


def legend(experiments: Sequence[str]) -> list[Line2D]:
    """Handles for a legend of experiments."""
    colour, marker = colours(experiments), markers(experiments)
    return [
        Line2D([], [], color=colour[name], marker=marker[name], markersize=4, label=name)
        for name in experiments
    ]
