"""Grammatical number of English nouns by their form: enough to see that "dogs" and "dog" are one name."""

from __future__ import annotations

import re

_IRREGULAR = {
    "men": "man", "women": "woman", "people": "person", "children": "child", "feet": "foot", "teeth": "tooth",
    "geese": "goose", "mice": "mouse", "oxen": "ox", "knives": "knife", "wives": "wife", "lives": "life",
    "leaves": "leaf", "loaves": "loaf", "shelves": "shelf", "halves": "half", "wolves": "wolf", "calves": "calf",
    "scarves": "scarf", "hooves": "hoof", "elves": "elf", "thieves": "thief", "movies": "movie", "cookies": "cookie",
    "pies": "pie", "ties": "tie", "zombies": "zombie", "shoes": "shoe", "toes": "toe", "canoes": "canoe",
    "buses": "bus", "gases": "gas",
}  # fmt: skip
# One thing although they end in s.
_SINGULAR = {"bus", "gas", "lens", "tennis", "series", "chassis", "canvas", "iris", "atlas", "christmas", "news"}
_RULES = (
    (r"(?<=[^aeiou])ies$", "y"),
    (r"(?<=ss|sh|ch|zz)es$", ""),
    (r"(?<=x)es$", ""),
    (r"(?<=[^aeiou]o)es$", ""),
    (r"(?<=[^su])s$", ""),
)


def singular(name: str) -> str:
    """The name in lower case with its last word in the singular.

    >>> [singular(name) for name in ("Fire hydrants", "women", "glass", "benches", "bus", "policemen")]
    ['fire hydrant', 'woman', 'glass', 'bench', 'bus', 'policeman']
    """
    *others, word = name.lower().split() or [""]
    return " ".join([*others, _singular(word)])


def has_plural_form(name: str) -> bool:
    """Whether the last word of a name has the form of a plural.

    >>> [has_plural_form(name) for name in ("dogs", "people", "dog", "tennis")]
    [True, True, False, False]
    """
    return bool(name.split()) and singular(name) != " ".join(name.lower().split())


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _SINGULAR or len(word) < 3:
        return word
    if re.search(r"[^g]men$", word) and word not in ("omen", "specimen"):
        return f"{word[:-2]}an"
    for pattern, end in _RULES:
        if re.search(pattern, word):
            return re.sub(pattern, end, word)
    return word
