from dataclasses import replace

import pytest

from mmseg_bone.cli.card import card
from mmseg_bone.errors import RunError
from mmseg_bone.io.store import Store
from mmseg_bone.study import Report


@pytest.fixture
def store(study, tmp_path):
    other = replace(
        study, id="s2", report=Report(findings="张三丰左侧肋骨见浓聚灶，右侧肋骨见浓聚灶。")
    )
    Store.write(tmp_path / "store", [study, other], {"p1": 0})
    return tmp_path / "store"


def test_a_card_is_a_table_and_a_picture_and_names_the_store(store, tmp_path):
    card(store, out=tmp_path / "card")
    text = (tmp_path / "card" / "distributions.md").read_text("utf-8")
    assert Store(store).digest in text
    assert (tmp_path / "card" / "distributions.png").stat().st_size > 10_000


def test_terms_are_counted_and_words_outside_the_lexicon_are_not_told(store, tmp_path, capsys):
    card(store, out=tmp_path / "card")
    out = capsys.readouterr().out
    assert "| 浓聚灶 | 2 |" in out
    assert "张三丰" not in out


def test_an_earlier_card_is_not_lost(store, tmp_path):
    card(store, out=tmp_path / "card")
    with pytest.raises(RunError, match="already holds"):
        card(store, out=tmp_path / "card")
