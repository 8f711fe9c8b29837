import errno
import os

import pytest

from mmseg_bone.errors import OutputError
from mmseg_bone.io.links import write_private
from mmseg_bone.io.lock import alone
from mmseg_bone.io.store import Store, StoreWriter, write_atomically
from mmseg_bone.io.writing import holds_something, refuse_unwritable, writing


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "for the disk is full. Make room"),
        (errno.EDQUOT, "for the disk is full. Make room"),
        (errno.ENOTDIR, "a file lies where a folder is needed"),
        (errno.EEXIST, "a file lies where a folder is needed"),
        (errno.EISDIR, "a folder lies where a file is needed"),
        (errno.EACCES, "may not be written by you"),
        (errno.EROFS, r"\(Read-only file system\)"),
    ],
)
def test_why_nothing_can_be_written_is_told_in_words(tmp_path, code, words):
    with pytest.raises(OutputError, match=f"/out: .*{words}"), writing(tmp_path / "out"):
        raise OSError(code, os.strerror(code), str(tmp_path / ".out.7.part"))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_atomically(path / "x", b""),
        lambda path: write_private(path / "x", b""),
        lambda path: StoreWriter(path, {}),
        lambda path: alone(path).__enter__(),
        holds_something,
        refuse_unwritable,
        lambda path: refuse_unwritable(path / "deeper" / "still"),
    ],
)
def test_a_file_in_the_place_of_a_folder_is_told_by_all_who_write(tmp_path, write):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutputError, match="mine.*a file lies where a folder is needed"):
        write(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("write", [write_atomically, write_private])
def test_on_a_full_disk_the_file_that_is_there_stays(tmp_path, write, monkeypatch):
    (tmp_path / "x").write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="x: cannot be written, for the disk is full"):
        write(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_text() == "old"


def test_whether_a_folder_can_be_written_is_tried_and_leaves_nothing(tmp_path):
    refuse_unwritable(tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "store").mkdir()
    assert not holds_something(tmp_path / "nowhere")
    assert not holds_something(tmp_path / "store")
    Store.write(tmp_path / "store", [], {})
    assert holds_something(tmp_path / "store")
