import logging
import os
import signal
import subprocess
import sys
import time

import pytest

from mmseg_bone.cli import main
from mmseg_bone.cli.phantom import Dealt, Parts, make, settings_from
from mmseg_bone.errors import BusyError, PhantomError
from mmseg_bone.io.lock import alone
from mmseg_bone.io.store import Store
from mmseg_bone.phantom.patient import make_study

CAMERA = {"name": "one", "hole_mm": 1.11, "length_mm": 24.05, "pixel_mm": [2.4, 2.4]}
CONFIG = {"patients": {}, "cameras": [CAMERA], "styles": ["standard"]}


def store(path, *, n=3, workers=1, seed=0):
    settings = settings_from(CONFIG)
    make(str(path), Dealt(n, 2), seed=seed, workers=workers, settings=settings)
    return Store(path)


def phantom(*words):
    return [sys.executable, "-m", "mmseg_bone.cli", "phantom", *words]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return store(tmp_path_factory.mktemp("phantoms") / "store")


def test_a_store_holds_what_was_asked_for(whole):
    assert whole.ids == ["s000000", "s000001", "s000002"]
    assert set(whole.fold.values()) == {0, 1}
    assert whole["s000001"].notes["camera"] == "one"
    assert whole["s000001"].spacing_mm == (2.4, 2.4)


def test_any_number_of_workers_gives_the_same_store(whole, tmp_path):
    assert store(tmp_path / "two", workers=2).digest == whole.digest


def test_a_store_that_another_process_makes_is_left_alone(whole):
    before = whole.digest
    with alone(whole.path), pytest.raises(BusyError, match="another process is at work on"):
        store(whole.path)
    assert store(whole.path).digest == before


def test_another_seed_gives_another_store(whole, tmp_path):
    assert store(tmp_path / "other", seed=1).digest != whole.digest


def test_killed_in_the_middle_and_run_again_it_ends_the_same(tmp_path):
    words = ("n=4", f"store={tmp_path / 'cut'}", "phantom/cameras=siemens_ecam")
    running = subprocess.Popen(phantom(*words), stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while not list((tmp_path / "cut").glob("studies/*.safetensors")):
        assert running.poll() is None
        assert time.monotonic() - started < 60
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "cut" / "manifest.csv").exists()
    again = subprocess.run(phantom(*words), capture_output=True, text=True, check=True)
    assert "4 studies" in again.stdout
    assert "(4 new)" not in again.stdout
    whole = ("n=4", f"store={tmp_path / 'whole'}", "phantom/cameras=siemens_ecam")
    subprocess.run(phantom(*whole), capture_output=True, check=True)
    assert Store(tmp_path / "cut").digest == Store(tmp_path / "whole").digest


def test_a_finished_store_is_left_alone_and_can_grow(whole, tmp_path, capsys):
    grown = store(tmp_path / "grown", n=2)
    assert len(grown) == 2
    assert store(tmp_path / "grown").digest == whole.digest
    assert "(1 new)" in capsys.readouterr().out


def test_hydra_leaves_nothing_behind(tmp_path):
    words = phantom("n=1", f"store={tmp_path / 'store'}", "folds=1")
    subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"patients": {"colour": 1}}, "patients has no field colour. It has: "),
        ({"cameras": []}, "cameras lists none"),
        ({"cameras": [CAMERA | {"hole": 2}]}, "cameras has no field hole"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(config, said):
    with pytest.raises(PhantomError, match=said):
        settings_from(CONFIG | config)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"workers": 0}])
def test_numbers_below_one_are_refused(wrong, tmp_path):
    with pytest.raises(PhantomError, match="give 1 or more"):
        store(tmp_path, **wrong)


def test_without_a_place_to_write_it_says_what_to_give(command):
    assert "store=DIR" in command("phantom")


def test_a_cohort_is_a_store_for_each_of_its_sets_and_parts_are_folds(tmp_path):
    words = (
        "cohort=quick",
        f"store={tmp_path}/quick",
        "phantom/cameras=siemens_ecam",
        "stores.main.parts={test: 2, validation: 1, train: 1}",
        "stores.shifted_camera.parts.test=2",
        "stores.shifted_wording.parts.test=2",
    )
    told = subprocess.run(phantom(*words), capture_output=True, text=True, check=True).stdout
    assert "cohort digest" in told
    main, camera, wording = (
        Store(tmp_path / "quick" / name) for name in ("main", "shifted_camera", "shifted_wording")
    )
    assert list(main.fold.values()) == [0, 0, 1, 2]
    tested = ["s000000", "s000001"]
    assert camera.ids == wording.ids == tested
    for id in tested:  # the same patients: seen by another camera, told in other words
        usual, elsewhere, otherwise = main[id], camera[id], wording[id]
        assert elsewhere.notes["camera"] == "GE Millennium LEHR"
        assert elsewhere.report == usual.report
        assert elsewhere.counts.sum() < usual.counts.sum()
        assert (otherwise.counts == usual.counts).all()
        assert otherwise.report != usual.report


def test_phantoms_go_the_whole_way_from_dicom_to_a_store(tmp_path):
    hospital, stored = tmp_path / "hospital", tmp_path / "store"
    words = ("n=2", f"store={hospital}", "format=dicom", "phantom/cameras=siemens_ecam")
    subprocess.run(phantom(*words), capture_output=True, check=True)
    files = (f"{hospital}/manifest.csv", "--reports", f"{hospital}/reports.csv")
    prepare = [sys.executable, "-m", "mmseg_bone.cli", "prepare", *files, "--folds", "2"]
    prepare += ["--store", str(stored)]
    subprocess.run(prepare, capture_output=True, check=True)
    made = {counts_of(study) for study in map(Store(stored).__getitem__, Store(stored).ids)}
    assert made == {counts_of(make_study(number, 0, SETTINGS)) for number in range(2)}


def counts_of(study):
    return study.counts.astype("uint16").tobytes()


SETTINGS = settings_from(
    CONFIG | {"cameras": [CAMERA | {"name": "Siemens e.cam LEHR"}], "styles": []}
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("format=nifti",), "format=nifti: expected store or dicom"),
        (("n=0",), "n=0: give 1 or more"),
        (("workers=0",), "workers=0: give 1 or more"),
    ],
)
def test_what_cannot_be_made_is_said(tmp_path, words, told):
    done = subprocess.run(
        phantom(f"store={tmp_path}/x", *words), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert told in done.stderr


def test_parts_are_folds_in_their_order():
    patients = {f"p{i}": i % 2 == 0 for i in range(5)}
    parts = Parts({"test": 2, "validation": 1, "train": 2})
    assert parts.n == 5
    assert parts(patients, seed=0) == {"p0": 0, "p1": 0, "p2": 1, "p3": 2, "p4": 2}


def test_the_cohort_of_few_lesions_holds_no_skeleton_full_of_them():
    import numpy as np
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from mmseg_bone.cli import CONF
    from mmseg_bone.cli.phantom import settings_from
    from mmseg_bone.phantom.pathology.planning import sample_plan

    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("phantom", ["cohort=few_lesions", "store=none"])
    cohort = settings_from(OmegaConf.to_container(config, resolve=True)).cohort
    assert set(cohort.counts) == {"1", "2-5"}
    plans = [sample_plan(np.random.default_rng(seed), cohort) for seed in range(300)]
    clear = [sum(f.metastatic and not f.ambiguous for f in p.foci) for p in plans]
    assert max(clear) <= 5
    assert not any(p.superscan == "metastatic" for p in plans)


def test_the_hospital_is_one_that_no_network_has_learnt_from():
    from hydra import compose, initialize_config_dir

    from mmseg_bone.cli import CONF
    from mmseg_bone.phantom.wording.styles import style_names

    with initialize_config_dir(str(CONF), version_base="1.3"):
        learnt, hospital = (
            compose("phantom", [f"cohort={cohort}", "store=none"])
            for cohort in ("benchmark", "hospital")
        )
    there = hospital.stores.main
    assert hospital.seed != learnt.seed  # other patients
    assert set(there.styles) <= set(style_names(held_out=True))
    known = {camera.name for camera in learnt.cameras}
    assert known.isdisjoint(camera.name for camera in there.cameras)


def test_warnings_of_the_same_process_are_still_heard_after_it(tmp_path, caplog):
    heard = logging.getLogger("mmseg_bone.heard")
    main(["phantom", f"store={tmp_path}/store", "n=1"])
    heard.warning("after")
    assert "after" in caplog.text
