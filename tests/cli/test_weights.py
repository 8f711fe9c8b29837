import pytest
import torch
from safetensors.torch import load_file, save_file

from mmseg_bone.cli.weights import read_weights, write_packed
from mmseg_bone.errors import RunError


@pytest.fixture
def packed(tmp_path):
    def write(weights):
        (tmp_path / "w.safetensors").write_bytes(write_packed(weights))
        return tmp_path / "w.safetensors"

    return write


def test_a_matrix_is_kept_in_255_steps_of_each_row(packed):
    file = packed({"w": torch.tensor([[127.0, -127.0, 1.4], [0.254, 0.001, 0.0]])})
    assert load_file(file)["w"].tolist() == [[127, -127, 1], [127, 0, 0]]
    assert read_weights(file)["w"].tolist() == [
        [127.0, -127.0, 1.0],
        [pytest.approx(0.254), 0.0, 0.0],
    ]


def test_a_row_of_zeros_stays_one(packed):
    assert read_weights(packed({"w": torch.zeros(2, 3)}))["w"].tolist() == [[0.0] * 3] * 2


def test_a_weight_is_off_by_half_a_step_at_most(packed):
    kernel = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    error = (read_weights(packed({"k": kernel}))["k"] - kernel).abs().flatten(1).amax(1)
    assert (error <= kernel.flatten(1).abs().amax(1) / 127 * 0.5001).all()


def test_vectors_and_whole_numbers_stay_as_they_are(packed):
    kept = {
        "bias": torch.tensor([0.1, 0.2]),
        "atlas": torch.ones(2, 2, dtype=torch.uint8),
        "of_its_own": torch.ones(2, 2, dtype=torch.int8),
    }
    found = read_weights(packed(kept))
    for name, value in kept.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_what_was_never_packed_is_read_as_it_is(tmp_path):
    save_file({"w": torch.tensor([[0.1, 0.2]])}, tmp_path / "w.safetensors")
    assert torch.equal(read_weights(tmp_path / "w.safetensors")["w"], torch.tensor([[0.1, 0.2]]))


@pytest.mark.parametrize("left", [0, 7, 40, -1])
def test_a_torn_file_names_itself_and_what_to_do(packed, left):
    file = packed({"w": torch.ones(2, 3)})
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(RunError, match=r"w\.safetensors cannot be read .*Copy it again"):
        read_weights(file)
