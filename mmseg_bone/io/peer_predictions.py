"""What another program predicted on the images of ``io.peers``, read back."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Num
from PIL import Image, UnidentifiedImageError

from mmseg_bone.errors import RunError
from mmseg_bone.study import Study

_ENDINGS = (".npz", ".npy", ".png")  # a probability tells more than a mask, so it goes first
_METASTASIS = 1  # its place among the classes


class PeerPredictions:
    """Predictions in a folder, one file per view: ``ID_anterior.png`` and ``ID_posterior.png``.

    PNG is a mask: 0 and one other value. ``.npy`` and ``.npz`` are probabilities, rows before
    columns: of metastasis alone, or of background and metastasis, as nnU-Net writes with
    ``--save_probabilities``. Where there are several files of a view, the probability counts.
    Nothing pickled is loaded.

    Args:
        folder: Searched with all folders below it.
        suffix: What the program put behind each name, such as ``_seg``.

    Raises:
        RunError: There is no such file in it.
    """

    def __init__(self, folder: Path, suffix: str = "") -> None:
        self.folder, self.suffix = folder, suffix
        self.files: dict[str, list[Path]] = {}
        for ending in reversed(_ENDINGS):
            found: dict[str, list[Path]] = {}
            for path in sorted(folder.rglob(f"*{suffix}{ending}")):
                found.setdefault(path.stem, []).append(path)
            self.files |= found
        if not self.files:
            raise RunError(
                f"{folder} holds no *{suffix}.png, .npy or .npz. Name the folder the predictions "
                f"were written to; NIfTI has to be converted to PNG first."
            )

    def has(self, id: str, view: str) -> bool:
        """Whether a view was predicted."""
        return self._name(id, view) in self.files

    def read(self, study: Study) -> Float[np.ndarray, "view y x"]:
        """The prediction of a study, views in its order, masks as 0 and 1.

        Raises:
            RunError: A view is missing, is there twice, cannot be read, or does not lie on its
                counts.
        """
        views = [self._read(study.id, view, study.counts.shape[1:]) for view in study.views]
        return np.stack(views)

    def _name(self, id: str, view: str) -> str:
        return f"{id}_{view}{self.suffix}"

    def _read(self, id: str, view: str, shape: tuple[int, int]) -> Float[np.ndarray, "y x"]:
        name = self._name(id, view)
        if name not in self.files:
            raise RunError(
                f"{self.folder} holds no {name}.png, .npy or .npz: each view of every study of "
                f"the fold has to be predicted."
            )
        path, *twins = self.files[name]
        if twins:
            raise RunError(
                f"{path} and {twins[0]} are both predictions of one view. Name the folder of one "
                f"training."
            )
        own = _mask(path) if path.suffix == ".png" else _probability(path)
        image = own.astype(np.float32)
        if image.shape != shape:
            turned = image.shape == shape[::-1] and " Rows and columns have changed places."
            raise RunError(
                f"{path} has {image.shape[0]}×{image.shape[1]} pixels, its view "
                f"{shape[0]}×{shape[1]}.{turned or ''} Predictions lie on the exported image "
                f"pixel for pixel."
            )
        return image


def _mask(path: Path) -> Bool[np.ndarray, "y x"]:
    try:
        with Image.open(path) as file:
            image = np.asarray(file)
    except (UnidentifiedImageError, OSError):
        raise RunError(f"{path} cannot be read as PNG. Write the prediction again.") from None
    values = np.unique(image)
    if image.ndim != 2 or (values > 0).sum() > 1:
        raise RunError(
            f"{path} is no mask: it has {len(values)} different values in {image.ndim} "
            f"dimensions, where 0 and one other are expected, in 2. Write labels, or "
            f"probabilities as .npy."
        )
    return np.asarray(image > 0)


def _probability(path: Path) -> Num[np.ndarray, "y x"]:
    try:
        content: Any = np.load(path, allow_pickle=False)
        array = content[_only_key(path, content.files)] if path.suffix == ".npz" else content
    except (ValueError, OSError, EOFError):
        raise RunError(
            f"{path} cannot be read as a NumPy array of numbers. Write the prediction again, "
            f"without pickle."
        ) from None
    if array.ndim == 4 and array.shape[1] == 1:  # nnU-Net: a 2-D image is a volume of one slice
        array = array[:, 0]
    if array.ndim == 3 and array.shape[0] in (1, 2):
        array = array[_METASTASIS if array.shape[0] == 2 else 0]
    if array.ndim != 2:
        raise RunError(
            f"{path} has shape {array.shape}; expected rows × columns, or before them one or two "
            f"classes, the second metastasis."
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise RunError(
            f"{path} ranges from {array.min():g} to {array.max():g}; a probability lies from 0 to "
            f"1. Write it after the softmax or sigmoid."
        )
    return np.asarray(array)


def _only_key(path: Path, keys: list[str]) -> str:
    for key in ("probabilities", "softmax"):
        if key in keys:
            return key
    if len(keys) != 1:
        raise RunError(
            f"{path} holds {', '.join(keys) or 'nothing'}; expected one array, or one named "
            f"probabilities."
        )
    return keys[0]
