"""How many images a second are augmented, by us and by others.

All rows are given images of the same size, each with its mask, and one thread. What they do to
them differs; conf/bench/cost.yaml says how.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from mmseg_bone.cli.bench_networks import make

_CALLS, _REPEATS = 100, 5  # so many that the dice of a pipeline are thrown evenly


def augmentation(spec: Mapping[str, Any]) -> dict[str, float]:
    """Images a second of CPU time, the median of some repeats after a warm-up."""
    call, images = _TAKES[spec["takes"]](spec)
    call()
    rates = []
    for _ in range(_REPEATS):
        start = time.process_time()
        for _ in range(_CALLS):
            call()
        rates.append(_CALLS * images / (time.process_time() - start))
    return {"images_s": statistics.median(rates)}


def _study(spec: Mapping[str, Any]) -> tuple[Callable[[], object], int]:
    """Both views of a study, of whole counts, with mask and report.

    There are counts and specks of a mask everywhere. A scan has air around the body, and a mask
    is a few spots or none, which can only be cheaper.
    """
    import numpy as np
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    from mmseg_bone.cli import CONF
    from mmseg_bone.study import Report, Study

    with initialize_config_dir(str(CONF), version_base="1.3"):
        augment = instantiate(compose("train", ["store=."]).augment)
    rng = np.random.default_rng(0)
    counts = rng.poisson(20, (2, *spec["image"])).astype(np.uint16)
    study = Study(
        id="s",
        patient="p",
        counts=counts,
        spacing_mm=(2.26, 2.26),
        mask=counts > 30,
        report=Report(findings="左侧第5肋骨见异常放射性浓聚。", impression="考虑骨转移。"),
    )
    return lambda: augment(study, rng), 2


def _views(spec: Mapping[str, Any]) -> tuple[Callable[[], object], int]:
    """One view at a time, as float32, with its mask."""
    import numpy as np

    transform = make(spec["transform"])
    image = np.random.default_rng(0).random(tuple(spec["image"]), np.float32)
    mask = (image > 0.99).astype(np.uint8)
    return lambda: transform(image=image, mask=mask), 1


def _tensor(spec: Mapping[str, Any]) -> tuple[Callable[[], object], int]:
    """One view at a time, as a tensor with a channel, with its mask."""
    import torch

    torch.set_num_threads(spec["threads"])
    transform = make(spec["transform"])
    image = torch.rand(1, *spec["image"])
    mask = (image > 0.99).to(torch.int16)
    return lambda: transform(image=image, segmentation=mask), 1


_TAKES = {"study": _study, "views": _views, "tensor": _tensor}
