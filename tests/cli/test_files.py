import pytest

from mmseg_bone.cli import files
from mmseg_bone.errors import OutputError, RunError

OLD = {"main.json": b"old", "a.png": b"old", "b.png": b"old"}


@pytest.fixture
def old(tmp_path):
    """A folder with a result of two pictures."""
    files.write_result(tmp_path, OLD, False, main="main.json", earlier=OLD)
    return tmp_path


def test_a_result_replaces_all_of_an_earlier_one_and_nothing_else(old):
    (old / "mine.txt").write_bytes(b"mine")
    new = {"main.json": b"new", "a.png": b"new"}
    with pytest.raises(RunError, match=r"already holds main\.json, a\.png, b\.png\. Name"):
        files.write_result(old, new, False, main="main.json", earlier=OLD)
    files.write_result(old, new, True, main="main.json", earlier=OLD)
    found = {path.name: path.read_bytes() for path in old.iterdir()}
    assert found == {**new, "mine.txt": b"mine"}


def test_a_place_that_cannot_be_written_is_told_before_anything_is_computed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutputError, match="a file lies where a folder is needed"):
        files.refuse_existing(tmp_path / "mine", ["a.png"], overwrite=False)


def test_a_crash_leaves_no_main_file_that_tells_of_a_whole_result(old, monkeypatch):
    def crash(path, content):
        raise OSError("the disk is full")

    monkeypatch.setattr(files, "write_atomically", crash)
    with pytest.raises(OSError, match="disk"):
        files.write_result(old, OLD, True, main="main.json", earlier=OLD)
    assert not (old / "main.json").exists()


def test_the_main_file_is_written_last(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(files, "write_atomically", lambda path, _: written.append(path.name))
    files.write_result(tmp_path, OLD, False, main="main.json", earlier=OLD)
    assert written == ["a.png", "b.png", "main.json"]


def test_of_many_files_in_the_way_some_are_named(tmp_path):
    for name in "abcdef":
        (tmp_path / name).touch()
    with pytest.raises(RunError, match="holds a, b, c, d and 2 more"):
        files.refuse_existing(tmp_path, "abcdef", overwrite=False)
