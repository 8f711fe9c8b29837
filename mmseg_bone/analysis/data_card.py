"""What a store of phantoms holds, next to what is published: tables and one figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmseg_bone.anatomy import BY_NAME
from mmseg_bone.study import Study

# Share of metastatic lesions by site; Source: 638 Chinese cancer patients, suzhouinfo.cn
# record 6798230 (abstract).
PUBLISHED_SITES = {
    "spine": 0.34,
    "ribs": 0.30,
    "pelvis": 0.18,
    "limbs": 0.10,
    "skull": 0.033,
    "sternum and clavicle": 0.024,
    "scapula": 0.023,
}
_SPINE = {"cervical", "thoracic", "lumbar", "sacrum"}
_BURDEN = ((0, 0, "none"), (1, 1, "1"), (2, 5, "2-5"), (6, 20, "6-20"), (21, 10**6, "more than 20"))


@dataclass(frozen=True)
class Contents:
    """What was gathered from a store.

    Attributes:
        studies: One row per study: notes, counts per view, lengths of the report, burden.
        foci: One row per focus.
    """

    studies: pd.DataFrame
    foci: pd.DataFrame


def gather(studies: Sequence[Study]) -> Contents:
    """Read what the tables need; studies are looked at one by one."""
    rows, foci = [], []
    for study in studies:
        report = study.report.text if study.report else ""
        counts = dict(zip(study.views, study.counts.sum(axis=(1, 2)).tolist(), strict=True))
        rows.append(
            {
                "id": study.id,
                **{k: study.notes.get(k, "") for k in _NOTES},
                **{f"counts_{view}": total for view, total in counts.items()},
                "metastases": sum(focus.metastatic for focus in study.foci),
                "ambiguous": any(focus.ambiguous for focus in study.foci),
                "report_characters": len(report.replace("\n", "")),
                "mask_pixels": 0 if study.mask is None else int(study.mask.sum()),
            }
        )
        foci += [
            {
                "id": study.id,
                "site": site_of(focus.bone),
                "kind": focus.kind,
                "metastatic": focus.metastatic,
                "ambiguous": focus.ambiguous,
                "mentioned": focus.mentioned,
                "ratio": focus.ratio,
                "diameter_mm": focus.diameter_mm,
            }
            for focus in study.foci
        ]
    return Contents(pd.DataFrame(rows), pd.DataFrame(foci, columns=_FOCUS_COLUMNS))


_NOTES = ("sex", "age_decade", "primary", "camera", "style")
_FOCUS_COLUMNS = (
    "id", "site", "kind", "metastatic", "ambiguous", "mentioned", "ratio", "diameter_mm"
)  # fmt: skip


def site_of(bone: str) -> str:
    """The coarse site of a bone, as series of metastases count them."""
    if not bone:
        return "outside bone"
    region, name = BY_NAME[bone].region, bone.rsplit("_", 1)[0]
    if region in _SPINE:
        return "spine"
    if region == "head":
        return "skull"
    if name in ("clavicle", "manubrium", "sternum"):
        return "sternum and clavicle"
    return "scapula" if name == "scapula" else region


def tables(contents: Contents) -> dict[str, pd.DataFrame]:
    """The card's tables, by heading."""
    studies, foci = contents.studies, contents.foci
    found = {
        "Patients": _shares(studies, _NOTES),
        "Burden": _burden(studies),
        "Sites of metastases": _sites(foci),
        "Foci": _kinds(foci),
        "Sizes, counts and lengths": _numbers(studies, foci),
    }
    return {heading: table for heading, table in found.items() if len(table)}


def _shares(studies: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    parts = [
        studies[column].value_counts(normalize=True).sort_index().rename("share").reset_index()
        .set_axis(["value", "share"], axis=1).assign(of=column)
        for column in columns
    ]  # fmt: skip
    return pd.concat(parts)[["of", "value", "share"]].round(3)


def _burden(studies: pd.DataFrame) -> pd.DataFrame:
    n = studies["metastases"]
    rows = [(label, float(((n >= low) & (n <= high)).mean())) for low, high, label in _BURDEN]
    rows.append(("an ambiguous focus", float(studies["ambiguous"].mean())))
    return pd.DataFrame(rows, columns=["metastases of a patient", "share of patients"]).round(3)


def _sites(foci: pd.DataFrame) -> pd.DataFrame:
    spread = foci.loc[foci["metastatic"].astype(bool), "site"].value_counts(normalize=True)
    rows = [(s, float(spread.get(s, 0.0)), known) for s, known in PUBLISHED_SITES.items()]
    return pd.DataFrame(rows, columns=["site", "share here", "share published"]).round(3)


def _kinds(foci: pd.DataFrame) -> pd.DataFrame:
    by_kind = foci.groupby("kind")
    table = pd.DataFrame(
        {
            "foci": by_kind.size(),
            "metastatic": by_kind["metastatic"].mean(),
            "ambiguous": by_kind["ambiguous"].mean(),
            "mentioned": by_kind["mentioned"].mean(),
            "median ratio": by_kind["ratio"].median(),
            "median mm": by_kind["diameter_mm"].median(),
        }
    )
    return table.astype(float).round(2).reset_index()


def _numbers(studies: pd.DataFrame, foci: pd.DataFrame) -> pd.DataFrame:
    clear = foci[foci["metastatic"].astype(bool) & ~foci["ambiguous"].astype(bool)]
    measured = {
        "ratio of a clear metastasis to its bone": (clear["ratio"], "4.0 (log-normal, sigma 0.72)"),
        "diameter of a clear metastasis, mm": (clear["diameter_mm"], "20 (our choice)"),
        "counts of the anterior view, million": (
            studies.get("counts_anterior", pd.Series(dtype=float)) / 1e6,
            "2.0 (log-normal, sigma 0.35; our choice)",
        ),
        "characters of a report": (studies["report_characters"], "92 to 450 in worked examples"),
        "pixels of the mask, both views": (
            studies.loc[studies["mask_pixels"] > 0, "mask_pixels"],
            "none found",
        ),
    }
    rows = [
        (name, *np.percentile(values.astype(float), [5, 50, 95]).round(2), known)
        for name, (values, known) in measured.items()
        if len(values)
    ]
    return pd.DataFrame(rows, columns=["of", "5 %", "median", "95 %", "published median"])


def draw(contents: Contents) -> Figure:
    """Histograms of what the tables summarise."""
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3)
    studies, foci = contents.studies, contents.foci
    clear = foci[foci["metastatic"].astype(bool)]
    _histogram(axes[0, 0], studies["metastases"].clip(upper=45), "metastases of a patient")
    _histogram(axes[0, 1], clear["ratio"].astype(float).clip(upper=20), "ratio to bone")
    _histogram(axes[0, 2], clear["diameter_mm"].astype(float), "diameter, mm")
    anterior = studies.get("counts_anterior", pd.Series(dtype=float)) / 1e6
    _histogram(axes[1, 0], anterior, "counts of the anterior view, million")
    _histogram(axes[1, 1], studies["report_characters"], "characters of a report")
    _draw_sites(axes[1, 2], _sites(foci))
    return figure


def _histogram(ax: Axes, values: pd.Series, label: str) -> None:
    ax.hist(values, bins=30, color="0.4")
    ax.set(xlabel=label, ylabel="number")


def _draw_sites(ax: Axes, sites: pd.DataFrame) -> None:
    at = np.arange(len(sites))
    ax.barh(at - 0.2, sites["share here"], 0.4, color="0.4", label="here")
    ax.barh(at + 0.2, sites["share published"], 0.4, color="0.75", label="published")
    ax.set_yticks(at, sites["site"], fontsize=8)
    ax.invert_yaxis()
    ax.set(xlabel="share of metastases")
    ax.legend(frameon=False, fontsize=8)
