"""What a run was made with, so that it can be made again; never where or by whom."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "mmseg-bone",
    "torch",
    "pytorch-lightning",
    "transformers",
    "numpy",
    "scipy",
    "hydra-core",
    "albumentations",
    "jieba",
    "safetensors",
)
_CHECKOUT = Path(__file__).parents[2]


def environment(*, device: str, seed: int, store_digest: str) -> dict[str, Any]:
    """Versions and settings of this process, for ``environment.json``.

    Host and user names are left out: a run is handed on with the paper.

    Args:
        device: What it computes on, in words, such as ``cpu`` or the name of the GPU.
        seed: The seed of the run.
        store_digest: ``Store.digest`` of what it is trained on.
    """
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in _PACKAGES},
        "git_commit": _commit(),
        "device": device,
        "seed": seed,
        "store_digest": store_digest,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the checkout, marked if files were changed since; None for an installed wheel."""
    if not (_CHECKOUT / ".git").exists():
        return None
    git = ["git", "-C", str(_CHECKOUT)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10
        )
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if head.returncode:
        return None
    return head.stdout.strip() + ("+changes" if changed.returncode else "")
