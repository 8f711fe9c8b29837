from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mmseg_bone.cli.show import show
from mmseg_bone.errors import RunError
from mmseg_bone.io.store import Store


@pytest.fixture
def store(study, tmp_path):
    counts = np.random.default_rng(0).poisson(20, (2, 64, 16)).astype(np.uint16)
    mask = np.zeros(counts.shape, bool)
    mask[0, 10:20, 4:8] = True
    blank = replace(study, id="s2", counts=np.zeros_like(counts), mask=None, report=None)
    one = replace(study, id="s3", views=("posterior",), counts=counts[1:], mask=None)
    studies = [replace(study, counts=counts, mask=mask), blank, one]
    Store.write(tmp_path / "store", studies, {"p1": 0})
    return tmp_path / "store"


def colours(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_the_reference_is_outlined_in_green(store, tmp_path):
    show(store, out=tmp_path / "one.png", first=1)
    red, green, blue = np.moveaxis(colours(tmp_path / "one.png"), -1, 0)
    assert ((green > red + 60) & (green > blue + 60)).any()


def test_many_studies_stand_side_by_side_blank_ones_and_single_views_too(store, tmp_path):
    show(store, out=tmp_path / "all.png", first=3)
    show(store, out=tmp_path / "two.png", first=2)
    assert colours(tmp_path / "all.png").shape[1] > colours(tmp_path / "two.png").shape[1]


def test_reports_are_printed_only_if_asked(store, tmp_path, capsys):
    show(store, out=tmp_path / "a.png", first=1)
    assert "左侧" not in capsys.readouterr().out
    show(store, out=tmp_path / "b.png", first=3, text=True)
    out = capsys.readouterr().out
    assert "左侧第5肋骨" in out
    assert "s2 (fold 0)\nno report" in out


def test_an_earlier_picture_is_not_lost(store, tmp_path):
    show(store, out=tmp_path / "a.png")
    with pytest.raises(RunError, match=r"already holds a\.png"):
        show(store, out=tmp_path / "a.png")
