"""The wheel, installed outside the checkout, trains: conf/ travels with it."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def call(*words, cwd, **environment):
    # Without the variables that would lead back to the checkout.
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MMSEG_BONE_CONF")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The wheel alone in a folder; its dependencies are those already installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
    call(*build, CHECKOUT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile"]
    call(*pip, "--target", folder / "site", wheel, cwd=folder)
    return folder / "site"


def installed(site, *words, cwd):
    """Run the command of the installed wheel, with the environment's libraries behind it.

    ``-S`` leaves out the site module, and with it the editable install of the checkout.
    """
    libraries = sysconfig.get_paths()["purelib"]
    start = "from mmseg_bone.cli import main; main()"
    path = os.pathsep.join((str(site), libraries))
    return call(sys.executable, "-S", "-c", start, *words, cwd=cwd, PYTHONPATH=path)


def test_the_installed_package_is_the_one_that_runs(site, tmp_path):
    show = "import mmseg_bone.cli as c; print(c.__file__); print(c.CONF)"
    libraries = sysconfig.get_paths()["purelib"]
    path = os.pathsep.join((str(site), libraries))
    where = call(sys.executable, "-S", "-c", show, cwd=tmp_path, PYTHONPATH=path)
    assert where.splitlines() == [
        str(site / "mmseg_bone" / "cli" / "__init__.py"),
        str(site / "mmseg_bone" / "conf"),
    ]


def test_train_explains_itself(site, tmp_path):
    assert "experiment" in installed(site, "train", "--help", cwd=tmp_path)


def test_a_step_is_trained(site, tmp_path):
    installed(
        site, "phantom", "n=3", "folds=3", f"store={tmp_path}/store", "workers=1", cwd=tmp_path
    )
    options = ["size=demo", "trainer.max_epochs=1", "data.encode.rebin=8", "data.batch_size=1"]
    run = f"hydra.run.dir={tmp_path}/run"
    installed(
        site,
        "train",
        "experiment=text_fused",
        f"store={tmp_path}/store",
        run,
        *options,
        cwd=tmp_path,
    )
    assert (tmp_path / "run" / "weights.safetensors").exists()
    assert (tmp_path / "run" / "scores.csv").exists()


def test_the_wheel_carries_no_stray_files(site):
    top = {path.name for path in site.iterdir()}
    assert {name for name in top if not name.endswith(".dist-info")} <= {"mmseg_bone", "bin"}
