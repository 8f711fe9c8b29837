"""What each number should be: values of the reference scan, and how far a scan may be from them.

The reference is the public NEMA sample NM1 (a GE Millennium MG, anterior, 3,596,452 counts, in
pydicom's test data as ``JPEG-LL.dcm``), measured by the functions of this package. How far
another patient may be from it is our choice: a factor 1.5 for most regions and 2.5 for joints and
for what varies with diet and dentist, 30 % for shares of counts, 5 % for Poisson noise.
"""

from dataclasses import dataclass

SOURCE = "NEMA NM1, GE Millennium MG"


@dataclass(frozen=True)
class Target:
    """One number of a scan.

    Attributes:
        name: As ``measure`` gives it.
        value: Of the reference scan; for the posterior view, of which there is none, what
            physics leads to expect.
        low: Least that passes.
        high: Most that passes.
        mandatory: Whether a scan without it cannot pass.
        lossy: Whether it survives lossy compression, and so may be asked of a compressed scan.
        posterior: Whether it is of the posterior view.
    """

    name: str
    value: float
    low: float
    high: float
    mandatory: bool = False
    lossy: bool = True
    posterior: bool = False


def _within(name: str, value: float, share: float, *, mandatory: bool = False) -> Target:
    return Target(name, value, value * (1 - share), value * (1 + share), mandatory)


def _factor(name: str, value: float, factor: float = 1.5, *, mandatory: bool = False) -> Target:
    return Target(f"{name} / thigh", value, value / factor, value * factor, mandatory)


TARGETS: tuple[Target, ...] = (
    Target("total counts", 3_596_452.0, 0.8e6, 4.5e6, lossy=False),
    Target("maximum", 278.0, 60.0, 600.0, lossy=False),
    Target("zero pixels", 0.495, 0.35, 0.60, lossy=False),
    Target("air per pixel", 0.27, 0.1, 0.6, lossy=False),  # in a scan of 3.6 million
    # The camera's useful field is narrower than its matrix.
    Target("columns without counts", 0.102, 0.004, 0.25, lossy=False),
    Target("counts in the body", 0.995, 0.98, 1.0, lossy=False),
    Target("body length mm", 1747.0, 1450.0, 1900.0, mandatory=True),
    Target("body area m2", 0.625, 0.45, 0.75),
    Target("largest width mm", 538.0, 380.0, 560.0),
    Target("widths, mean departure", 0.0, 0.0, 0.2),
    # Of the body blurred by 6.8 mm.
    _within("percentile 5 over median", 0.224, 0.25),
    _within("percentile 25 over median", 0.632, 0.25),
    _within("percentile 75 over median", 1.55, 0.25),
    _within("percentile 90 over median", 2.15, 0.25),
    _within("percentile 95 over median", 2.60, 0.40),
    _within("percentile 99 over median", 4.21, 0.40),
    Target("percentile 99.9 over median", 7.38, 4.0, 20.0),
    # Of sums over 4 × 4 pixels. The mean stands for counts and size of the body.
    _within("blocks, percentile 5 over mean", 0.231, 0.25),
    _within("blocks, percentile 25 over mean", 0.538, 0.25),
    _within("blocks, percentile 50 over mean", 0.837, 0.25),
    _within("blocks, percentile 75 over mean", 1.29, 0.25),
    _within("blocks, percentile 95 over mean", 2.15, 0.25),
    _within("blocks, percentile 99 over mean", 3.51, 0.40),
    _within("share of head", 0.096, 0.3, mandatory=True),
    _within("share of thorax", 0.283, 0.3, mandatory=True),
    _within("share of abdomen", 0.126, 0.3, mandatory=True),
    _within("share of pelvis", 0.192, 0.3, mandatory=True),
    _within("share of thighs", 0.140, 0.3, mandatory=True),
    _within("share of knees", 0.049, 0.3, mandatory=True),
    _within("share of legs and feet", 0.112, 0.3, mandatory=True),
    # Half the sum of differences: what 20 shares, each 30 % off, would come to.
    Target("shares in 20 bins, departure", 0.0, 0.0, 0.15),
    _factor("skull rim", 2.90),
    _factor("head centre", 1.49),
    _factor("nasopharynx and maxilla", 5.64, 2.5),
    _factor("mandible", 3.59),
    _factor("lower neck", 6.10, 2.5),
    _factor("manubrium", 6.80, 2.5),
    _factor("shoulders", 3.48, 2.5),
    _factor("rib zones", 2.36),
    _factor("right upper abdomen", 1.39),
    _factor("flanks", 1.38),
    _factor("iliac wings", 2.24),
    _factor("bladder", 9.83, 2.5),
    _factor("hips", 3.19, 2.5),
    _factor("pubis", 3.51),
    _factor("sternal body", 5.31),
    _factor("T12-L2", 3.32, mandatory=True),
    _factor("L3-L4", 4.23),  # degenerative in the reference
    _factor("L5-S1", 3.04),
    _factor("femoral shafts", 2.19, mandatory=True),
    _factor("knees", 2.45, 2.5),
    _factor("tibial shafts", 1.86),
    _factor("calf soft", 1.01),
    _factor("ankles", 2.33, 2.5),
    Target("skull edge mm", 13.7, 8.0, 17.0),
    Target("thigh edge mm", 16.1, 12.0, 26.0),
    Target("calf edge mm", 21.6, 12.0, 26.0),
    Target("bladder edge mm", 21.6, 12.0, 30.0),
    Target("femoral shaft width mm", 29.1, 24.0, 36.0),
    Target("femoral shaft / background", 2.36, 1.7, 3.2),
    Target("sternum width mm", 37.0, 28.0, 50.0),
    Target("lumbar spine width mm", 44.4, 38.0, 60.0),
    # 0.117 by single columns of pixels; calmer strips show less, and a range as wide.
    Target("rib modulation", 0.080, 0.048, 0.150),
    Target("rib spacing mm", 35.6, 28.0, 44.0),
    Target("hot spots", 34.0, 15.0, 70.0),
    Target("spectral slope", -4.19, -4.6, -3.6, mandatory=True),
    Target("noise from cycles/mm", 0.056, 0.04, 0.09, lossy=False),
    Target("noise floor, change", -0.028, -0.1, 0.1, lossy=False),
    Target("neighbour correlation", 0.0, -0.08, 0.08, lossy=False),
    # Physics. A planar spine is 3 to 4 times its flank from behind; kidneys are seen there.
    Target("posterior spine / flank", 3.5, 2.3, 5.3, posterior=True),
    Target("posterior kidneys / flank", 2.5, 1.3, 6.0, posterior=True),
    Target("posterior manubrium / spine", 1.0, 0.5, 1.5, posterior=True),  # 2.1 from in front
    Target("posterior / anterior bladder", 0.6, 0.15, 0.9, posterior=True),
)


def noise_target(name: str, tolerance: float, *, mandatory: bool, posterior: bool) -> Target:
    """Variance over mean of Poisson counts is 1, whatever the scan."""
    return Target(name, 1.0, 1 - tolerance, 1 + tolerance, mandatory, False, posterior)
