"""One measurement of ``mmseg-bone bench``, in a process and perhaps an interpreter of its own.

It reads what to measure from its input and answers with numbers, both in JSON. Nothing is
imported above the functions but the standard library and what needs no more than that.
"""

import ctypes
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mmseg_bone.cli import bench_networks
from mmseg_bone.cli.machine import tune_allocator

if TYPE_CHECKING:  # imported late, so that --help is quick
    import torch

PRECISIONS = ("bfloat16", "float32")
_MIB = 2**20
# Channels and how far they are scaled down: the layers of a U-Net of base 32.
_LAYERS = ((32, 1), (64, 2), (128, 4), (256, 8), (512, 16))
Numbers = dict[str, float]


def main() -> None:
    """Measure what the input asks for; say which package is missing, if one is."""
    with _answers() as answers:
        spec = json.load(sys.stdin)
        try:
            numbers: Mapping[str, object] = measure(spec)
        except ModuleNotFoundError as error:
            numbers = {"absent": str(error.name).partition(".")[0]}
        json.dump(numbers, answers)


def measure(spec: Mapping[str, Any]) -> Numbers:
    """The numbers of one row, once: a warm-up, and what is measured."""
    tune_allocator()
    if spec["kind"] == "phantoms":
        return phantoms(spec)
    if spec["kind"] == "augmentation":
        from mmseg_bone.cli.bench_augment import augmentation

        return augmentation(spec)
    import torch

    torch.set_num_threads(spec["threads"])
    torch.manual_seed(0)
    if spec["kind"] == "convolution":
        return convolution(spec)
    device = spec["device"]
    build = bench_networks.ours if "train" in spec else bench_networks.peer
    timed = build(spec, device)
    # Libraries are not counted: whoever trains has others beside.
    weights = sum(p.numel() * p.element_size() for p in timed.module.parameters()) / _MIB
    with _peak_mib(device) as peak:
        before = peak() - weights
    optimizer = torch.optim.AdamW([p for p in timed.module.parameters() if p.requires_grad])
    numbers = {"parameters": float(sum(p.numel() for p in timed.module.parameters()))}
    for precision in spec.get("precisions", PRECISIONS):
        with _peak_mib(device) as peak:
            of_one = network(timed, optimizer, precision, device)
            of_one["train_mib"] = peak() - before
        numbers |= {f"{precision}.{name}": value for name, value in of_one.items()}
    return numbers


def network(
    timed: bench_networks.Timed, optimizer: "torch.optim.Optimizer", precision: str, device: str
) -> Numbers:
    """Seconds and FLOP of a training step on two images, and of a prediction of one."""
    import torch

    def mixed() -> torch.autocast:
        return torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")

    def step() -> None:
        with mixed():
            loss = timed.loss()
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()

    def infer() -> None:
        with mixed(), torch.inference_mode():
            timed.infer()

    timed.module.eval()
    infer_s, infer_flop = _seconds_and_flop(infer, device)
    timed.module.train()
    train_s, train_flop = _seconds_and_flop(step, device)
    return {
        "train_s": train_s,
        "train_flop": train_flop,
        "train_rate": train_flop / train_s,
        "infer_s": infer_s / timed.images,
        "infer_rate": infer_flop / infer_s,
    }


def convolution(spec: Mapping[str, Any]) -> Numbers:
    """The fastest a 3×3 convolution runs here, forwards, over the layers of a U-Net."""
    import torch

    best: Numbers = {}
    height, width = spec["image"]
    for channels, scale in _LAYERS:
        shape = (2, channels, max(height // scale, 1), max(width // scale, 1))
        for precision in spec.get("precisions", PRECISIONS):
            dtype = getattr(torch, precision)
            image = torch.randn(*shape, dtype=dtype, device=spec["device"])
            image = image.contiguous(memory_format=torch.channels_last)
            layer = torch.nn.Conv2d(channels, channels, 3, padding=1, dtype=dtype)
            layer.to(spec["device"], memory_format=torch.channels_last)  # type: ignore[call-overload]
            with torch.inference_mode():
                repeats = [_seconds_and_flop(lambda: layer(image), spec["device"]) for _ in "abc"]  # noqa: B023
            rate = repeats[0][1] / statistics.median(seconds for seconds, _ in repeats)
            name = f"{precision}.rate"
            best[name] = max(best.get(name, 0.0), rate)
    return best


def phantoms(spec: Mapping[str, Any]) -> Numbers:
    """What a phantom costs, and the median size that cropping to the body leaves of one.

    They are kept in the file ``phantoms_at``, for augmentation to move.
    """
    import numpy as np

    from mmseg_bone.data.steps import CropBody
    from mmseg_bone.phantom.patient import make_study

    crop, seconds, sizes, studies = CropBody(), [], [], []
    for number in range(spec["phantoms"]):
        start = time.process_time()
        study = make_study(number, seed=0)
        seconds.append(time.process_time() - start)
        sizes.append(crop(study).counts.shape[1:])
        studies.append(study)
    kept = {name: np.stack([getattr(s, name) for s in studies]) for name in ("counts", "mask")}
    np.savez(spec["phantoms_at"], **kept)  # type: ignore[arg-type]
    height, width = (statistics.median(sides) for sides in zip(*sizes, strict=True))
    return {"phantom_s": statistics.median(seconds), "height": height, "width": width}


def _seconds_and_flop(call: Callable[[], object], device: str) -> tuple[float, float]:
    """A warm-up, whose FLOP are counted, and the second time, which is timed.

    CPU seconds, which hold on a machine that does other things as well; on a GPU those that
    pass.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        call()
    now, wait = time.process_time, _do_nothing
    if device != "cpu":
        now, wait = time.perf_counter, torch.cuda.synchronize
    wait()
    start = now()
    call()
    wait()
    return now() - start, float(counter.get_total_flops())


def _do_nothing() -> None:
    pass


@contextmanager
def _peak_mib(device: str) -> Iterator[Callable[[], float]]:
    """Tells the peak in MiB since here; nan where nobody can."""
    import torch

    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        yield lambda: torch.cuda.max_memory_allocated() / _MIB
        return
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # give back what is free, kept for the next tensor
        Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is in use
    except (OSError, AttributeError):
        yield lambda: float("nan")
    else:
        yield _resident_peak_mib


def _resident_peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


@contextmanager
def _answers() -> Iterator[TextIO]:
    """The output for the answer alone: what libraries print goes where errors go."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        yield answers
