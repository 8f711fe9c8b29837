import torch

from mmseg_bone.nn.decoder import Decoder
from mmseg_bone.nn.encoder import Encoder


def test_each_level_has_half_the_pixels_and_its_own_width():
    features = Encoder(1, (2, 4, 8))(torch.randn(1, 1, 8, 4))
    assert [tuple(f.shape) for f in features] == [(1, 2, 8, 4), (1, 4, 4, 2), (1, 8, 2, 1)]


def test_something_else_may_come_in_at_every_level_coarsest_first():
    seen = []

    def fuse(level, features):
        seen.append((level, tuple(features.shape[1:])))
        return features + 1

    features = Encoder(1, (2, 4, 8))(torch.randn(1, 1, 8, 4))
    decoder = Decoder((2, 4, 8))

    assert not torch.allclose(decoder(features, fuse), decoder(features))
    assert seen == [(2, (8, 2, 1)), (1, (4, 4, 2)), (0, (2, 8, 4))]
