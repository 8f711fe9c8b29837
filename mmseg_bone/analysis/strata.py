"""Scores of kinds of scans, kinds of lesions and kinds of false alarms, each by itself.

A stratum is read as a question, not as a result: there are many, each of few patients, and no
interval here is corrected for their number.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from mmseg_bone.analysis.aggregation import summed
from mmseg_bone.analysis.beside import set_beside
from mmseg_bone.analysis.lesions import predictions, references
from mmseg_bone.analysis.scores import STUDY_STRATA
from mmseg_bone.analysis.statistics import mean_of_sums
from mmseg_bone.analysis.sums import PatientBootstrap, Summed

Tables = Mapping[str, pd.DataFrame]  # by experiment
# Borders in pixels as drawn; below 30 is what Wu et al. 2025 call small.
SIZES = {"< 30 px": (0, 30), "30-99 px": (30, 100), ">= 100 px": (100, np.inf)}
# How far a lesion stands out from its surroundings, in their standard deviations.
CONTRASTS = {
    "CNR < 1": (-np.inf, 1),
    "CNR 1-2": (1, 2),
    "CNR 2-4": (2, 4),
    "CNR >= 4": (4, np.inf),
}
# Drawn on the view that shows more of them; borders as Soloway et al. 1988 grade the extent of
# disease, https://doi.org/10.1002/1097-0142(19880101)61:1<195::AID-CNCR2820610133>3.0.CO;2-Y.
EXTENTS = {
    "no lesion": (0, 1),
    "1-5 lesions": (1, 6),
    "6-20 lesions": (6, 21),
    "> 20 lesions": (21, np.inf),
}
_REGIONS = ("head", "cervical", "thoracic", "lumbar", "sacrum")
_NAMES = {
    "style": "style of the report",
    "ambiguous": "pool",  # the scans with a focus that the image cannot tell
    "has_report": "report",
    "ambiguous_lesion": "ambiguity",
}
_YES = {"ambiguous": "ambiguous", "has_report": "with report"}
_NO = {"ambiguous": "clear", "has_report": "without report"}
DICE, SENSITIVITY, FALSE_ALARMS = "Dice, patient", "lesion sensitivity", "false positives, scan"


def strata_table(
    scores: Tables, lesions: Tables, *, baseline: str, interval: PatientBootstrap
) -> pd.DataFrame:
    """Every stratum with more than one level, by experiment.

    - Scans by primary, camera, style of the report, with an ambiguous focus or without, with
      a report or without: Dice per patient.
    - Drawn lesions by size, contrast, extent of disease, region, ambiguity and view: the share
      found.
    - False alarms by what they lie on, and in scans by the extent of disease: their number per
      scan.

    Where something is not known of a scan or lesion, it is in no level. A lesion keeps the
    size it was drawn with, so all experiments have the same lesions in a level.

    Args:
        scores: Rows of ``scores.csv`` of each experiment.
        lesions: Rows of ``lesions.csv``, likewise; may lack some.
        baseline: The experiment the others are set against.
        interval: Draws the patients.
    """
    rows: list[dict[str, object]] = []

    def add(stratum: str, measure: str, level: str, beside: list[dict[str, object]]) -> None:
        about = {"stratum": stratum, "level": level, "measure": measure}
        rows.extend(about | row for row in beside)

    for stratum, level, tables in _levels(scores, STUDY_STRATA):
        add(stratum, DICE, level, set_beside(tables, _dice, baseline=baseline, interval=interval))
    drawn = {name: _described(references(table)) for name, table in lesions.items()}
    for stratum, level, tables in _levels(drawn, _OF_LESIONS):
        beside = set_beside(
            tables, _sensitivity, baseline=baseline, interval=interval, keys=_LESION
        )
        add(stratum, SENSITIVITY, level, beside)
    for stratum, level, tables in _false_alarms(scores, lesions):
        beside = set_beside(tables, _per_scan, baseline=baseline, interval=interval)
        add(stratum, FALSE_ALARMS, level, beside)
    return pd.DataFrame(rows)


_LESION = ("id", "view", "number")
_OF_LESIONS = ("size", "contrast", "extent", "region", "ambiguous_lesion", "view")


def _dice(scores: pd.DataFrame) -> Summed:
    return summed(scores, "dice", "patient")


def _sensitivity(lesions: pd.DataFrame) -> Summed:
    """Share of lesions found; seeds are averaged for each lesion first."""
    hit = lesions.groupby(["patient", *_LESION]).hit.mean()
    sums = hit.groupby("patient").agg(["sum", "count"])
    return Summed(sums, mean_of_sums, len(hit))


def _per_scan(alarms: pd.DataFrame) -> Summed:
    per_scan = alarms.groupby(["patient", "id"]).alarms.mean()
    sums = per_scan.groupby("patient").agg(["sum", "count"])
    return Summed(sums, mean_of_sums, len(per_scan))


def _described(lesions: pd.DataFrame) -> pd.DataFrame:
    """With size, contrast and extent in words, and its ambiguity apart from the scan's."""
    extent = _extent(lesions).reindex(pd.MultiIndex.from_frame(lesions[["id", "seed"]]))
    described = lesions.assign(
        size=_in_bins(lesions.area_px, SIZES),
        extent=extent.to_numpy(),
        ambiguous_lesion=lesions.ambiguous,
    )
    if "cnr" in lesions:  # which tables of earlier versions lack
        described["contrast"] = _in_bins(lesions.cnr, CONTRASTS)
    return described


def _extent(drawn: pd.DataFrame, scans: pd.MultiIndex | None = None) -> pd.Series:
    """Extent of disease by study and seed, in words; of all scans, also those without a lesion."""
    of_view = drawn.groupby(["id", "seed", "view"]).size()
    count = of_view.groupby(["id", "seed"]).max()
    return _in_bins(count if scans is None else count.reindex(scans, fill_value=0), EXTENTS)


def _in_bins(values: pd.Series, bins: Mapping[str, tuple[float, float]]) -> pd.Series:
    """The name of the bin of each value; a border belongs to the bin above it."""
    named = pd.Series(None, values.index, dtype=object)
    for name, (low, high) in bins.items():
        named[(values >= low) & (values < high)] = name
    return named


def _levels(
    tables: Tables, strata: tuple[str, ...]
) -> Iterator[tuple[str, str, dict[str, pd.DataFrame]]]:
    for stratum in strata:
        known = {name: table for name, table in tables.items() if stratum in table}
        values = {v for table in known.values() for v in table[stratum].dropna().unique()}
        if len(values) < 2:
            continue
        for value in sorted(values, key=_order):
            of_value = {name: table[table[stratum] == value] for name, table in known.items()}
            yield _NAMES.get(stratum, stratum), _in_words(stratum, value), of_value


def _order(value: object) -> tuple[int, str]:
    """Sizes, contrasts and extents rise, the spine goes down, the rest follows the alphabet."""
    listed = [*SIZES, *CONTRASTS, *EXTENTS, *_REGIONS]
    return (listed.index(str(value)) if value in listed else len(listed), str(value))


def _in_words(stratum: str, value: object) -> str:
    named = stratum.removesuffix("_lesion")
    if named not in _YES:
        return str(value)
    return (_YES if float(str(value)) else _NO)[named]


def _false_alarms(
    scores: Tables, lesions: Tables
) -> Iterator[tuple[str, str, dict[str, pd.DataFrame]]]:
    """Their number in each study with each seed: of a kind, or in an extent of disease."""
    alarms = {name: predictions(table).query("hit == 0") for name, table in lesions.items()}
    if any(table.kind.notna().any() for table in lesions.values()):  # foci are known
        kinds = {name: table.kind.fillna("no focus") for name, table in alarms.items()}
        for kind in sorted(set().union(*kinds.values())):
            own = {name: table[kinds[name] == kind] for name, table in alarms.items()}
            yield "false alarm on", kind, {name: _counted(scores[name], own[name]) for name in own}
    counted = {name: _counted(scores[name], table) for name, table in alarms.items()}
    for name, table in counted.items():
        scans = pd.MultiIndex.from_frame(table[["id", "seed"]])
        table["extent"] = _extent(references(lesions[name]), scans).to_numpy()
    for _, extent, tables in _levels(counted, ("extent",)):
        yield "false alarm in", extent, tables


def _counted(scores: pd.DataFrame, alarms: pd.DataFrame) -> pd.DataFrame:
    """Alarms of each study and seed, 0 where there is none."""
    scans = scores[["id", "patient", "seed"]].drop_duplicates()
    number = alarms.groupby(["id", "seed"]).size()
    at = pd.MultiIndex.from_frame(scans[["id", "seed"]])
    return scans.assign(alarms=number.reindex(at, fill_value=0).to_numpy())
