"""The studies of one store: one fold held out, one to validate on, the rest to learn from."""

from collections.abc import Callable, Container, Iterator
from functools import partial
from hashlib import sha256
from os import PathLike
from typing import Literal

import numpy as np
import pytorch_lightning as pl
from torch.utils.data import DataLoader, Dataset, Sampler

from mmseg_bone.data.batch import Batch
from mmseg_bone.data.encode import EncodeStudy, Sample, collate
from mmseg_bone.data.exchange import ExchangeReports
from mmseg_bone.errors import StoreError
from mmseg_bone.io.store import Store
from mmseg_bone.study import Study

Alter = Callable[[Study, np.random.Generator], Study]
_EXCHANGE = 1  # apart from the stream of augmentation, which stays as it is without


class StudyDataset(Dataset[Sample]):
    """Encoded studies, by place or, for training, by epoch and place.

    What exchange and augmentation do depends on seed, epoch and study alone, not on workers or
    on what came before, so that a run that was cut off goes on as if it had not been. Studies whose
    mask is ``withheld`` come as if nobody had drawn on them.
    """

    def __init__(
        self,
        store: Store,
        ids: list[str],
        encode: EncodeStudy,
        augment: Alter | None = None,
        seed: int = 0,
        exchange: Alter | None = None,
        withheld: Container[str] = (),
    ) -> None:
        self.store, self.ids, self.encode = store, ids, encode
        self.augment, self.seed, self.exchange = augment, seed, exchange
        self.withheld = withheld

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: int | tuple[int, int]) -> Sample:
        epoch, index = (None, place) if isinstance(place, int) else place
        id, maps = self.ids[index], self.encode.maps
        if id in self.withheld:
            maps = tuple(name for name in maps if name != "mask")
        study = self.store.read(id, maps)
        if epoch is None:
            return self.encode(study)
        at = [self.seed, epoch, index]
        if self.exchange is not None:
            study = self.exchange(study, np.random.default_rng([*at, _EXCHANGE]))
        augment = self.augment
        if augment is None:
            return self.encode(study)
        return self.encode(study, lambda coarse: augment(coarse, np.random.default_rng(at)))


class EpochShuffle(Sampler[tuple[int, int]]):
    """Places in an order that depends on seed and epoch only, with the epoch beside each.

    Lightning tells the epoch, also after a resume.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed, self.epoch = length, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Shuffle for this epoch from the next iteration on."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        return iter([(self.epoch, int(place)) for place in order])


class StudyDataModule(pl.LightningDataModule):
    """The studies of one store, one fold held out.

    The fold held out is seen once, after training. Which epoch was best is decided on the
    next fold, so that choosing it does not flatter the scores. What is only tried is scored on that
    next fold, too, and does not see the one held out at all. Studies nobody drew on are no
    negatives: they are left out of all, or learnt from by a task that needs no mask.

    Args:
        store: Directory of prepared studies.
        encode: Turns a study into tensors. It decides what a network can read: the image
            alone, or the report's tokens too.
        augment: Changes training studies before they are encoded.
        fold: The fold held out, as ``mmseg-bone prepare`` dealt them.
        batch_size: Studies per batch.
        workers: Processes that load them.
        seed: Of the order and the augmentation.
        stride: What the network needs height and width to be multiples of.
        include_undrawn: Learn from undrawn studies too, of no fold held out or validated on;
            for ``task=semi_supervised``.
        share: Share of the patients to learn from that are learnt from; at least one. The
            same ones for every seed, and those of a smaller share are among those of a
            larger one. Validation and the fold held out stay whole. With ``include_undrawn``, share
            of the drawn patients whose masks are learnt from; the rest are as if undrawn.
        repeat_drawn: How often an epoch has each drawn study, augmented anew each time, so that
            few of them do not drown in undrawn ones.
        scored: The fold predicted after training: the one ``held_out``, or ``validation``, of a
            trial by which something is chosen.
        exchanged: Share of the reports learnt from that are another patient's, dealt anew every
            epoch; see ``data.exchange``. Validation and the fold held out keep their own.

    Raises:
        StoreError: No drawn study is in that fold, or none is left to learn from; none with a
            lesion is left to validate on; a share is none.
    """

    def __init__(
        self,
        store: str | PathLike[str],
        encode: EncodeStudy,
        augment: Alter | None = None,
        *,
        fold: int = 0,
        batch_size: int = 4,
        workers: int = 0,
        seed: int = 0,
        stride: int = 32,
        include_undrawn: bool = False,
        share: float = 1.0,
        repeat_drawn: int = 1,
        exchanged: float = 0.0,
        scored: Literal["held_out", "validation"] = "held_out",
    ) -> None:
        super().__init__()
        self.store = Store(store)
        self.encode, self.augment = encode, augment
        self.fold, self.seed = fold, seed
        rows = self.store.rows
        drawn = [id for id in self.store.ids if rows[id]["drawn"] == "1"]
        folds = sorted({self.store.fold[id] for id in drawn})
        self._check(folds)
        validation = _next(folds, fold)
        self._check_lesions(folds, validation)
        self.test_ids = [id for id in drawn if self.store.fold[id] == fold]
        self.val_ids = [id for id in drawn if self.store.fold[id] == validation]
        self.scored_ids = {"held_out": self.test_ids, "validation": self.val_ids}[scored]
        if repeat_drawn < 1:
            raise StoreError(f"data.repeat_drawn={repeat_drawn}: expected 1 or more.")
        left = [id for id in self.store.ids if self.store.fold[id] not in (fold, validation)]
        masked = set(self._share([id for id in left if rows[id]["drawn"] == "1"], share))
        self.withheld = set(left) - masked  # as if nobody had drawn on them
        learnt = left if include_undrawn else [id for id in left if id in masked]
        self.train_ids = [id for id in learnt for _ in range(repeat_drawn if id in masked else 1)]
        self.exchange = ExchangeReports(self.store, self.train_ids, exchanged)
        self.loading = {
            "batch_size": batch_size,
            "num_workers": workers,
            "collate_fn": partial(collate, stride=stride),
        }

    def _check(self, folds: list[int]) -> None:
        dealt = ", ".join(map(str, folds)) or "none"
        if self.fold not in folds:
            raise StoreError(
                f"no drawn study of {self.store.path} is in fold {self.fold}; it has folds {dealt}."
            )
        if len(folds) < 3:
            raise StoreError(
                f"the drawn studies of {self.store.path} are in folds {dealt}. Three are needed: "
                f"one held out, one to validate on, the rest to learn from. Make the store again "
                f"with more folds (folds=3 or --folds 3)."
            )

    def _check_lesions(self, folds: list[int], validation: int) -> None:
        """Without a lesion Dice is undefined, and the first epoch would be taken for the best."""
        rows = self.store.rows
        lesions = {self.store.fold[id] for id, row in rows.items() if row["metastatic"] == "1"}
        if validation not in lesions:
            others = [fold for fold in folds if _next(folds, fold) in lesions]
            held_out = f"hold out another (fold={', '.join(map(str, others))}), or " * bool(others)
            raise StoreError(
                f"no study in fold {validation} of {self.store.path} has a lesion drawn, and that "
                f"fold is validated on when fold {self.fold} is held out, so nobody could say "
                f"which epoch is best. To go on, {held_out}make the store again with fewer folds "
                f"(folds=3 or --folds 3)."
            )

    def _share(self, ids: list[str], share: float) -> list[str]:
        """Studies of the first patients, in an order that depends on their names alone."""
        if not 0 < share <= 1:
            raise StoreError(
                f"data.share={share} is no share of the patients; expected more than 0, and 1 at "
                f"most."
            )
        patient = {id: self.store.rows[id]["patient"] for id in ids}
        # By digest, not by name: keys may be given in the order of years, or of cameras.
        order = sorted(set(patient.values()), key=lambda name: sha256(name.encode()).digest())
        kept = set(order[: max(1, round(share * len(order)))])
        return [id for id in ids if patient[id] in kept]

    def train_dataloader(self) -> DataLoader[Batch]:
        """Training studies, in an order of their own every epoch."""
        data = StudyDataset(
            self.store,
            self.train_ids,
            self.encode,
            self.augment,
            self.seed,
            self.exchange,
            self.withheld,
        )
        order = EpochShuffle(len(data), self.seed)
        loading = self.loading | {"persistent_workers": bool(self.loading["num_workers"])}
        return DataLoader(data, sampler=order, **loading)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader[Batch]:
        """Studies of the validation fold, in order of id, unchanged."""
        return self._in_order(self.val_ids)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """Studies of the fold that is scored, in order of id, unchanged."""
        return self._in_order(self.scored_ids)

    def _in_order(self, ids: list[str]) -> DataLoader[Batch]:
        # Its workers are copies of a process that trains: kept, they would come to hold all of that
        # one's memory a second time, so they end with the epoch.
        return DataLoader(StudyDataset(self.store, ids, self.encode), **self.loading)  # type: ignore[arg-type]


def _next(folds: list[int], fold: int) -> int:
    """The fold to validate on when this one is held out."""
    return folds[(folds.index(fold) + 1) % len(folds)]
