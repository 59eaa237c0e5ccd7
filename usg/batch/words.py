"""Words of a text, with their places: the same cut for captions, questions and referring expressions.

A word is a run of letters or digits, in lower case; punctuation separates words and is dropped, so "man's" is "man" and
"s". `<mask>` is one word: the place where a model is asked to read out an answer. Places are half-open intervals of
code points in the text as given, the unit of `usg.graph.TextSpan`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

MASK = "<mask>"
"""The word, and the vocabulary entry, that stands for what is asked."""

_WORD = re.compile(rf"{MASK}|[^\W_]+")


def tokenize(text: str) -> list[tuple[str, int, int]]:
    """Cuts a text into (word, start, end).

    >>> tokenize("A red-haired man's dog.")
    [('a', 0, 1), ('red', 2, 5), ('haired', 6, 12), ('man', 13, 16), ('s', 17, 18), ('dog', 19, 22)]
    >>> tokenize("Is it <mask>?")[-1]
    ('<mask>', 6, 12)
    """
    return list(_cut(text))


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs in the texts, without `<mask>`.

    >>> count_words(["a dog", "a cat"])["a"]
    2
    """
    counts = Counter(word for text in texts for word, _, _ in _cut(text))
    del counts[MASK]
    return counts


@lru_cache(maxsize=65536)
def _cut(text: str) -> tuple[tuple[str, int, int], ...]:
    return tuple((match[0].lower(), match.start(), match.end()) for match in _WORD.finditer(text))
