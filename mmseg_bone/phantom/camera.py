"""A gamma camera: how uptake at a depth becomes counts in a pixel.

Photons are weakened on their way out, blurred by the collimator the more the further they come,
partly scattered into the energy window, and counted one by one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt16
from scipy import fft

MU_PER_CM = 0.153  # narrow beam, 140.5 keV; NIST: 0.153 cm2/g in every tissue of the body
BUILD_UP_PER_CM = 0.05
# A photon from near the skin cannot scatter far from where it would have come out. So scatter is
# spread in three lots, parted at two depths.
SCATTER_DEPTHS_CM = (3.0, 7.0)
SCATTER_CM = (0.6, 1.5, 3.5)
_FWHM = 2 * np.sqrt(2 * np.log(2))
_MU_LEAD_PER_MM = 2.69


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera head with its collimator, and how a hospital uses it.

    Attributes:
        name: Of the camera and collimator.
        hole_mm: Width of the collimator's holes, flat to flat.
        length_mm: Length of the holes.
        intrinsic_mm: FWHM of the crystal and its electronics.
        gap_mm: From the collimator's face to the middle of the crystal, less the holes.
        pixel_mm: Smallest and largest pixel size in use.
        columns: How many of the columns of the image the crystal covers.
        counts: Median of the counts per view.
        counts_spread: Of their logarithm.
    """

    name: str
    hole_mm: float
    length_mm: float
    intrinsic_mm: float = 3.8
    gap_mm: float = 8.0
    pixel_mm: tuple[float, float] = (2.2, 2.4)
    columns: int = 230
    counts: float = 2.0e6
    counts_spread: float = 0.35

    def resolution_mm(self, distance_mm: float) -> float:
        """FWHM of a point source at a distance from the collimator's face.

        Source: the collimator equation of Anger, R_c = d (L_e + z + B) / L_e, with holes that
        lead lets photons shorten, L_e = L - 2 / mu; hole sizes, SIMIND collimator data base.
        """
        effective = self.length_mm - 2 / _MU_LEAD_PER_MM
        collimator = self.hole_mm * (effective + distance_mm + self.gap_mm) / effective
        return float(np.hypot(collimator, self.intrinsic_mm))

    def sigma_cm(self, distance_cm: float) -> float:
        """Standard deviation of the blur at a distance from the collimator's face."""
        return self.resolution_mm(10 * distance_cm) / float(_FWHM) / 10


SIEMENS_ECAM = Camera(name="Siemens e.cam LEHR", hole_mm=1.11, length_mm=24.05)


def primary(depth_cm: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Share of photons that leave the body without meeting anything: exp(-mu d)."""
    share: Float[np.ndarray, "*n"] = np.exp(-MU_PER_CM * depth_cm)
    return share


def scatter_lot(depth_cm: Float[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    """Which of the lots that are spread equally far scatter from this depth belongs to."""
    lot: Int[np.ndarray, "*n"] = np.digitize(depth_cm, SCATTER_DEPTHS_CM)
    return lot


def expected(
    slabs: Float[np.ndarray, "slab y x"],
    scatter: Float[np.ndarray, "lot y x"],
    sigma_cm: list[float],
    spacing_cm: tuple[float, float],
) -> Float[np.ndarray, "y x"]:
    """The image a camera would see if it counted for ever.

    Done on frequencies, where a Gaussian blur is exact for any width and all slabs share one way
    back. What leaves one edge of the grid comes in at the opposite one: leave a margin.

    Args:
        slabs: Unscattered photons per pixel, by distance from the camera.
        scatter: Scattered photons per pixel, where they would have gone without scattering, in
            the lots of ``scatter_lot``.
        sigma_cm: Blur of each slab.
        spacing_cm: Pixel size along y and x.

    Source: scatter has an exponential line spread, Kojima 1991, Ann Nucl Med 5:139, of slope
    0.28 /cm, taken here for the deepest lot; the others are fitted to the air beside the legs of
    a real scan (NEMA NM1), where next to none is seen. With a build-up of 1 + 0.05 d the
    broad-beam mu comes out as 0.11-0.12 /cm.
    """
    shape = scatter.shape[-2:]
    fy, fx = (fft.fftfreq(shape[0], spacing_cm[0]), fft.rfftfreq(shape[1], spacing_cm[1]))
    square = fy[:, None] ** 2 + fx[None, :] ** 2
    total = np.zeros((shape[0], shape[1] // 2 + 1), complex)
    for lot, reach_cm in zip(scatter, SCATTER_CM, strict=True):
        # What has a line spread of exp(-|x| / l) in every direction has this transform.
        total += fft.rfft2(lot) / (1 + (2 * np.pi * reach_cm) ** 2 * square)
    total *= _gaussian(fy, fx, float(np.mean(sigma_cm)))
    for slab, sigma in zip(slabs, sigma_cm, strict=True):
        if slab.any():
            total += fft.rfft2(slab) * _gaussian(fy, fx, sigma)
    image: Float[np.ndarray, "y x"] = fft.irfft2(total, s=shape)
    np.maximum(image, 0.0, out=image)  # what rounding left below nothing
    return image


def _gaussian(
    fy: Float[np.ndarray, " a"], fx: Float[np.ndarray, " b"], sigma_cm: float
) -> Float[np.ndarray, "a b"]:
    factor = -2 * (np.pi * sigma_cm) ** 2
    gain: Float[np.ndarray, "a b"]
    gain = np.exp(factor * fy**2)[:, None] * np.exp(factor * fx**2)[None, :]
    return gain


def count(
    expectation: Float[np.ndarray, "y x"], rng: np.random.Generator
) -> UInt16[np.ndarray, "y x"]:
    """What the camera counts in one scan: a Poisson number for every pixel.

    The expectation is rounded to a thousandth of a count first. Processors differ in the last
    bits of an exponential, and a draw that hangs on them would not be the same everywhere.
    """
    counts = rng.poisson(np.round(expectation, 3))
    return np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16)
