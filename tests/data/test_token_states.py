import multiprocessing

import torch

from mmseg_bone.data.token_states import StateFolder

STATES = torch.arange(6, dtype=torch.float16).reshape(2, 3)


def test_states_come_back_in_another_process(tmp_path):
    StateFolder(tmp_path / "states").put("encoder/report", STATES)
    found = StateFolder(tmp_path / "states").get("encoder/report")
    assert found.dtype == torch.float16
    assert torch.equal(found, STATES)
    assert [p.name for p in (tmp_path / "states/encoder").iterdir()] == ["report.safetensors"]


def test_states_that_are_not_there_or_torn_are_none(tmp_path):
    folder = StateFolder(tmp_path / "states")
    assert folder.get("encoder/report") is None
    assert not folder.path.exists()  # nothing is made by looking

    folder.put("encoder/report", STATES)
    file = folder.path / "encoder" / "report.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert folder.get("encoder/report") is None
    folder.put("encoder/report", STATES)
    assert torch.equal(folder.get("encoder/report"), STATES)


def test_where_nothing_can_be_written_states_stay_in_memory(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    folder = StateFolder(tmp_path / "file")
    for key in ("one", "two"):
        folder.put(key, STATES)
        assert torch.equal(folder.get(key), STATES)
    assert caplog.text.count("in memory only") == 1
    assert (tmp_path / "file").read_text() == "no folder"


def put_often(path, go):
    folder = StateFolder(path)
    go.wait()
    for _ in range(20):
        folder.put("encoder/report", STATES)


def test_processes_that_write_the_same_never_leave_half_a_file(tmp_path):
    fork = multiprocessing.get_context("fork")
    go = fork.Event()
    writers = [fork.Process(target=put_often, args=(tmp_path, go)) for _ in range(3)]
    for writer in writers:
        writer.start()
    StateFolder(tmp_path).put("encoder/report", STATES)
    go.set()
    while any(writer.is_alive() for writer in writers):
        assert torch.equal(StateFolder(tmp_path).get("encoder/report"), STATES)
    assert [writer.exitcode for writer in writers] == [0] * 3
    assert len(list((tmp_path / "encoder").iterdir())) == 1
