"""A folder at which one process works at a time."""

import fcntl
import sys

import pytest

from mmseg_bone.errors import BusyError, StoreError
from mmseg_bone.io.lock import alone
from mmseg_bone.io.store import Store, StoreWriter


def test_a_second_one_is_told_and_gets_the_folder_when_the_first_has_ended(tmp_path):
    folder = tmp_path / "new"
    with alone(folder):
        with pytest.raises(BusyError, match="another process is at work on .*new"), alone(folder):
            pass
        with alone(tmp_path):  # another folder
            pass
    with pytest.raises(RuntimeError), alone(folder):
        raise RuntimeError
    with alone(folder):
        pass


def test_it_is_no_part_of_a_store(study, tmp_path):
    plain, held = tmp_path / "plain", tmp_path / "held"
    Store.write(plain, [study], {"p1": 0})
    writer = StoreWriter(held, {"made": "by hand"})
    with alone(held):
        writer.add(study)
        writer.close({"p1": 0})
    assert Store(held).digest == Store(plain).digest
    StoreWriter(held, {"made": "by hand"})  # goes on
    with pytest.raises(StoreError, match="another recipe"):
        StoreWriter(held, {"made": "otherwise"})


@pytest.mark.parametrize("missing", ["system", "file system"])
def test_where_there_is_no_such_lock_one_goes_on(missing, tmp_path, monkeypatch):
    if missing == "system":
        monkeypatch.setitem(sys.modules, "fcntl", None)
    else:

        def flock(*_):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(fcntl, "flock", flock)
    with alone(tmp_path), alone(tmp_path):
        pass
