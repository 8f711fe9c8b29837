import os
import subprocess
import sys
import time

import pytest

from mmseg_bone.cli import COMMANDS, main

HEAVY = ("torch", "pytorch_lightning", "transformers", "albumentations", "pandas", "matplotlib")


def test_help_lists_every_verb(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert [verb for verb in COMMANDS if f"  {verb} " not in out] == []


def test_a_verb_that_is_none_is_said_to_be_none(capsys):
    with pytest.raises(SystemExit) as end:
        main(["trian"])
    assert end.value.code == 2
    assert "'trian' is no command" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["", *COMMANDS])
def test_every_help_is_quick_because_it_loads_nothing_heavy(verb):
    code = (
        "import sys\nfrom mmseg_bone.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: assert not end.code, end.code\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not heavy, heavy"
    )
    words = [word for word in (verb, "--help") if word]
    fastest = float("inf")
    for _ in range(3):  # a shared machine: the fastest of three
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            env=os.environ | {"COLUMNS": "100"},
        )
        fastest = min(fastest, time.monotonic() - start)
        assert done.returncode == 0, done.stderr
        assert "usage" in done.stdout.lower()
        if fastest < 1.0:
            break
    assert fastest < 3.0  # under 1 s on a quiet machine; a busy one is given some air
