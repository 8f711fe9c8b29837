"""Reports of other patients while training, so that a network learns when not to believe one."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mmseg_bone.errors import StoreError
from mmseg_bone.io.store import Store
from mmseg_bone.study import Study


class ExchangeReports:
    """Give some studies the report of another patient; the drawing stays, so the image is right.

    As ``report_dropout`` teaches a network to do without a report, this teaches it to hold a report
    against the image. A study without a report stays without one.

    Args:
        store: Where the studies are.
        ids: Those learnt from; no report comes from elsewhere.
        share: Of the studies with a report that get another patient's.

    Raises:
        StoreError: That is no share, or there is no second patient to take a report from.
    """

    def __init__(self, store: Store, ids: Iterable[str], share: float) -> None:
        if not 0 <= share <= 1:
            raise StoreError(f"data.exchanged={share} is no share of the reports; expected 0 to 1.")
        self.store, self.share = store, share
        self.told = [id for id in ids if store.rows[id]["has_report"] == "1"]
        if share and len({store.rows[id]["patient"] for id in self.told}) == 1:
            raise StoreError(
                f"{store.path}: only one of the patients to learn from has a report, so none can "
                f"be exchanged. Leave out data.exchanged."
            )

    def __call__(self, study: Study, rng: np.random.Generator) -> Study:
        """The study, perhaps with another patient's report.

        Args:
            study: One of those learnt from.
            rng: Says whether, and whose.
        """
        if study.report is None or rng.random() >= self.share:
            return study
        others = [id for id in self.told if self.store.rows[id]["patient"] != study.patient]
        other = others[int(rng.integers(len(others)))]
        return replace(study, report=self.store.read(other, maps=()).report)
