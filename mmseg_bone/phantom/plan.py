"""What a phantom patient is, before anything is drawn or written.

``person`` and ``pathology`` make a plan from a seed; ``skeleton``, ``uptake``, ``body`` and
``camera`` draw it; ``wording`` writes its report. Drawing and writing never speak to each other,
so they agree only because both follow the plan.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Person:
    """A body and why it was scanned."""

    sex: str  # male, female
    age: int  # years
    height_cm: float
    bmi: float  # kg/m2
    primary: str  # prostate, lung, breast, kidney, thyroid, other


@dataclass(frozen=True, kw_only=True)
class PlannedFocus:
    """A spot to be drawn, and what it is.

    Attributes:
        number: From 1; value in the instance map.
        bone: Name from ``anatomy.BONES``; empty for a spot outside bone (see ``kind``).
        part: Named segment of the bone. Ribs: ``anterior``, ``lateral``, ``posterior``.
            Vertebrae: ``body``, ``posterior_elements``, ``left_edge``, ``right_edge``. Long
            bones: ``proximal``, ``middle``, ``distal``. Empty where none applies.
        along: Place along the bone from 0 to 1: ribs from head to front end, long bones from
            proximal to distal, the others from top to bottom.
        across: Place across the bone, -1 (its right margin) to 1 (its left margin).
        kind: metastasis, degeneration, fracture, compression_fracture, arthritis,
            costochondritis, dental, sinusitis, benign_tumour, contamination, injection, ...
        metastatic: Whether it belongs in the mask.
        ambiguous: Size and uptake from the one distribution shared by benign and metastatic
            foci, so that the image cannot tell which it is.
        ratio: Uptake over that of the bone around it; below 1 is a cold focus.
        diameter_mm: Of the sphere of the same volume.
        elongation: Length over width along the bone; 1 is round.
    """

    number: int
    bone: str
    part: str = ""
    along: float = 0.5
    across: float = 0.0
    kind: str
    metastatic: bool
    ambiguous: bool = False
    ratio: float
    diameter_mm: float
    elongation: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that drawing and writing must agree on.

    Attributes:
        person: Whose scan it is.
        foci: Focal uptake, numbered from 1 without gaps.
        superscan: Empty, ``metastatic`` (patchy, axial) or ``metabolic`` (uniform).
        joints: Warmth of joint pairs that degenerate in step, over normal: shoulder, elbow,
            wrist, sacroiliac, hip, knee, ankle, foot, sternoclavicular; absent means 1.
        kidneys: Uptake of the left and right kidney over normal.
        bladder_ml: Filling of the bladder.
        bladder_uptake: Over muscle.
        injection: Where the tracer went in (side, place) and its strength; None if not seen.
        scoliosis_cm: Largest lateral shift of the spine, positive to the patient's left.
        notes: Further features that drawing or writing know by name.
    """

    person: Person
    foci: tuple[PlannedFocus, ...]
    superscan: str = ""
    joints: dict[str, float] = field(default_factory=dict)
    kidneys: tuple[float, float] = (1.0, 1.0)
    bladder_ml: float = 150.0
    bladder_uptake: float = 30.0
    injection: tuple[str, str, float] | None = None
    scoliosis_cm: float = 0.0
    notes: dict[str, str] = field(default_factory=dict)
