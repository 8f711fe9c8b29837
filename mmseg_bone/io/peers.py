"""A store as a data set that other programs train on: nnU-Net v2, and MONAI.

Both are given each view as a 2-D image of its own, ``ID_anterior`` and ``ID_posterior``: a mask is
drawn on one view and does not lie on the other, and neither program takes a label per channel.
Counts are written as acquired, as 16-bit PNG without loss, labels as 8-bit PNG (0 background, 1
metastasis). nnU-Net reads both with its ``NaturalImage2DIO``, MONAI with its ``PILReader``. PNG
keeps no pixel size.

Only studies that somebody drew on are labelled. The others are written too, as images to predict.
Neither reports nor notes leave the store.

Source: nnU-Net's documentation/dataset_format.md and manual_data_splits.md (Isensee et al. 2021,
Nat Methods 18:203); the data lists of the Medical Segmentation Decathlon as MONAI's
``load_decathlon_datalist`` reads them.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from mmseg_bone.errors import StoreError
from mmseg_bone.io.store import Store, write_atomically
from mmseg_bone.io.writing import holds_something
from mmseg_bone.study import Study

_LARGEST = 65_535  # what 16 bits hold
LABELS = {"background": 0, "metastasis": 1}


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What each drawn study is when one fold is held out, as for our own training.

    Attributes:
        train: Studies to learn from.
        validation: Of the next fold, to choose the best epoch on.
        test: Of the fold held out.
    """

    train: list[str]
    validation: list[str]
    test: list[str]


def roles(store: Store) -> dict[int, Roles]:
    """Who is what, for each fold held out.

    Raises:
        StoreError: Fewer than three folds were drawn on.
    """
    drawn = [id for id in store.ids if _drawn(store, id)]
    folds = sorted({store.fold[id] for id in drawn})
    if len(folds) < 3:
        dealt = ", ".join(map(str, folds)) or "none"
        raise StoreError(
            f"the drawn studies of {store.path} are in folds {dealt}; three are needed, to hold "
            f"one out, validate on one and learn from the rest. Make the store again with more."
        )
    following = dict(zip(folds, [*folds[1:], folds[0]], strict=True))
    return {
        fold: Roles(
            train=[id for id in drawn if store.fold[id] not in (fold, following[fold])],
            validation=[id for id in drawn if store.fold[id] == following[fold]],
            test=[id for id in drawn if store.fold[id] == fold],
        )
        for fold in folds
    }


def cases(store: Store, ids: list[str]) -> list[str]:
    """The names of the images of some studies, one for each view."""
    return [f"{id}_{view}" for id in ids for view in store.rows[id]["views"].split("+")]


def write_nnunet(
    store: Store, out: Path, *, number: int = 501, tick: Callable[[str], None] | None = None
) -> Path:
    """Write ``out/DatasetNNN_BoneScan``, to be put into ``nnUNet_raw``.

    ``splits_final.json`` in it belongs into the folder of the same name in
    ``nnUNet_preprocessed``. Its n-th split holds out our n-th fold: nnU-Net predicts that one
    after training, into ``fold_n/validation``, and uses it for nothing else. The fold on which
    our own networks choose their best epoch is not trained on, so that both learn from the
    same studies.

    Args:
        store: What to write.
        out: Folder of the data set's folder.
        number: Of the data set; nnU-Net's users take those from 500 upwards.
        tick: Told the id of each study when it is written.

    Raises:
        StoreError: The folder is not empty, there are fewer than three folds, or counts do not
            fit 16 bits.
    """
    who = roles(store)
    folder = _new(out / f"Dataset{number:03d}_BoneScan")
    _write_images(store, folder, "_0000", tick)
    drawn = [id for id in store.ids if _drawn(store, id)]
    about = {
        "name": "BoneScan",
        "description": "Planar whole-body bone scans, each view an image; written by mmseg-bone.",
        "channel_names": {"0": "counts"},
        "labels": LABELS,
        "numTraining": len(cases(store, drawn)),
        "file_ending": ".png",
        "overwrite_image_reader_writer": "NaturalImage2DIO",
        "store_digest": store.digest,
    }
    splits = [
        {"train": cases(store, role.train), "val": cases(store, role.test)} for role in who.values()
    ]
    _write_json(folder / "dataset.json", about)
    _write_json(folder / "splits_final.json", splits)
    return folder


def write_monai(store: Store, out: Path, *, tick: Callable[[str], None] | None = None) -> Path:
    """Write images, labels and data lists in the style of the decathlon.

    ``dataset_fold0.json`` and so on have ``training``, ``validation`` (the fold on which our
    networks choose their best epoch) and ``test`` (the fold held out). ``datalist.json`` has all
    drawn studies with their ``fold``, as Auto3DSeg wants them. ``PILReader`` gives columns
    before rows: predictions have to be written by MONAI's own writer, or turned back.

    Args:
        store: What to write.
        out: Folder of the data set.
        tick: Told the id of each study when it is written.

    Raises:
        StoreError: See ``write_nnunet``.
    """
    who = roles(store)
    _write_images(store, _new(out), "", tick)
    undrawn = [id for id in store.ids if not _drawn(store, id)]
    about = {
        "name": "BoneScan",
        "description": "Planar whole-body bone scans, each view an image; written by mmseg-bone.",
        "tensorImageSize": "2D",
        "modality": {"0": "NM"},
        "labels": {str(value): name for name, value in LABELS.items()},
        "store_digest": store.digest,
    }
    for fold, role in who.items():
        content = {
            "numTraining": len(cases(store, role.train)),
            "numTest": len(cases(store, role.test)),
            "training": _pairs(store, role.train),
            "validation": _pairs(store, role.validation),
            "test": [pair["image"] for pair in _pairs(store, role.test)],
        }
        _write_json(out / f"dataset_fold{fold}.json", about | content)
    everything = [
        {"fold": fold} | pair for fold, role in who.items() for pair in _pairs(store, role.test)
    ]
    testing = [{"image": f"imagesTs/{case}.png"} for case in cases(store, undrawn)]
    _write_json(out / "datalist.json", about | {"training": everything, "testing": testing})
    return out


def _pairs(store: Store, ids: list[str]) -> list[dict[str, str]]:
    return [
        {"image": f"imagesTr/{case}.png", "label": f"labelsTr/{case}.png"}
        for case in cases(store, ids)
    ]


def _drawn(store: Store, id: str) -> bool:
    return store.rows[id]["drawn"] == "1"


def _new(folder: Path) -> Path:
    if holds_something(folder):
        raise StoreError(
            f"{folder} is not empty. Name another folder with --out; nothing is overwritten."
        )
    return folder


def _write_images(
    store: Store, folder: Path, ending: str, tick: Callable[[str], None] | None
) -> None:
    for id in store.ids:
        study = store[id]
        images = folder / ("imagesTs" if study.mask is None else "imagesTr")
        for at, view in enumerate(study.views):
            content = _png(_as_16_bits(study, at))
            write_atomically(images / f"{id}_{view}{ending}.png", content)
            if study.mask is not None:
                label = study.mask[at].astype(np.uint8)
                write_atomically(folder / "labelsTr" / f"{id}_{view}.png", _png(label))
        if tick is not None:
            tick(id)


def _as_16_bits(study: Study, at: int) -> UInt16[np.ndarray, "y x"]:
    """Counts of a view as they are.

    Raises:
        StoreError: They are no whole numbers, or too large.
    """
    counts = study.counts[at]
    whole = counts.astype(np.uint16) if counts.max() <= _LARGEST else counts
    if whole.dtype != np.uint16 or not np.array_equal(whole, counts):
        raise StoreError(
            f"study {study.id!r}: counts of the {study.views[at]} view reach {counts.max():g}, or "
            f"are no whole numbers. PNG holds whole numbers up to {_LARGEST}: check whether the "
            f"scan was rescaled, and leave the study out if it was."
        )
    return np.asarray(whole)


def _png(image: UInt16[np.ndarray, "y x"] | UInt8[np.ndarray, "y x"]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG")
    return file.getvalue()


def _write_json(path: Path, content: Any) -> None:  # noqa: ANN401  (whatever JSON can say)
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
