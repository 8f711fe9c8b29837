import re
from collections import Counter

import numpy as np
import pytest
from transformers import BertTokenizer

from mmseg_bone.text.cleaning import clean
from mmseg_bone.text.masking import (
    IGNORED,
    Masking,
    Word,
    WordCutter,
    choose,
    is_protected,
    read_synonyms,
    run_length,
    two_parts,
)
from mmseg_bone.text.tokens import ReportTokens
from mmseg_bone.text.vocabulary import SPECIAL

TOKENIZER = ReportTokens().tokenizer
CUT = WordCutter(TOKENIZER)
REPORT = "左侧第5前肋见点状放射性浓聚影，余骨未见明显异常。"


def rng(seed=0):
    return np.random.default_rng(seed)


def ids(text):
    return tuple(TOKENIZER.encode(text, add_special_tokens=False))


def words_of(tokens):
    return "".join(TOKENIZER.convert_ids_to_tokens(list(tokens))).replace("##", "")


def test_words_are_jiebas_with_the_characters_tokens_of_each():
    assert [word.text for word in CUT("左侧髂骨翼浓聚灶。")] == ["左侧", "髂骨翼", "浓聚灶", "。"]
    assert [word.tokens for word in CUT("左侧髂骨翼")] == [ids("左侧"), ids("髂骨翼")]


def test_words_of_letters_and_figures_keep_their_continued_tokens():
    words = CUT("99mTc-MDP L5椎体")
    assert [word.text for word in words] == ["99mTc", "-", "MDP", "L5", "椎体"]
    assert words_of(words[0].tokens) == "99mtc"
    assert len(words[0].tokens) == 5


@pytest.mark.parametrize(
    "text", [REPORT, "９９ｍＴｃ：２.５ｃｍ ①", "Focal uptake, L5.", "龘龘见", ""]
)
def test_the_tokens_of_the_words_are_those_of_the_text(text):
    assert tuple(t for word in CUT(text) for t in word.tokens) == ids(clean(text))


def test_a_token_that_spans_two_words_belongs_to_the_first(monkeypatch):
    monkeypatch.setattr("mmseg_bone.text.masking.segment", lambda text: ["99", "mTc", "见"])
    whole = BertTokenizer(vocab={token: n for n, token in enumerate([*SPECIAL, "99mtc", "见"])})
    assert WordCutter(whole)("99mTc见") == (Word("99", (5,)), Word("见", (6,)))


def test_the_same_words_are_masked_from_the_same_state_and_others_from_another():
    masking, words = Masking(TOKENIZER, ["显影", "局部", "检查"]), CUT(REPORT * 4)
    assert masking(words, rng(1)) == masking(words, rng(1)) != masking(words, rng(2))


def test_a_masked_text_is_as_long_and_asks_for_whole_words_as_they_were():
    words = CUT(REPORT * 4)
    masked = Masking(TOKENIZER, ["显影", "局部"])(words, rng())
    tokens = [token for word in words for token in word.tokens]
    assert len(masked.tokens) == len(masked.targets) == len(masked.words) == len(tokens)
    place = 0
    for word in words:
        part = slice(place, place + len(word.tokens))
        asked = set(masked.words[part])
        assert len(asked) == 1  # all of a word, or nothing of it
        expected = [IGNORED] * len(word.tokens) if asked == {0} else list(word.tokens)
        assert masked.targets[part] == expected
        if asked == {0}:
            assert masked.tokens[part] == list(word.tokens)
        place += len(word.tokens)


@pytest.mark.parametrize(("count", "asked"), [(1, 1), (10, 2), (20, 3), (100, 15)])
def test_fifteen_words_of_a_hundred_are_asked_for_and_one_at_least(count, asked):
    words = [Word("见", (1,))] * count
    for seed in range(20):
        assert len(choose(words, 0.15, rng(seed))) == asked


def test_nothing_is_asked_of_a_text_without_a_word():
    assert choose([Word("。", (1,))] * 9, 0.15, rng()) == set()
    assert Masking(TOKENIZER, [])((), rng()).tokens == []


def test_runs_of_one_to_four_words_come_at_forty_thirty_twenty_and_ten_percent():
    state = rng()
    counts = Counter(run_length(state) for _ in range(20_000))
    for length, share in ((1, 0.4), (2, 0.3), (3, 0.2), (4, 0.1)):
        assert counts[length] / 20_000 == pytest.approx(share, abs=0.012)


def test_a_run_is_of_neighbours_and_stops_at_punctuation(monkeypatch):
    monkeypatch.setattr("mmseg_bone.text.masking.run_length", lambda _: 4)
    words = ([Word("见", (1,))] * 3 + [Word("。", (2,))]) * 10
    for seed in range(20):
        chosen = choose(words, 0.1, rng(seed))  # three of thirty
        assert len(chosen) == 3
        assert all(words[place].text == "见" for place in chosen)
    spans = {max(c) - min(c) for s in range(40) if (c := choose([words[0]] * 40, 0.1, rng(s)))}
    assert 3 in spans  # four in a row, where nothing is in the way


def test_eight_in_ten_get_a_similar_word_one_a_random_one_and_one_stays():
    masking, state = Masking(TOKENIZER, ["局部"]), rng()
    word = Word("可疑", ids("可疑"))
    counts = Counter(masking.stand_in(word, state) for _ in range(20_000))
    for text, share in (("疑似", 0.8), ("局部", 0.1), ("可疑", 0.1)):
        assert counts[ids(text)] / 20_000 == pytest.approx(share, abs=0.01)


def test_a_similar_word_has_as_many_tokens():
    masking = Masking(TOKENIZER, [])
    assert set(masking.similar["浓聚"]) == {ids("浓集"), ids("聚集")}
    assert masking.similar["左侧"] == ()


def test_a_word_without_a_similar_one_gets_a_random_one_and_never_a_mask():
    masking, state = Masking(TOKENIZER, ["局部", "检查"]), rng()
    word = Word("左侧", ids("左侧"))
    counts = Counter(masking.stand_in(word, state) for _ in range(5_000))
    assert counts.keys() == {ids("局部"), ids("检查"), ids("左侧")}
    assert counts[ids("左侧")] / 5_000 == pytest.approx(0.1, abs=0.015)


def test_a_long_word_that_has_no_peer_is_replaced_by_short_ones_and_stays_without_any():
    word = Word("骨纤维异常增殖症", ids("骨纤维异常增殖症"))
    masking, state = Masking(TOKENIZER, ["见", "呈"]), rng()
    found = {masking.stand_in(word, state) for _ in range(50)}
    assert {len(tokens) for tokens in found} == {8}
    assert any(set(tokens) <= {ids("见")[0], ids("呈")[0]} for tokens in found)
    empty = Masking(TOKENIZER, [])
    assert {empty.stand_in(word, state) for _ in range(50)} == {word.tokens}


ANSWERS = (
    "左侧 右 双侧 前肋 后位 第 5 十一 L3 T7 髂骨 胸椎 椎体 肋骨 未见 无 不除外 符合 考虑 "
    "可能性大 可疑 待排 增高 减低 稀疏 良性 恶性 骨转移 转移瘤 退行性变 骨折 left Right anterior "
    "posterior no without increased decreased benign metastasis metastases possible probable "
    "likely rib ribs ilium"
)


@pytest.mark.parametrize("word", ANSWERS.split())
def test_no_word_that_carries_the_answer_ever_stands_in_for_another(word):
    assert is_protected(word)
    masking, state = Masking(TOKENIZER, [word, "局", "a"]), rng()
    if ids(word) != ids("a"):
        assert ids(word) not in [tokens for of in masking.random.values() for tokens in of]
        other = Word("骑马", ids("骑马"))
        assert ids(word) not in {masking.stand_in(other, state) for _ in range(50)}


# Of each line no two may meet in a set: what must not be exchanged.
NEVER = [
    ["左", "右", "双|两"],
    ["前", "后", "侧肋|腋"],
    ["椎", "髂", "股骨上|股骨近", "股骨下|股骨远", "肋", "膀胱"],
    ["胸椎", "腰椎"],
    ["^(未见|无).*异常", "^(可)?见$"],
    ["疑|^不除外|^不能除外", "可能性大|倾向", "符合", "考虑", "待"],
    ["增高|活跃|浓|热", "减低|降低|稀疏|缺"],
    ["良性|退|增生|骨赘", "转移|恶性"],
    ["轻|稍|略", "明显$|显著"],
    ["复查|随访", "建议|请"],
]


@pytest.mark.parametrize("groups", NEVER)
def test_no_set_of_synonyms_crosses_what_must_not_be_exchanged(groups):
    for words in read_synonyms():
        met = {i for i, group in enumerate(groups) for word in words if re.search(group, word)}
        assert len(met) <= 1, words


def test_the_synonyms_are_known_to_the_vocabulary_and_no_word_is_in_two_sets():
    words = [word for words in read_synonyms() for word in words]
    assert len(words) == len(set(words))
    assert TOKENIZER.unk_token_id not in {token for word in words for token in ids(word)}


def test_the_two_parts_are_findings_and_impression_where_both_are_written():
    findings, impression = CUT("左侧髂骨浓聚。"), CUT("转移。")
    assert two_parts(findings, impression) == (findings, impression)


def test_one_part_alone_is_halved_at_a_sentence_and_one_sentence_has_no_halves():
    text = CUT("余骨未见异常。双肾显影。膀胱显影。注射点可见。")
    first, second = two_parts(text, ())
    assert first + second == text == sum(two_parts((), text), ())
    assert "".join(word.text for word in first) == "余骨未见异常。双肾显影。"
    assert two_parts(CUT("双肾显影。"), ()) == (CUT("双肾显影。"), ())
    assert two_parts(CUT("1.双肾显影"), ())[1] == ()  # a counting point ends no sentence
    assert two_parts((), ()) == ((), ())
