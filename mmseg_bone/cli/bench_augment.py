"""How many images a second are augmented, by us and by others.

All rows are given the same phantoms in turn, each view with its mask, and one thread. What they
do to them differs; conf/bench/cost.yaml says how.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

from mmseg_bone.cli.bench_networks import make

if TYPE_CHECKING:
    import numpy as np

_CALLS, _REPEATS = 100, 5  # so many that the dice of a pipeline are thrown evenly


def augmentation(spec: Mapping[str, Any]) -> dict[str, float]:
    """Images a second of CPU time, the median of some repeats after a warm-up."""
    import numpy as np

    with np.load(spec["phantoms_at"]) as phantoms:
        call, images = _TAKES[spec["takes"]](spec, phantoms["counts"], phantoms["mask"])
    call()
    rates = []
    for _ in range(_REPEATS):
        start = time.process_time()
        for _ in range(_CALLS):
            call()
        rates.append(_CALLS * images / (time.process_time() - start))
    return {"images_s": statistics.median(rates)}


def _study(
    spec: Mapping[str, Any], counts: "np.ndarray", mask: "np.ndarray"
) -> tuple[Callable[[], object], int]:
    """Both views of a study, of whole counts, with mask and report."""
    import numpy as np
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    from mmseg_bone.cli import CONF
    from mmseg_bone.study import Report, Study

    with initialize_config_dir(str(CONF), version_base="1.3"):
        augment = instantiate(compose("train", ["store=."]).augment)
    rng = np.random.default_rng(0)
    report = Report(findings="左侧第5肋骨见异常放射性浓聚。", impression="考虑骨转移。")
    studies = cycle(
        Study(id="s", patient="p", counts=c, spacing_mm=(2.26, 2.26), mask=m, report=report)
        for c, m in zip(counts, mask, strict=True)
    )
    return lambda: augment(next(studies), rng), 2


def _views(
    spec: Mapping[str, Any], counts: "np.ndarray", mask: "np.ndarray"
) -> tuple[Callable[[], object], int]:
    """One view at a time, as float32 of 0 to 1, with its mask."""
    import numpy as np

    transform = make(spec["transform"])
    images = (counts / counts.max((2, 3), keepdims=True)).astype(np.float32)
    views = cycle(
        zip(
            images.reshape(-1, *images.shape[2:]),
            mask.reshape(-1, *mask.shape[2:]).astype(np.uint8),
            strict=True,
        )
    )

    def call() -> object:
        image, drawn = next(views)
        return transform(image=image, mask=drawn)

    return call, 1


def _tensor(
    spec: Mapping[str, Any], counts: "np.ndarray", mask: "np.ndarray"
) -> tuple[Callable[[], object], int]:
    """One view at a time, as a tensor with a channel, with its mask."""
    import torch

    torch.set_num_threads(spec["threads"])
    transform = make(spec["transform"])
    images = torch.from_numpy(counts / counts.max((2, 3), keepdims=True)).float()
    drawn = torch.from_numpy(mask).to(torch.int16)
    views = cycle(zip(images.flatten(0, 1)[:, None], drawn.flatten(0, 1)[:, None], strict=True))

    def call() -> object:
        image, mask = next(views)
        return transform(image=image, segmentation=mask)

    return call, 1


_TAKES = {"study": _study, "views": _views, "tensor": _tensor}
