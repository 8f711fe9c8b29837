"""Where report and marks disagree, drawn on a study; the discrepancies in words of anatomy."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import ndimage

from mmseg_bone.analysis.agreement.agree import Discrepancy
from mmseg_bone.analysis.agreement.judging import Judgement
from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.imaging.lesions import label_lesions
from mmseg_bone.study import Study

# Not red and green, which are prediction and reference; dark enough on white.
LESION, SITE = "#7B1FA2", "#0057B8"
_KINDS = {
    "not_found": "named, not marked",
    "not_named": "marked, not named",
    "called_benign": "marked, called benign",
    "denied": "marked, denied",
}
_IN_WORDS = 8  # discrepancies; more are counted
_OR = 3  # bones of a lesion
_RING = 4  # pixels around a lesion


def draw_judgement(
    figure: Figure, study: Study, mask: Bool[np.ndarray, "view y x"], judged: Judgement
) -> None:
    """Mark discrepancies on a figure of a study, number them, and say below what they are.

    A purple ring is around a lesion that the report does not name or contradicts; a blue
    dashed outline around a bone that it names and where nothing is marked. A bone that the
    views do not show stands in the words only. Nothing is drawn where nothing was judged.

    Args:
        figure: From ``figures.figure_of``; its first axes are the views.
        study: What it shows.
        mask: The marks that were judged.
        judged: From ``judging.judge``.
    """
    if judged.agreement is None or judged.bones is None:
        return
    told = judged.agreement.discrepancies
    for at, (view, ax) in enumerate(zip(study.views, figure.axes, strict=False)):
        numbers, _ = label_lesions(mask[at])
        boxes = ndimage.find_objects(numbers)
        for number, one in enumerate(told, start=1):
            for _, lesion in (key for key in one.lesions if key[0] == view):
                _ring(ax, boxes[lesion - 1], number)
            if not one.lesions:
                _outline(ax, judged.bones.labels[at], one.bones, number)
    # Two lines more, so that it stands above the legend.
    figure.supxlabel(in_words(told) + "\n\n", fontsize=7.5, ha="left", x=0.02)


def in_words(told: Sequence[Discrepancy]) -> str:
    """A line for each discrepancy, with the names of its bones."""
    if not told:
        return "Report and marks agree."
    lines = [
        f"{number} {_KINDS[one.kind]}: {_bones(one)}"
        for number, one in enumerate(told[:_IN_WORDS], start=1)
    ]
    more = len(told) - len(lines)
    return "\n".join(
        ["Report and marks disagree:", *lines, *([f"and {more} more"] if more else [])]
    )


def _bones(one: Discrepancy) -> str:
    if not one.bones:
        return "outside the skeleton"
    if len(one.bones) > 1 and not one.lesions:  # named together
        return f"among {BY_NAME[one.bones[0]].region}"
    return " or ".join(name.replace("_", " ") for name in one.bones[:_OR])


def _ring(ax: Axes, box: tuple[slice, ...], number: int) -> None:
    rows, columns = box
    y, x = (rows.start + rows.stop - 1) / 2, (columns.start + columns.stop - 1) / 2
    radius = max(rows.stop - rows.start, columns.stop - columns.start) / 2 + _RING
    angle = np.linspace(0, 2 * np.pi, 60)
    ax.plot(x + radius * np.cos(angle), y + radius * np.sin(angle), color=LESION, linewidth=1.4)
    _number(ax, x + radius, y - radius, number, LESION)


def _outline(ax: Axes, bones: UInt8[np.ndarray, "y x"], names: Sequence[str], number: int) -> None:
    inside = np.isin(bones, [BY_NAME[name].label for name in names])
    if not inside.any():
        return
    framed = np.pad(inside, 1).astype(float)
    at = [np.arange(-1, size + 1) for size in inside.shape]
    ax.contour(at[1], at[0], framed, levels=[0.5], colors=SITE, linewidths=1.0, linestyles="dashed")
    rows, columns = np.nonzero(inside)
    _number(ax, float(columns.max()) + 2, float(rows.mean()), number, SITE)


def _number(ax: Axes, x: float, y: float, number: int, colour: str) -> None:
    ax.text(x, y, str(number), color=colour, fontsize=9, weight="bold", clip_on=True,
            bbox={"facecolor": "white", "alpha": 0.7, "pad": 0.5, "linewidth": 0})  # fmt: skip
