"""A store of two-spot scenes, as ``mmseg-bone phantom cohort=two_spots`` makes it."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from mmseg_bone.cli import CONF
from mmseg_bone.cli.phantom_scenes import VERSION, make_scenes
from mmseg_bone.errors import BusyError, PhantomError
from mmseg_bone.io.lock import alone
from mmseg_bone.io.store import Store, StoreWriter

PARTS = {name: {"scenes": 2, "bodies": 1} for name in ("test", "validation", "train")}


def test_a_store_that_another_process_makes_is_left_alone(tmp_path):
    config = {"scenes": PARTS, "seed": 0, "store": str(tmp_path)}
    StoreWriter(tmp_path / "main", {"two_spots": VERSION, "seed": 0, "parts": PARTS})
    with alone(tmp_path / "main"), pytest.raises(BusyError, match="another process is at work on"):
        make_scenes(config)
    assert not (tmp_path / "main" / "studies").exists()


def test_parts_are_folds_on_bodies_of_their_own_and_a_store_cut_off_is_completed(tmp_path, capsys):
    config = {"scenes": PARTS, "seed": 0, "store": str(tmp_path)}
    digest = make_scenes(config)
    store = Store(tmp_path / "main")
    assert list(store.fold.values()) == [0, 0, 1, 1, 2, 2]
    bones = [store[id].bones.tobytes() for id in store.ids]
    assert [bones.index(each) for each in bones] == [0, 0, 2, 2, 4, 4]
    assert all(row["metastatic"] == row["has_report"] == "1" for row in store.rows.values())
    assert {row["height"] + "×" + row["width"] for row in store.rows.values()} == {"256×64"}

    (tmp_path / "main" / "manifest.csv").unlink()
    (tmp_path / "main" / "studies" / "s000003.safetensors").unlink()
    assert make_scenes(config) == digest
    assert "6 scenes (1 new) on 3 bodies" in capsys.readouterr().out


def test_a_part_without_bodies_is_refused(tmp_path):
    parts = PARTS | {"train": {"scenes": 4, "bodies": 0}}
    with pytest.raises(PhantomError, match=r"scenes\.train=.*give 1 or more of both"):
        make_scenes({"scenes": parts, "seed": 0, "store": str(tmp_path)})


def test_only_this_cohort_has_scenes():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for cohort, there in (("two_spots", True), ("open", False), ("benchmark", False)):
            config = compose("phantom", [f"cohort={cohort}", "store=none"])
            assert ("scenes" in config) is there
            if there:
                parts = OmegaConf.to_container(config.scenes)
                assert list(parts) == ["test", "validation", "train"]  # fold 0 is held out
                assert parts["test"]["scenes"] >= 60
