import pandas as pd
import pytest

from mmseg_bone.io.runs import Run

NAN = float("nan")


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
                "primary": "lung" if study[0] in "ab" else "breast",
                "camera": None,
                "ambiguous": int(study[0] == "a"),
                "has_report": 1,
                "threshold": threshold,
                "hit_rule": hit_rule,
                "smallest_mm2": 0.0,
                "tolerance_mm": 5.0,
                "tp": hit,
                "fp": 0,
                "fn": 10 - hit,
                "tn": 90,
                "hausdorff95_mm": 0.0 if hit else NAN,
                "surface_dice": hit / 10,
                "lesions": 1,
                "lesions_hit": int(hit > 0),
                "false_positives": 0,
            }
            for study, hit in hits.items()
        ]
    )


def lesions(hits):
    """The lesion of each study, and what was predicted of it, with a probability of hit/10."""
    drawn = [_lesion(study, "reference", hit) for study, hit in hits.items()]
    return pd.DataFrame(drawn + [_lesion(s, "prediction", hit) for s, hit in hits.items() if hit])


def _lesion(study, source, hit):
    return {
        "id": study,
        "patient": study[0],
        "view": "anterior",
        "source": source,
        "number": 1,
        "area_px": 10 if study[0] == "a" else 50,
        "area_mm2": 51.0,
        "cnr": 0.5 if study[0] == "a" else 3.0,
        "bone": "skull",
        "region": "head",
        "kind": "metastasis",
        "ambiguous": int(study[0] == "a"),
        "hit": int(hit > 0),
        "mean_probability": hit / 10,
        "max_probability": hit / 10,
    }


def froc(hits):
    """At thresholds 0.2 and 0.8; at the lower one, a false positive per study."""
    return pd.DataFrame(
        [
            {
                "id": study,
                "patient": study[0],
                "lesions": 1,
                "threshold": threshold,
                "lesions_hit": int(hit / 10 >= threshold),
                "false_positives": int(threshold == 0.2),
            }
            for study, hit in hits.items()
            for threshold in (0.2, 0.8)
        ]
    )


def scans(hits):
    """Metastatic but for patient c; of a burden of 10 % as much is predicted as was hit."""
    return pd.DataFrame(
        [
            {
                "id": study,
                "patient": study[0],
                "metastatic": int(study[0] != "c"),
                "max_probability": hit / 10,
                "bsi_reference": 10.0 + at,
                "bsi_predicted": float(hit),
                "bsi_visible": 100.0,
                "bsi_true": NAN,
            }
            for at, (study, hit) in enumerate(hits.items())
        ]
    )


def maker(folder):
    """Makes scored runs in a folder; each call makes another."""

    def make(name, hits, *, seed=0, store="store-a", **settings):
        path = folder / f"{len(list(folder.iterdir()))}-{name}"
        run = Run.start(path, {"name": name, "seed": seed}, {"store_digest": store})
        run.write_scores(rows(hits, **settings))
        for table, made in (("lesions", lesions), ("froc", froc), ("scans", scans)):
            run.write_table(table, made(hits))
        return run

    return make


@pytest.fixture
def make_run(tmp_path):
    """Makes scored runs."""
    return maker(tmp_path)


@pytest.fixture(scope="module")
def make_run_once(tmp_path_factory):
    """Makes scored runs that the tests of a file share, and leave as they are."""
    return maker(tmp_path_factory.mktemp("runs"))
