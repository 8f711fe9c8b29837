"""What MacBERT is asked in pre-training: which words stand wrong, and which part came first.

Masked language modelling as correction: a masked word is not blanked out but replaced, so that
pre-training sees no token that reports do not have.

Source: Cui et al. 2020, https://arxiv.org/abs/2004.13922, sec. 3; sentence order, Lan et al. 2019,
https://arxiv.org/abs/1909.11942, sec. 3.1. What is ours is said where it is done.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from transformers import BertTokenizer

from mmseg_bone.text.cleaning import clean
from mmseg_bone.text.words import segment

SYNONYMS = Path(__file__).with_name("synonyms.txt")
IGNORED = -100  # target of a token that is not asked for; torch's cross entropy skips it
_N_GRAMS = tuple(accumulate((0.4, 0.3, 0.2, 0.1)))  # of one to four words
_SIMILAR, _RANDOM = 0.8, 0.1  # and the rest is kept
_STOPS = frozenset("。.;!?；！？")
# Words that carry the answer. Wide on purpose: it costs only stand-ins.
_PROTECTED = re.compile(
    r"[左右双两侧偏前后内外上下近远中各]"
    r"|[\d第零一二三四五六七八九十百]"
    r"|[骨椎肋髂骶尾髋膝踝肘腕肩颅颈胸腰腹盆颌额顶枕颞颧锁肱尺桡掌指股胫腓髌跟距跖趾足手头腿臂]"
    r"|[未无不非没否]"
    r"|符合|考虑|提示|可能|可疑|疑|除外|待|倾向|拟|诊断|明确|首先|肯定|排除"
    r"|[增减升降高低浓淡稀疏缺柱]|摄取|代谢|活跃|热区|冷区|多发|单发|好转|进展|扩大|缩小"
    r"|良性|恶性|转移|瘤|癌|退行|退变|骨折|炎|病"
    r"|^(?:left|right|bilateral|both|anterior|posterior|lateral|medial|upper|lower|middle|proximal"
    r"|distal|no|not|none|without|absent|normal|abnormal|unremarkable|increased|decreased|reduced"
    r"|hot|cold|more|less|new|benign|malignant|metasta\w*|degenerat\w*|fractur\w*|arthr\w*"
    r"|inflamm\w*|tumou?r\w*|trauma\w*|possibl[ey]|probabl[ey]|likely|unlikely|suspicious|suggest\w*"
    r"|consistent|compatible|typical|equivocal|excluded?|indeterminate|cannot|may|favou?r\w*"
    r"|skull|mandible|maxilla|spine|spinal|cervical|thoracic|lumbar|vertebra\w*|sacr\w*|coccyx"
    r"|rib|ribs|costal|stern\w*|manubrium|clavic\w*|scapula\w*|shoulder\w*|humer\w*|elbow\w*"
    r"|forearm\w*|radius|ulna|wrist\w*|hands?|pelvi\w*|ili\w+|ischi\w*|pub\w+|hips?|acetabul\w*"
    r"|fem\w+|knees?|patella\w*|tibia\w*|fibula\w*|ankles?|foot|feet|[clt]\d+)$"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a report, and the encoder's tokens for it."""

    text: str
    tokens: tuple[int, ...]

    @property
    def can_be_masked(self) -> bool:
        """Whether there is something to guess; punctuation is none (our choice)."""
        return any(map(str.isalnum, self.text))


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with some of its words replaced.

    Attributes:
        tokens: What the encoder reads.
        targets: The token that was there, ``IGNORED`` where nothing is asked.
        words: The how-manyth masked word a token belongs to, from 1; 0 for the others.
    """

    tokens: list[int]
    targets: list[int]
    words: list[int]


class WordCutter:
    """Cuts a text at jieba's words, each with the tokens that begin in it.

    The tokens are those of the whole text, cleaned as ``ReportTokens`` cleans it, so that
    pre-training reads what training will read. A token that spans two words belongs to the
    first. The same word is the same object every time: a corpus holds few different ones.
    """

    def __init__(self, tokenizer: BertTokenizer) -> None:
        self.tokenizer = tokenizer
        self._known: dict[Word, Word] = {}

    def __call__(self, text: str) -> tuple[Word, ...]:
        """The words of a text that have a token; blanks have none."""
        text = clean(text)
        pieces = segment(text)
        ends = list(accumulate(map(len, pieces)))
        read = self.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        tokens: list[list[int]] = [[] for _ in pieces]
        for token, (start, _) in zip(read["input_ids"], read["offset_mapping"], strict=True):
            tokens[bisect_right(ends, start)].append(token)
        words = (Word(p, tuple(t)) for p, t in zip(pieces, tokens, strict=True) if t)
        return tuple(self._known.setdefault(word, word) for word in words)


class Masking:
    """Replaces words: 80 % by a similar one, 10 % by a random one, and 10 % are kept.

    15 % of the words are asked for, in runs of one to four. A word stands in for another
    only if it has as many tokens. A word without a similar one gets a random one, as in the paper;
    ``[MASK]`` is never used. A random word never says a side, a place, a number, a bone, a
    negation, a degree of certainty, more or less uptake, or what a lesion is (our choice): text
    that was damaged is seen to be damaged, and does not say something else that could be true.

    Args:
        tokenizer: Of the encoder.
        pool: Where random words are drawn from, such as the words of the training reports.
        synonyms: Words of one meaning; none for those of ``synonyms.txt``.
        share: Of the words that are asked for; at least one is.

    Source: Cui et al. 2020, sec. 3.1. Their similar words come from word vectors; ours from
    sets that keep the meaning of a report.
    """

    def __init__(
        self,
        tokenizer: BertTokenizer,
        pool: Iterable[str],
        synonyms: Sequence[Sequence[str]] | None = None,
        share: float = 0.15,
    ) -> None:
        self.share = share

        def tokens(word: str) -> tuple[int, ...]:
            return tuple(tokenizer.encode(word, add_special_tokens=False, verbose=False))

        self.similar: dict[str, tuple[tuple[int, ...], ...]] = {}
        for words in read_synonyms() if synonyms is None else synonyms:
            for word in words:
                others = [tokens(other) for other in words if other != word]
                self.similar[word] = tuple(t for t in others if len(t) == len(tokens(word)))
        self.random: dict[int, list[tuple[int, ...]]] = {}
        free = {word for word in pool if any(map(str.isalnum, word)) and not is_protected(word)}
        for ids in sorted(set(map(tokens, free))):
            self.random.setdefault(len(ids), []).append(ids)

    def __call__(self, words: Sequence[Word], rng: np.random.Generator) -> Masked:
        """Mask a text; the same generator state masks the same words the same way."""
        chosen = choose(words, self.share, rng)
        masked = Masked([], [], [])
        asked = 0
        for place, word in enumerate(words):
            count = len(word.tokens)
            if place in chosen:
                asked += 1
                masked.tokens.extend(self.stand_in(word, rng))
                masked.targets.extend(word.tokens)
                masked.words.extend([asked] * count)
            else:
                masked.tokens.extend(word.tokens)
                masked.targets.extend([IGNORED] * count)
                masked.words.extend([0] * count)
        return masked

    def stand_in(self, word: Word, rng: np.random.Generator) -> tuple[int, ...]:
        """As many tokens as the word has: of a similar word, a random one, or its own."""
        draw = rng.random()
        similar = self.similar.get(word.text, ())
        if draw < _SIMILAR and similar:
            return similar[int(rng.integers(len(similar)))]
        if draw < _SIMILAR + _RANDOM:
            return self._any_word(len(word.tokens), rng) or word.tokens
        return word.tokens

    def _any_word(self, count: int, rng: np.random.Generator) -> tuple[int, ...]:
        """A random word of so many tokens, or short ones in a row if there is none so long."""
        if options := self.random.get(count):
            return options[int(rng.integers(len(options)))]
        short = self.random.get(1, ())
        return tuple(short[i][0] for i in rng.integers(len(short), size=count)) if short else ()


def choose(words: Sequence[Word], share: float, rng: np.random.Generator) -> set[int]:
    """Places of the words to mask: runs of one to four, in random order, until it is enough.

    A run ends early at punctuation, at a word that is chosen already, and when it is enough.
    """
    candidates = [place for place, word in enumerate(words) if word.can_be_masked]
    enough = max(1, round(share * len(candidates))) if candidates else 0
    free, chosen = set(candidates), set[int]()
    for start in rng.permutation(candidates).tolist():
        length = run_length(rng)
        for place in range(start, start + length):
            if len(chosen) == enough or place not in free:
                break
            free.remove(place)
            chosen.add(place)
        if len(chosen) == enough:
            break
    return chosen


def run_length(rng: np.random.Generator) -> int:
    """One to four words, at 40, 30, 20 and 10 %."""
    return min(bisect_right(_N_GRAMS, rng.random()), 3) + 1


def is_protected(word: str) -> bool:
    """Whether a word carries the answer, so that it must not stand where another stood."""
    return _PROTECTED.search(word.lower()) is not None


def read_synonyms(path: Path = SYNONYMS) -> list[list[str]]:
    """Sets of words of one meaning, a line each; lines that begin with # are comments."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split() for line in lines if line.strip() and not line.startswith("#")]


def two_parts(
    findings: tuple[Word, ...], impression: tuple[Word, ...]
) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """The parts whose order is asked for: findings and impression, or the halves of either.

    A text is halved at the end of the sentence nearest its middle; one sentence is no two parts,
    and the second is empty.
    """
    if findings and impression:
        return findings, impression
    whole = findings or impression
    ends = [
        place + 1
        for place, word in enumerate(whole[:-1])
        if word.text in _STOPS and not whole[place - 1].text.isdecimal()  # 1. counts, 。 ends
    ]
    if not ends:
        return whole, ()
    middle = min(ends, key=lambda end: abs(2 * end - len(whole)))
    return whole[:middle], whole[middle:]
