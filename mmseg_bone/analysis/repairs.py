"""Where the Dice is lost: what it would be if one kind of error were repaired, and no other.

A mark answers for a drawn lesion it has a pixel in common with, however little of it. So each pixel
that is wrong belongs to one of three errors, and to repair all three is to draw the reference:

- ``no false marks``: those that touch no drawn lesion are gone.
- ``none missed``: drawn lesions that no mark touches are marked, to the pixel.
- ``outlines exact``: where marks and drawn lesions touch, the drawn lesions are marked instead.

Of phantoms, which know what a focus is that the image cannot tell, there are two more:

- ``ambiguous benign unmarked``: no pixel of such a focus is marked, but where a lesion is drawn.
- ``ambiguous metastases exact``: such a metastasis is marked to the pixel.

Source: the idea of one repair at a time, Bolya et al. 2020, https://arxiv.org/abs/2008.08115, for
boxes; kinds of error and the score are ours.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Bool

from mmseg_bone.analysis.aggregation import summed
from mmseg_bone.analysis.beside import set_beside
from mmseg_bone.analysis.marked import Marked
from mmseg_bone.analysis.sums import PatientBootstrap
from mmseg_bone.imaging.lesions import label_lesions
from mmseg_bone.metrics.overlap import confusion

AS_IT_IS = "as it is"
_Mask = Bool[np.ndarray, "view y x"]


def repaired(marked: Marked) -> dict[str, _Mask]:
    """The prediction as it is, and as it would be without one kind of error."""
    marks, drawn = marked.prediction, marked.reference
    false, missed = ~_touching(marks, drawn) & marks, ~_touching(drawn, marks) & drawn
    repairs = {
        AS_IT_IS: marks,
        "no false marks": marks & ~false,
        "none missed": marks | missed,
        "outlines exact": false | (drawn & ~missed),
    }
    study = marked.study
    if study.instances is not None:
        ambiguous = np.isin(study.instances, [f.number for f in study.foci if f.ambiguous])
        repairs["ambiguous benign unmarked"] = marks & ~(ambiguous & ~drawn)
        repairs["ambiguous metastases exact"] = marks | (ambiguous & drawn)
    return repairs


def repair_table(
    studies: Iterable[Marked], *, interval: PatientBootstrap | None = None
) -> pd.DataFrame:
    """Dice of patients after each repair, and how far that is from the Dice as it is.

    Args:
        studies: As a model marked them.
        interval: Draws the patients.

    Returns:
        Rows by pool, ``all`` and, where there are such patients, ``ambiguous focus``, and by
        repair, with ``value`` and ``difference`` and their intervals.
    """
    rows = pd.DataFrame([row for marked in studies for row in _rows(marked)])
    if rows.empty:
        return rows
    return pd.DataFrame(
        [
            {"pool": pool, **row}
            for pool, of_pool in (("all", rows), ("ambiguous focus", rows[rows.ambiguous]))
            if len(of_pool)
            for row in set_beside(
                {repair: of_pool[of_pool.repair == repair] for repair in of_pool.repair.unique()},
                partial(summed, metric="dice", aggregation="patient"),
                baseline=AS_IT_IS,
                interval=interval or PatientBootstrap(),
            )
        ]
    ).rename(columns={"experiment": "repair"})


def _rows(marked: Marked) -> Iterator[dict[str, object]]:
    """One row per repair and view: pixels counted, as ``summed`` takes them."""
    study = marked.study
    keys: dict[str, object] = {"id": study.id, "patient": study.patient}
    keys["ambiguous"] = any(focus.ambiguous for focus in study.foci)
    for repair, mask in repaired(marked).items():
        pixels = confusion(mask, marked.reference)
        for at, view in enumerate(study.views):
            counts = {name: int(getattr(pixels, name)[at]) for name in ("tp", "fp", "fn", "tn")}
            yield keys | {"repair": repair, "view": view} | counts


def _touching(parts: _Mask, others: _Mask) -> _Mask:
    """Those lesions of the first mask that have a pixel in common with the second."""
    touching = np.zeros_like(parts)
    for view, of_view in enumerate(parts):
        numbers, _ = label_lesions(of_view)
        touching[view] = np.isin(numbers, np.unique(numbers[of_view & others[view]])) & of_view
    return touching
