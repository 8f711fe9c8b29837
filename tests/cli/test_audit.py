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


def test_flags_are_scored_as_the_reports_are_and_with_errors_planted(store, capsys):
    audit(store)
    out = capsys.readouterr().out
    rows = [line.split(" | ") for line in out.splitlines() if line.startswith("| ")]
    planted = {row[0].strip("| "): row[1:] for row in rows if len(row) == 6}
    assert {"none", "omission", "wrong_side"} < planted.keys()
    assert 0 < int(planted["none"][0]) <= 6
