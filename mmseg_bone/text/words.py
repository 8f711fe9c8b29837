"""Words of a report, cut by jieba with a lexicon of nuclear medicine."""

import warnings
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

with warnings.catch_warnings():
    # Written for Python 2; its regular expressions are spelt in a way Python now warns of.
    warnings.simplefilter("ignore")
    import jieba

LEXICON = Path(__file__).with_name("lexicon.txt")


def segment(text: str) -> list[str]:
    """Words of a text, in order; joined, they are the text again.

    Terms of the lexicon stay whole where they stand alone: 骶髂关节 is one word, where jieba's
    own dictionary makes three. Words are for statistics and masking; the text encoder reads
    characters.
    """
    words: list[str] = _jieba().lcut(text)
    return words


def lexicon() -> list[str]:
    """The terms jieba should not cut."""
    return [line.split()[0] for line in LEXICON.read_text("utf-8").splitlines()]


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs; blanks and punctuation are not words."""
    return Counter(word for text in texts for word in segment(text) if any(map(str.isalnum, word)))


@cache
def _jieba() -> jieba.Tokenizer:
    """A tokeniser of our own: others in this process may load other dictionaries.

    Its own ``initialize`` would leave a cache in the temporary folder, which all users of a
    machine share, and talk on the way.
    """
    tokeniser = jieba.Tokenizer()
    tokeniser.FREQ, tokeniser.total = tokeniser.gen_pfdict(tokeniser.get_dict_file())
    tokeniser.initialized = True
    with LEXICON.open("rb") as file:
        tokeniser.load_userdict(file)
    return tokeniser
