"""Score one run, and keep the scores in it."""

from dataclasses import dataclass

from mmseg_bone.analysis.aggregation import summarise
from mmseg_bone.analysis.burden import burden_points
from mmseg_bone.analysis.detection import calibration_error, sensitivity
from mmseg_bone.analysis.marked import Cut, cut_of
from mmseg_bone.analysis.scores import Tables, score_run, undrawn
from mmseg_bone.io.runs import Run
from mmseg_bone.io.store import Store
from mmseg_bone.metrics.burden import bland_altman, spearman


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the scores of a run come to, and what to know of them.

    Attributes:
        summary: By aggregation and then by metric.
        beyond: What no aggregation of pixels tells: ``froc_score``, ``sensitivity_at_1_fp`` (per
            scan), ``lesion_ece``, and ``bsi_bias`` and ``bsi_spearman`` of the bone scan index
            against that of the reference; nan where undefined.
        studies: Scored.
        patients: Of these studies.
        undrawn: Studies predicted, but not scored, for nobody drew on them.
        seen: Studies scored that are not in the fold held out: the network may have been
            trained on them, and their scores say little about others.
    """

    summary: dict[str, dict[str, float]]
    beyond: dict[str, float]
    studies: int
    patients: int
    undrawn: tuple[str, ...]
    seen: tuple[str, ...]


def evaluate(run: Run, store: Store, cut: Cut | None = None) -> Evaluation:
    """Score a run's predictions and write its tables (see ``scores``) and ``summary.json``.

    Those of an earlier evaluation are replaced; both can be made again at any time.

    Args:
        run: Whose predictions.
        store: The store it was trained on.
        cut: How to make lesions of a probability; None for as the run was trained to.

    Raises:
        RunError: The store is not the one it was trained on, or a prediction is missing or
            does not lie on its study.
    """
    cut = cut or cut_of(run)
    tables = score_run(run, store, cut)
    scores = tables.scores
    evaluation = Evaluation(
        summary=summarise(scores),
        beyond=_beyond(tables),
        studies=scores.id.nunique(),
        patients=scores.patient.nunique(),
        undrawn=tuple(undrawn(store, run.predicted)),
        seen=_seen(run, store),
    )
    about = {
        "threshold": cut.threshold,
        "hit_rule": cut.rule,
        "smallest_mm2": cut.smallest_mm2,
        "tolerance_mm": cut.tolerance_mm,
        "store_digest": store.digest,
        "studies": evaluation.studies,
        "patients": evaluation.patients,
        "undrawn": len(evaluation.undrawn),
    }
    for name, table in tables._asdict().items():
        run.write_table(name, table)
    run.write_summary({"about": about, "beyond": evaluation.beyond} | evaluation.summary)
    return evaluation


def _beyond(tables: Tables) -> dict[str, float]:
    points = burden_points({"": tables.scans})
    predicted, reference = (points[of].to_numpy(float) for of in ("predicted", "reference"))
    some = len(tables.scores) > 0
    return {
        "froc_score": sensitivity(tables.froc).value if some else float("nan"),
        "sensitivity_at_1_fp": sensitivity(tables.froc, (1.0,)).value if some else float("nan"),
        "lesion_ece": calibration_error(tables.lesions).value if some else float("nan"),
        "bsi_bias": bland_altman(predicted, reference).bias,
        "bsi_spearman": spearman(predicted, reference),
    }


def _seen(run: Run, store: Store) -> tuple[str, ...]:
    held_out = run.config.get("fold")
    if not isinstance(held_out, int):
        return ()
    return tuple(id for id in run.predicted if store.fold.get(id) != held_out)
