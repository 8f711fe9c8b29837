"""The README's commands exist, with the options it gives them."""

import inspect
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from mmseg_bone.cli import COMMANDS, CONF

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("mmseg-bone ")]
WITH_HYDRA = {"phantom", "train"}


def test_the_readme_names_every_verb_and_no_other():
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("line", [x for x in LINES if x.split()[1] in WITH_HYDRA])
def test_overrides_in_the_readme_compose(line):
    _, verb, *words = shlex.split(line, comments=True)
    overrides = [word for word in words if word != "-m" and not word.startswith("hydra.")]
    # Of a sweep, each combination's first value.
    first = [re.sub(r"=([^\[,]*),.*", r"=\1", word) for word in overrides]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert compose(verb, first)


@pytest.mark.parametrize("line", [x for x in LINES if x.split()[1] not in WITH_HYDRA])
def test_options_in_the_readme_are_options(line):
    _, verb, *words = shlex.split(line, comments=True)
    if verb == "--help":
        return
    asked = {word[2:].replace("-", "_") for word in words if word.startswith("--")}
    command = getattr(import_module(f"mmseg_bone.cli.{verb}"), verb)
    assert asked <= set(inspect.signature(command).parameters)


def test_make_has_the_readme_s_targets():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"^make ([a-z]+)", "\n".join(BLOCKS), re.MULTILINE))
    assert asked
    assert asked <= targets


def test_links_into_the_project_lead_somewhere():
    inside = [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in link]
    assert [link for link in inside if not (ROOT / link).exists()] == []
