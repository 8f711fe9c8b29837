from mmseg_bone.imaging.atlas import load_atlas
from mmseg_bone.io.store import Store
from tests.imaging.phantoms import phantom


def test_an_atlas_is_made_of_a_store_of_phantoms_and_nothing_is_lost(tmp_path, command):
    Store.write(tmp_path / "store", [phantom(0)], {phantom(0).patient: 0})
    out = tmp_path / "mine.safetensors"
    assert "Written to" in command("atlas", tmp_path / "store", "--out", out)
    assert load_atlas(out).any()
    assert Store(tmp_path / "store").digest.encode() in out.read_bytes()  # what it is made of

    assert "already holds" in command("atlas", tmp_path / "store", "--out", out)


def test_a_store_of_patients_makes_no_atlas(store, tmp_path, command):
    said = command("atlas", store.path, "--out", tmp_path / "x.safetensors")
    assert "has no bone labels; an atlas is made from phantoms" in said
    assert not (tmp_path / "x.safetensors").exists()
