"""Whether the image can tell a phantom's ambiguous foci apart: it must not.

An ambiguous focus is drawn from one distribution whether it is a metastasis or benign, so that
only the report settles it. Here a classifier gets everything a drawn outline offers and tries.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy import ndimage

from mmseg_bone.anatomy import BY_NAME, REGIONS
from mmseg_bone.study import Study

_RING = 6  # pixels around a focus that are its background
_FOLDS = 5
_KEYS = ("study", "patient", "focus", "view", "metastatic")


def measure_foci(studies: Iterable[Study]) -> pd.DataFrame:
    """One row per ambiguous focus and view it shows in, with what its outline offers.

    Mean, peak and total over the body's median, contrast to a ring around it, area, height
    over width, the place in the body's frame, the view, and the region of its bone.

    Args:
        studies: Phantoms: they carry ``foci`` and ``instances``.
    """
    return pd.DataFrame([row for study in studies for row in _measure_study(study)])


def image_auc(foci: pd.DataFrame, *, seed: int = 0) -> dict[str, float]:
    """How well classifiers tell metastases from the image, cross-validated by patient.

    The area under the curve of the out-of-fold probabilities, averaged over a focus's views:
    0.5 is a coin. Fitted inside the folds: scaling, logistic regression, boosted trees.

    Args:
        foci: From ``measure_foci``.
        seed: Of the folds and the trees.

    Returns:
        By classifier; nan where one class is missing.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    features = foci.drop(columns=list(_KEYS)).to_numpy(float)
    label, groups = foci["metastatic"].to_numpy(bool), foci["patient"].to_numpy()
    if len(np.unique(groups[label])) < _FOLDS or len(np.unique(groups[~label])) < _FOLDS:
        return {"logistic": float("nan"), "boosted": float("nan")}
    aucs = {}
    for name, model in (
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))),
        ("boosted", HistGradientBoostingClassifier(random_state=seed)),
    ):
        guess = cross_val_predict(
            model, features, label, cv=folds, groups=groups, method="predict_proba"
        )[:, 1]
        each = foci.assign(guess=guess).groupby(["study", "focus"])[["guess", "metastatic"]].mean()
        aucs[name] = float(roc_auc_score(each["metastatic"] > 0, each["guess"]))
    return aucs


def reading_auc(metastatic: Sequence[bool], suspicion: Sequence[float]) -> float:
    """How well a reading of the report tells metastases: the area under its curve.

    Args:
        metastatic: The truth of each focus.
        suspicion: What the report says of it, higher is more suspicious; a focus it does not
            mention belongs in the middle.
    """
    from sklearn.metrics import roc_auc_score

    if len(set(metastatic)) < 2:
        return float("nan")
    return float(roc_auc_score(list(metastatic), list(suspicion)))


def _measure_study(study: Study) -> Iterator[dict[str, object]]:
    if study.instances is None:
        return
    wanted = {focus.number: focus for focus in study.foci if focus.ambiguous}
    for view, counts, instances in zip(study.views, study.counts, study.instances, strict=True):
        body = counts > 0
        for number, focus in wanted.items():
            spot = instances == number
            if not spot.any():  # behind the other side of the body
                continue
            keys = (study.id, study.patient, number, view, int(focus.metastatic))
            region = BY_NAME[focus.bone].region if focus.bone else ""
            yield (
                dict(zip(_KEYS, keys, strict=True))
                | _outline_features(counts.astype(float), spot, body)
                | {"posterior": float(view == "posterior")}
                | {f"in_{name}": float(name == region) for name in REGIONS}
            )


def _outline_features(
    counts: Float[np.ndarray, "y x"], spot: Bool[np.ndarray, "y x"], body: Bool[np.ndarray, "y x"]
) -> dict[str, float]:
    level = float(np.median(counts[body]))
    ring = ndimage.binary_dilation(spot, iterations=_RING) & ~spot & body
    around = float(counts[ring].mean()) if ring.any() else level
    rows, columns = np.nonzero(spot)
    top, bottom = np.flatnonzero(body.any(axis=1))[[0, -1]]
    middle = float(np.nonzero(body)[1].mean())
    inside = counts[spot]
    return {
        "mean": float(inside.mean()) / level,
        "peak": float(inside.max()) / level,
        "total": float(inside.sum()) / level,
        "contrast": float(inside.mean()) / max(around, 1e-6),
        "area_px": float(spot.sum()),
        "elongation": float(np.ptp(rows) + 1) / float(np.ptp(columns) + 1),
        "y": float(rows.mean() - top) / float(bottom - top + 1),
        "x": float(columns.mean() - middle) / counts.shape[1],
    }
