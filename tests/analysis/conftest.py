import pandas as pd
import pytest

from mmseg_bone.io.runs import Run


def rows(hits, *, threshold=0.5, hit_rule="iou>=0.1"):
    """Scores of one view per study, of 10 lesion pixels each: how many were hit, by study.

    The patient is the first letter of the study; nothing is predicted outside lesions.
    """
    return pd.DataFrame(
        [
            {
                "id": study,
                "patient": study[0],
                "view": "anterior",
                "threshold": threshold,
                "hit_rule": hit_rule,
                "smallest_mm2": 0.0,
                "tp": hit,
                "fp": 0,
                "fn": 10 - hit,
                "tn": 90,
                "hausdorff95_mm": 0.0 if hit else float("nan"),
                "surface_dice": hit / 10,
                "lesions": 1,
                "lesions_hit": int(hit > 0),
                "false_positives": 0,
            }
            for study, hit in hits.items()
        ]
    )


@pytest.fixture
def make_run(tmp_path):
    """A scored run; each call makes another."""

    def make(name, hits, *, seed=0, store="store-a", **settings):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}-{name}"
        run = Run.start(path, {"name": name, "seed": seed}, {"store_digest": store})
        run.write_scores(rows(hits, **settings))
        return run

    return make
