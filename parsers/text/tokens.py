"""What the scene-graph network sees of a word: its form, its stem, and its letters.

A word is read by three tables: words seen in training, stems seen in training, and hashed character n-grams, so that a
typo or a new word still has a vector (Bojanowski et al., TACL 2017; hashing as in spaCy's embeddings, Miranda et al.,
2022). The stemmer only groups the forms of a word ("sitting", "sits", "sit"); its stems are never shown.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from usg.numerals import NUMERALS

UNKNOWN = 0
GRAM_BUCKETS = 8000
_MAX_GRAMS = 24

NUMBERS = {word: str(number) for number, word in enumerate(NUMERALS) if number}


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The letters that the forms of a word have in common.

    Example:
        >>> [stem(word) for word in ("sitting", "sits", "sit", "parked", "parking", "boxes", "carries", "carry")]
        ['sit', 'sit', 'sit', 'park', 'park', 'box', 'carry', 'carry']
    """
    for ending in ("ies", "ied"):
        if word.endswith(ending) and len(word) > 4:
            return word[: -len(ending)] + "y"
    for ending in ("ing", "ed", "es", "en", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            rest = word[: -len(ending)]
            if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "ls":
                rest = rest[:-1]
            return rest[:-1] if rest.endswith("e") else rest
    return word


def grams(word: str) -> list[int]:
    """Hashed character n-grams of 3 and 4 letters, then the word itself, the first 24 of them, in [0, GRAM_BUCKETS).

    Example:
        >>> len(grams("dog")), grams("dog") == grams("dog")
        (6, True)
    """
    marked = f"<{word}>"
    pieces = [marked[i : i + n] for n in (3, 4) for i in range(len(marked) - n + 1)] + [marked]
    return [zlib.crc32(piece.encode("utf-8", "surrogatepass")) % GRAM_BUCKETS for piece in pieces[:_MAX_GRAMS]]


class WordTable:
    """Words and stems of the training captions; index 0 stands for every other one."""

    def __init__(self, words: Sequence[str], stems: Sequence[str]) -> None:
        self.words, self.stems = tuple(words), tuple(stems)
        self._word = {word: i for i, word in enumerate(self.words, start=1)}
        self._stem = {each: i for i, each in enumerate(self.stems, start=1)}

    @classmethod
    def build(cls, captions: Iterable[Sequence[str]], min_count: int = 2) -> WordTable:
        """The table of all words seen at least `min_count` times, most frequent first."""
        words: Counter[str] = Counter()
        stems: Counter[str] = Counter()
        for caption in captions:
            words.update(caption)
            stems.update(stem(word) for word in caption)
        kept = [
            [key for key, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if n >= min_count]
            for counts in (words, stems)
        ]
        return cls(*kept)

    def word(self, word: str) -> int:
        """Index of a lower-case word, 0 when unknown."""
        return self._word.get(word, UNKNOWN)

    def stem(self, word: str) -> int:
        """Index of the word's stem, 0 when unknown."""
        return self._stem.get(stem(word), UNKNOWN)

    def to_state(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"words": list(self.words), "stems": list(self.stems)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> WordTable:
        """The table that `to_state` described."""
        return cls(state["words"], state["stems"])
