"""How every chart looks: one hand, colours that colour-blind readers can tell apart."""

from collections.abc import Iterable, Sequence
from typing import Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# After Okabe & Ito 2008 and Tol 2021, without green and red: those are reference and prediction
# on a scan.
_COLOURS = (
    *("#0072B2", "#E69F00", "#CC79A7", "#56B4E9"),
    *("#000000", "#8C6D46", "#332288", "#999933"),
)
_MARKERS = ("o", "s", "D", "^", "v", "P", "X")  # one fewer, so that pairs differ up to 56
_FIT_INSIDE = 5  # names
Corner = Literal["lower right", "upper left", "center left"]
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


def place_legend(figure: Figure, ax: Axes, handles: Sequence[Artist], corner: Corner) -> None:
    """Name experiments in a corner of the axes, or at the right of it if they are many."""
    if len(handles) <= _FIT_INSIDE:
        ax.legend(handles=handles, loc=corner, frameon=False, fontsize=SMALL)
        return
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + 2.3, height)
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=SMALL)


def legend_below(figure: Figure, handles: Sequence[Artist]) -> None:
    """Name experiments under the axes, side by side as far as they fit."""
    for columns in range(min(len(handles), 4), 0, -1):
        named = figure.legend(handles=handles, loc="outside lower center", ncols=columns,
                              frameon=False, fontsize=8.5)  # fmt: skip
        if columns == 1 or named.get_window_extent().width <= figure.bbox.width:
            return
        named.remove()
