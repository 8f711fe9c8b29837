"""Which site of its report each lesion read, as a picture: the lesions, and a matrix."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmseg_bone.analysis.figures.studies import PREDICTION, draw_study
from mmseg_bone.analysis.figures.style import SMALL, empty_figure
from mmseg_bone.analysis.grounding import Reading
from mmseg_bone.imaging.lesions import find_lesions
from mmseg_bone.study import Study

_VIEW_INCHES, _HEIGHT_INCHES = 2.4, 9.0
_CELL_INCHES = 0.32
_LEAST_SCALE = 0.05  # falls of less look pale, rather than be blown up


def grounding_figure(
    study: Study,
    mask: Bool[np.ndarray, "view y x"],
    readings: Sequence[Reading],
    bones: Mapping[tuple[str, int], Sequence[str]],
    *,
    title: str = "",
) -> Figure:
    """Draw marked lesions with their numbers, and how far each fades without each site.

    A row is a lesion, a column a site of the report, by its name in English: no word of the
    report is drawn. Orange is a fall, violet a rise. A black frame is around the sites of the
    bones that the lesion lies in: a network that reads its words has its orange there.

    Args:
        study: What was marked.
        mask: The marks.
        readings: From ``grounding.read_lesions``, of these marks.
        bones: In which each lesion lies, by view and number.
        title: Above all. It goes out with the picture: no names.
    """
    sites = list(dict.fromkeys(bone for one in readings for bone in one.falls))
    width = _VIEW_INCHES * len(study.views)
    matrix_inches = 2.4 + _CELL_INCHES * max(len(sites), 4)
    figure = empty_figure(width + matrix_inches, _HEIGHT_INCHES)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[width, matrix_inches])[0]
    axes = list(left.subplots(1, len(study.views), squeeze=False)[0])
    draw_study(study, axes, prediction=mask)
    _number(study, mask, axes)
    ax = right.subplots()
    if readings and sites:
        _draw_matrix(ax, figure, readings, sites, bones)
    else:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "no lesion, or no site", ha="center", transform=ax.transAxes)
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


def _number(study: Study, mask: Bool[np.ndarray, "view y x"], axes: Sequence[Axes]) -> None:
    of_view = dict(zip(study.views, axes, strict=True))
    lesions = find_lesions(
        mask, views=study.views, counts=study.counts, spacing_mm=study.spacing_mm
    )
    for lesion in lesions:
        y, x = lesion.centroid_px
        of_view[lesion.view].annotate(
            str(lesion.number), (x, y), xytext=(8, 4), textcoords="offset points",
            color=PREDICTION, fontsize=SMALL, weight="bold",
        )  # fmt: skip


def _draw_matrix(
    ax: Axes,
    figure: Figure,
    readings: Sequence[Reading],
    sites: Sequence[str],
    bones: Mapping[tuple[str, int], Sequence[str]],
) -> None:
    falls = np.array([[one.falls[site] for site in sites] for one in readings])
    most = max(float(np.abs(falls).max()), _LEAST_SCALE)
    shown = ax.imshow(falls, cmap="PuOr_r", vmin=-most, vmax=most, aspect="equal")
    for row, one in enumerate(readings):
        for column, site in enumerate(sites):
            if site in bones.get((one.view, one.number), ()):
                at = (column - 0.5, row - 0.5)
                ax.add_patch(Rectangle(at, 1, 1, fill=False, edgecolor="black", linewidth=1.4))
    names = [site.replace("_", " ") for site in sites]
    ax.set_xticks(range(len(sites)), names, rotation=90, fontsize=SMALL)
    lesions = [f"{one.view} {one.number} (p {one.probability:.2f})" for one in readings]
    ax.set_yticks(range(len(readings)), lesions, fontsize=SMALL)
    bar = figure.colorbar(shown, ax=ax, shrink=0.4)
    bar.set_label("fall in probability without the site's words", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
