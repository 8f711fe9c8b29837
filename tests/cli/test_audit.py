import subprocess
import sys

import pytest

from mmseg_bone.cli.audit import audit


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "store"
    words = ("phantom", "n=6", "seed=3", f"store={path}", "phantom/cameras=siemens_ecam")
    subprocess.run(
        [sys.executable, "-m", "mmseg_bone.cli", *words], check=True, capture_output=True
    )
    return path


def test_the_parser_is_scored_by_style_and_few_foci_make_no_curve(store, capsys):
    audit(store)
    out = capsys.readouterr().out
    assert "| style | studies | foci named |" in out
    assert "of 6 patients carry an ambiguous focus" in out


def test_fewer_studies_can_be_asked_for(store, capsys):
    audit(store, first=2)
    assert "of 2 patients" in capsys.readouterr().out
