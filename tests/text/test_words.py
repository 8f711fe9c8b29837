import tempfile
from collections import Counter
from pathlib import Path

import jieba
import pytest

from mmseg_bone.text import words
from mmseg_bone.text.words import count_words, lexicon, segment


def test_every_term_of_the_lexicon_comes_out_whole():
    terms = lexicon()
    assert len(terms) == len(set(terms)) == 331
    assert [term for term in terms if segment(term) != [term]] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "左侧第5前肋见点状异常放射性浓聚,考虑骨转移可能性大。",
            "左侧/第/5/前肋/见/点状/异常放射性浓聚/,/考虑/骨转移/可能性大/。",
        ),
        ("双侧骶髂关节退行性变,99mTc-MDP", "双侧/骶髂关节/退行性变/,/99mTc/-/MDP"),
        ("", ""),
    ],
)
def test_a_report_is_cut_between_words(text, expected):
    assert "/".join(segment(text)) == expected


def test_no_character_is_lost():
    text = "第8、10胸椎 T11-L1\n性质待定 ①½"
    assert "".join(segment(text)) == text


def test_words_are_counted_and_punctuation_is_not():
    assert count_words(["左侧肋骨, 左侧。", "肋骨"]) == Counter({"左侧": 2, "肋骨": 2})


def test_the_dictionary_is_ours_alone_and_leaves_nothing_behind(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    words._jieba.cache_clear()
    segment("骶髂关节")

    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert words._jieba() is not jieba.dt
    assert Path(words.LEXICON).name == "lexicon.txt"
