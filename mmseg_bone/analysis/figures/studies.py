"""Studies as a reader sees them. Draws what it is given, never a word of a report."""

from collections.abc import Iterable, Sequence
from io import BytesIO

import numpy as np
from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmseg_bone.study import Study

REFERENCE, PREDICTION = "tab:green", "tab:red"  # one meaning each, in every figure
# The patient's side at the left and at the right of the image, as each camera sees it.
SIDES = {"anterior": ("R", "L"), "posterior": ("L", "R")}
_SCALE_MM = 200
_PER_ROW = 13  # views
_INCHES_PER_VIEW, _MARGIN_INCHES = (2.4, 9.0), 0.8


def draw_study(
    study: Study,
    axes: Iterable[Axes],
    *,
    prediction: Bool[np.ndarray, "view y x"] | None = None,
    window: tuple[float, float] = (0.0, 0.995),
    plain: bool = False,
) -> None:
    """Draw a study the way a reader sees it: dark bone on white, anterior first.

    R and L are the patient's. The grey scale is in counts per pixel and the same for both
    views, so that grey means the same thing on either side.

    Args:
        study: What to draw; its own mask is outlined if it has one.
        axes: One per view.
        prediction: A predicted mask, outlined over it.
        window: Quantiles of the counts shown as white and as black.
        plain: Leave out title, grey scale and scale bar, where many stand side by side.
    """
    white, black = np.quantile(study.counts, window)
    black = max(black, white + 1)  # a blank view is white, not an error
    for view, (name, ax) in enumerate(zip(study.views, axes, strict=True)):
        ax.imshow(
            study.counts[view],
            cmap="gray_r",
            vmin=white,
            vmax=black,
            aspect=study.spacing_mm[0] / study.spacing_mm[1],
        )
        for mask, colour in ((study.mask, REFERENCE), (prediction, PREDICTION)):
            if mask is not None and mask[view].any():
                # Framed with False, so that an outline closes at the edge of the image.
                framed = np.pad(mask[view], 1).astype(float)
                at = [np.arange(-1, size + 1) for size in mask[view].shape]
                width = 0.6 if plain else 0.8
                ax.contour(at[1], at[0], framed, levels=[0.5], colors=colour, linewidths=width)
        for x, side in zip((0.03, 0.97), SIDES[name], strict=True):
            ax.text(x, 0.99, side, transform=ax.transAxes, ha="center", va="top", weight="bold",
                    fontsize=8 if plain else None)  # fmt: skip
        ax.set(xticks=[], yticks=[])
        if plain:
            continue
        ax.set_title(name)
        ax.set_xlabel(f"white {white:.0f}, black {black:.0f} counts/pixel", fontsize=7)
        _draw_scale(ax, study)


def figure_of(
    study: Study, *, prediction: Bool[np.ndarray, "view y x"] | None = None, title: str = ""
) -> Figure:
    """A figure of one study, with a legend for the outlines in it.

    Args:
        study: What to draw.
        prediction: A predicted mask.
        title: Above both views. It goes out with the picture: no names.
    """
    width, height = _INCHES_PER_VIEW
    figure = Figure(
        figsize=(width * len(study.views) + 0.3, height + _MARGIN_INCHES), layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(study.views), squeeze=False)[0]
    draw_study(study, axes, prediction=prediction)
    outlines = [
        Line2D([], [], color=colour, label=label if mask.any() else f"{label}: none")
        for mask, colour, label in (
            (study.mask, REFERENCE, "reference"),
            (prediction, PREDICTION, "prediction"),
        )
        if mask is not None
    ]
    if outlines:
        figure.legend(handles=outlines, loc="outside lower center", ncols=2, frameon=False)
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


def gallery(studies: Sequence[Study], *, window: tuple[float, float] = (0.0, 0.985)) -> Figure:
    """Many studies side by side, views without gaps, at one scale in millimetres.

    The grey scale of each view is its own body's, so that scans of different dose and speed
    look as a reader would set them.

    Args:
        studies: What to draw, from left to right.
        window: Quantiles of the pixels that hold a count, shown as white and as black.
    """
    views = [(study, at) for study in studies for at in range(len(study.views))]
    rows = -(-len(views) // _PER_ROW)
    height_mm = max(_imaged_mm(study) for study in studies)
    figure = Figure(figsize=(1.3 * min(len(views), _PER_ROW), 4.6 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, min(len(views), _PER_ROW), squeeze=False)
    for ax in grid.flat:
        ax.set_axis_off()
    for (study, at), ax in zip(views, grid.flat, strict=False):
        counts = study.counts[at]
        white, black = np.quantile(counts[counts > 0], window) if counts.any() else (0.0, 1.0)
        y, x = (size * mm for size, mm in zip(counts.shape, study.spacing_mm, strict=True))
        ax.imshow(counts, cmap="gray_r", vmin=white, vmax=black, extent=(-x / 2, x / 2, y, 0))
        ax.set(ylim=(height_mm, 0), xlim=(-290, 290))
        ax.set_title(f"{study.id}\n{study.views[at]}", fontsize=6)
    return figure


def _imaged_mm(study: Study) -> float:
    """How far down a study holds counts; its whole height if it holds none."""
    rows = np.flatnonzero(study.counts.any(axis=(0, 2)))
    last = rows[-1] + 1 if rows.size else study.counts.shape[1]
    return float(last * study.spacing_mm[0])


def to_png(figure: Figure, dpi: int = 130) -> bytes:
    """A figure as PNG."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return file.getvalue()


def _draw_scale(ax: Axes, study: Study) -> None:
    """A bar of 20 cm at the lower left, if the view is that large."""
    height, width = study.counts.shape[1:]
    length = _SCALE_MM / study.spacing_mm[0]
    if length < height:
        x, bottom = 0.04 * width, 0.98 * height
        ax.plot([x, x], [bottom - length, bottom], color="black", linewidth=1.5)
        middle = bottom - length / 2
        ax.text(x + 0.02 * width, middle, f"{_SCALE_MM // 10} cm", fontsize=7, va="center")
