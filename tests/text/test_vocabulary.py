import json

from mmseg_bone.anatomy import BONES
from mmseg_bone.text.cleaning import clean
from mmseg_bone.text.vocabulary import PATH, build
from mmseg_bone.text.words import lexicon

TOKENS = build()


def test_the_file_is_what_the_function_makes():
    assert PATH.read_text("utf-8").splitlines() == TOKENS
    assert json.loads((PATH.parent / "config.json").read_text())["vocab_size"] == len(TOKENS)


def test_no_token_is_listed_twice_and_padding_is_nought():
    assert len(set(TOKENS)) == len(TOKENS)
    assert TOKENS[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def test_every_character_of_lexicon_and_anatomy_is_known():
    texts = [*lexicon(), *(bone.chinese_side + bone.chinese for bone in BONES)]
    assert {character for text in texts for character in clean(text).lower()} <= set(TOKENS)
