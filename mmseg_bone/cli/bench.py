"""``mmseg-bone bench``: what phantoms, training and inference cost on this machine."""

import resource
import statistics
import time
from collections.abc import Callable
from typing import Annotated

import typer

_REPEATS = 5


def main() -> None:
    """Read the command line."""
    typer.run(bench)


def bench(
    base_channels: Annotated[int, typer.Option(help="Width of the networks.")] = 32,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
) -> None:
    """Time phantoms, training steps and inference at 1024x256, in CPU seconds.

    CPU seconds, not wall time: they hold on a machine that does other things as well. Each
    figure is the median of five after a warm-up. A step is one study of two views: forward,
    loss, backward, AdamW.
    """
    import torch

    from mmseg_bone.cli.machine import tune_allocator

    tune_allocator()
    torch.set_num_threads(threads)
    print(f"torch {torch.__version__}, {threads} thread(s), base_channels={base_channels}\n")
    print("| what | CPU s | GFLOP/s |\n|---|---|---|")
    seconds, flops = _convolution()
    print(_row("the machine: 3×3 convolution, 64→64 at 512×128", seconds, flops))
    print(_row("one phantom study", _phantom(), None))
    for experiment in ("text_free", "text_fused"):
        for precision in ("float32", "bfloat16"):
            step, infer, forward = _network(experiment, base_channels, precision)
            print(_row(f"{experiment}, {precision}: training step", step, 3 * forward))
            print(_row(f"{experiment}, {precision}: inference", infer, forward))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of this process: {peak:.1f} GiB")


def _row(what: str, seconds: float, flops: float | None) -> str:
    rate = "" if flops is None else f"{flops / seconds / 1e9:.0f}"
    return f"| {what} | {seconds:.3f} | {rate} |"


def _median(call: Callable[[], object], repeats: int = _REPEATS) -> float:
    call()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def _convolution() -> tuple[float, float]:
    """The fastest a convolution of this kind runs here."""
    import torch

    image = torch.randn(2, 64, 512, 128).contiguous(memory_format=torch.channels_last)
    layer = torch.nn.Conv2d(64, 64, 3, padding=1)
    layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.inference_mode():
        return _median(lambda: layer(image)), 2.0 * 2 * 512 * 128 * 64 * 64 * 9


def _phantom() -> float:
    from mmseg_bone.phantom.patient import make_study

    numbers = iter(range(100))
    return _median(lambda: make_study(next(numbers), seed=0))


def _network(experiment: str, base_channels: int, precision: str) -> tuple[float, float, float]:
    """CPU seconds of a training step and of inference, and the FLOPs of a forward pass."""
    import torch
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate
    from torch.utils.flop_counter import FlopCounterMode

    from mmseg_bone.cli import CONF

    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(
            "train", [f"experiment={experiment}", f"model.base_channels={base_channels}", "store=."]
        )
    torch.manual_seed(0)
    task = instantiate(cfg.task)
    batch = {
        "image": torch.rand(1, 2, 1024, 256),
        "mask": torch.rand(1, 2, 1024, 256) > 0.99,
        "views": torch.ones(1, 2, dtype=torch.bool),
        "tokens": torch.randint(5, 100, (1, 128)),
        "token_mask": torch.ones(1, 128, dtype=torch.bool),
    }
    optimizer = torch.optim.AdamW(task.parameters())
    mixed = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

    def step() -> None:
        with mixed:
            _, loss = task.score(batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    def infer() -> None:
        with mixed, torch.inference_mode():
            task(batch)

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        task(batch)
    train = _median(step)
    task.eval()
    return train, _median(infer), float(counter.get_total_flops())
