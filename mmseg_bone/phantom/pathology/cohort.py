"""What is wrong with the patients of a cohort: the shares a planner draws by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mmseg_bone.phantom.person import Population

Range = tuple[int, int]


def _default_counts() -> Mapping[str, float]:
    return {"1": 0.10, "2-5": 0.33, "6-20": 0.32, ">20": 0.18, "superscan": 0.07}


# How many clear metastases a stratum has, first and last included.
COUNT_RANGES: Mapping[str, Range] = {
    "1": (1, 1),
    "2-5": (2, 5),
    "6-20": (6, 20),
    ">20": (21, 40),
    "superscan": (30, 45),
}
# Share of cold lesions. Source: 0.8 % of all lesions in 638 Chinese patients; more in
# kidney (lytic or mixed), thyroid and lung; by primary our choice.
COLD_SHARE = {"kidney": 0.25, "thyroid": 0.05, "lung": 0.02, "other": 0.02}
COLD_SHARE_ELSEWHERE = 0.008


def _default_mimics() -> Mapping[str, float]:
    return {
        "degeneration": 0.55,  # past 60 years; half of it before
        "rib_fractures": 0.10,  # half of them several in a line
        "compression_fracture": 0.06,  # twice that in women past 65
        "costochondritis": 0.05,
        "paget": 0.005,
        "benign_tumour": 0.02,
        "dental": 0.20,
        "sinusitis": 0.08,
        "manubriosternal": 0.10,
        "contamination": 0.04,
        "extravasation": 0.06,
        "prosthesis": 0.05,
        "ornament": 0.03,
        "metal": 0.01,
        "necrosis": 0.01,
        "radiotherapy": 0.03,
        "soft_tissue": 0.03,
        "scoliosis": 0.08,
        "full_bladder": 0.25,
        "kidney_asymmetry": 0.12,
        "hydronephrosis": 0.04,
        "injection": 0.70,
        "one_sided_arthritis": 0.08,
        "tram_track": 0.004,
        "metabolic_superscan": 0.004,
    }


def _default_joints() -> Mapping[str, float]:
    frequent = {"knee": 0.45, "shoulder": 0.30, "sternoclavicular": 0.20, "foot": 0.15}
    return frequent | {"wrist": 0.10, "hip": 0.10, "sacroiliac": 0.08, "ankle": 0.08, "elbow": 0.06}


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """The patients to be drawn. Shares are of patients unless said otherwise; our choice.

    An ambiguous focus takes its place, size and uptake from one distribution, and only then
    a label, by a coin. So nothing in the image tells what it is, and nothing else about the
    patient does: clear metastases are counted without it.

    Attributes:
        population: Who is scanned.
        status: No metastasis; one to three ambiguous foci and no clear metastasis;
            clear metastases.
        counts: Metastatic patients by how many clear metastases they have.
        ambiguous_beside: Share of metastatic patients, 20 clear lesions or fewer, who have
            one or two ambiguous foci besides.
        ambiguous_metastatic: Share of ambiguous foci that are metastases.
        ratio, diameter_mm: Clear metastases: median, spread of the logarithm, limits.
            Ratios fitted to SUV of 99mTc-MDP (J Nucl Med 2016;57(suppl 2):1765; Eur J
            Hybrid Imaging 2017, s41824-017-0006-y).
        benign_ratio: The same for degeneration and its like, from the same series.
        ambiguous_ratio, ambiguous_diameter_mm: The same for the ambiguous pool, where the two
            above overlap.
        mimics: Frequency of each benign finding.
        joints: Frequency of a warm pair, at 60 years.
    """

    population: Population = field(default_factory=Population)
    status: Mapping[str, float] = field(
        default_factory=lambda: {"normal": 0.35, "ambiguous": 0.20, "metastatic": 0.45}
    )
    counts: Mapping[str, float] = field(default_factory=_default_counts)
    ambiguous_beside: float = 0.60
    ambiguous_metastatic: float = 0.50
    ratio: tuple[float, float, float, float] = (4.0, 0.72, 1.3, 20.0)
    diameter_mm: tuple[float, float, float, float] = (20.0, 0.5, 8.0, 80.0)
    benign_ratio: tuple[float, float, float, float] = (2.0, 0.5, 1.3, 6.0)
    ambiguous_ratio: tuple[float, float, float, float] = (2.8, 0.35, 1.6, 6.0)
    ambiguous_diameter_mm: tuple[float, float, float, float] = (16.0, 0.3, 9.0, 32.0)
    mimics: Mapping[str, float] = field(default_factory=_default_mimics)
    joints: Mapping[str, float] = field(default_factory=_default_joints)
