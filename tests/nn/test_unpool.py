import torch
from torch.nn import functional

from mmseg_bone.nn.unpool import pool, unpool

IMAGE = torch.rand(2, 3, 6, 4, generator=torch.Generator().manual_seed(0))


def test_a_maximum_goes_back_to_where_it_was():
    window = torch.tensor([[1.0, 2.0], [7.0, 3.0]])[None, None]
    largest, place = pool(window)
    assert (largest.item(), place.item()) == (7, 2)  # row 1, column 0
    assert unpool(10 * largest, place)[0, 0].tolist() == [[0, 0], [70, 0]]


def test_it_is_torchs_own_pooling_and_unpooling():
    largest, index = functional.max_pool2d(IMAGE, 2, return_indices=True)
    ours, place = pool(IMAGE)
    assert torch.equal(ours, largest)
    assert torch.equal(unpool(ours, place), functional.max_unpool2d(largest, index, 2))
    assert torch.equal(
        unpool(*pool(IMAGE.to(memory_format=torch.channels_last))), unpool(ours, place)
    )
