"""The W&B page is built and checked without a server."""

import json
import socket
import sys

import pytest

from mmseg_bone.cli.dashboard import HELD_OUT, described, page

# wandb-workspaces 0.4, its own code.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the page was sent somewhere")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_page_is_described_offline_and_twice_the_same(command, tmp_path):
    words = ["dashboard", "--entity", "a_team", "--out"]
    assert "--publish" in command(*words, tmp_path / "one.json")
    command(*words, tmp_path / "two.json")
    text = (tmp_path / "one.json").read_text()
    assert text == (tmp_path / "two.json").read_text()
    about = json.loads(text)
    assert (about["entity"], about["project"]) == ("a_team", "mmseg-bone")


def test_runs_are_grouped_by_sweep_and_then_by_experiment():
    (runs,) = described(page("a", "b"))["spec"]["section"]["runSets"]
    assert runs["grouping"] == [
        {"section": "run", "name": "group"},
        {"section": "config", "name": "name.value"},
    ]


def test_it_shows_scores_pictures_studies_and_curves():
    sections = described(page("a", "b"))["spec"]["section"]["panelBankConfig"]["sections"]
    kinds = [[panel["viewType"] for panel in section["panels"]] for section in sections]
    assert kinds == [
        ["Bar Chart"] * len(HELD_OUT),
        ["Media Browser"] * 2,
        ["Weave"],
        ["Run History Line Plot"] * 3,
        ["Run Comparer"],
    ]
    asked = json.dumps(sections)
    for key in (
        *HELD_OUT.values(),
        "val/overlays",
        "val/report_effect",
        "test/studies",
        "val/dice",
    ):
        assert f'"{key}"' in asked


def test_nothing_is_published_without_saying_to_whom(command):
    assert "--entity USER_OR_TEAM --publish" in command("dashboard", "--publish")


def test_without_the_extra_it_says_what_to_install(command, monkeypatch, tmp_path):
    for module in ("workspaces", "reports.v2"):
        monkeypatch.setitem(sys.modules, f"wandb_workspaces.{module}", None)
    assert 'pip install "mmseg-bone[dashboard]"' in command("dashboard", "--out", tmp_path / "a")
