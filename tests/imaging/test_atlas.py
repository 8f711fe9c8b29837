from dataclasses import replace

import numpy as np
import pytest

from mmseg_bone.anatomy import BONES, BY_NAME, mirrored
from mmseg_bone.errors import AtlasError
from mmseg_bone.imaging.atlas import SHIPPED, atlas_to_bytes, build_atlas, load_atlas
from mmseg_bone.imaging.augment import Augment
from mmseg_bone.imaging.body_frame import body_coordinates
from tests.imaging.phantoms import phantom


def label(name):
    return BY_NAME[name].label


def named(study, atlas):
    """Share of the pixels on bone that the atlas gives their own label."""
    place = body_coordinates(study.counts, study.views, study.spacing_mm, 1)
    right = []
    for view, labels in enumerate(study.bones):
        bone = labels > 0
        y, x = place[view][:, bone]
        row = np.clip((y + 1) / 2 * atlas.shape[2], 0, atlas.shape[2] - 1).astype(int)
        column = np.clip((x + 1) / 2 * atlas.shape[3], 0, atlas.shape[3] - 1).astype(int)
        right.append((atlas[view, 1:, row, column].argmax(axis=1) + 1 == labels[bone]).mean())
    return np.mean(right)


def test_the_atlas_that_ships_is_small_and_names_most_pixels_on_bone():
    atlas = load_atlas()
    assert SHIPPED.stat().st_size < 1e6
    assert atlas.shape == (2, len(BONES) + 1, 192, 64)
    assert named(phantom(0), atlas) > 0.65
    assert named(phantom(0), atlas[..., ::-1]) < 0.4  # left and right exchanged


def test_it_does_so_for_a_patient_who_lies_otherwise():
    study = phantom(1)
    moved = Augment(rotate_deg=5.0, mirror=1.0)(study, np.random.default_rng(0))
    assert moved.report != study.report
    assert named(moved, load_atlas()) > 0.6


def test_the_two_sides_are_alike_and_left_is_at_the_right():
    atlas = load_atlas().astype(int)
    swap = [0, *(mirrored(bone).label for bone in BONES)]
    assert np.abs(atlas - atlas[:, swap, :, ::-1]).max() <= 12  # of 255; what is dropped, ties
    columns = atlas[:, label("rib_left_6")].sum(axis=1) @ np.arange(64)
    assert (columns / atlas[:, label("rib_left_6")].sum(axis=(1, 2)) > 34).all()


def test_shares_of_a_place_are_shares_and_no_bone_has_none():
    atlas = load_atlas()
    assert atlas.astype(int).sum(axis=1).max() <= 255 + 3  # rounding
    assert not atlas[:, 0].any()
    assert atlas[:, 1:].any(axis=(0, 2, 3)).all()  # every bone is somewhere


def test_an_atlas_of_one_patient_knows_that_patient_and_is_kept_in_a_small_file(tmp_path):
    made = build_atlas([phantom(0)])
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-5)

    (tmp_path / "one.safetensors").write_bytes(atlas_to_bytes(made, "a test"))
    kept = load_atlas(tmp_path / "one.safetensors")
    np.testing.assert_allclose(kept[:, 1:] / 255, made[:, 1:], atol=0.08)  # six of each place
    assert named(phantom(0), kept) > 0.8


def test_an_atlas_is_made_of_phantoms_of_both_views():
    with pytest.raises(AtlasError, match="has no bone labels; an atlas is made from phantoms"):
        build_atlas([replace(phantom(0), bones=None)])
    one = phantom(0)
    one = replace(
        one,
        views=("anterior",),
        **{
            name: getattr(one, name)[:1]
            for name in ("counts", "mask", "instances", "classes", "bones")
        },
    )
    with pytest.raises(AtlasError, match="no study of both views"):
        build_atlas([one])


def test_a_file_that_is_no_atlas_is_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"12345678 no")
    for path in (tmp_path / "x.safetensors", tmp_path / "nowhere"):
        with pytest.raises(AtlasError, match="is no atlas of bones.*mmseg-bone atlas STORE"):
            load_atlas(path)
