"""Quantities that the training graphs leave out: "a pair of", "a lot of", "several".

FACTUAL counts with digits ("two dogs" is `2`) and keeps "group of"; other words of quantity it mostly drops. They are
read off the words before a thing: number words of the thing's own noun phrase, or a collective noun and "of".
"""

from __future__ import annotations

from usg.parsers.text.decode import Reading
from usg.parsers.text.pieces import Piece
from usg.parsers.text.words import VAGUE

_COLLECTIVE = {
    "pair": "2",
    "couple": "2",
    "dozen": "12",
    "lot": "many",
    "lots": "many",
    **{word: f"{word} of" for word in "group bunch herd flock crowd number variety".split()},
}
_PAIRED = frozenset("pants shorts jeans trousers scissors glasses sunglasses goggles tongs".split())
_SAYING = VAGUE | {"of"}
_BETWEEN = frozenset(("a", "an", "the", ",", "and"))


def quantity(piece: Piece, reading: Reading, thing: int) -> tuple[str, int, int] | None:
    """The quantity said before span `thing`: its value and the words that say it, or None.

    Example:
        >>> from usg.parsers.text.pieces import cut
        >>> [piece] = cut([("a", 0), ("lot", 2), ("of", 6), ("trees", 9)])
        >>> quantity(piece, Reading(((3, 4),), ("trees",), (1.0,)), 0)
        ('many', 1, 3)
    """
    words = [word.text for word in piece.words[: reading.spans[thing][0]]]
    if _SAYING.isdisjoint(words):
        return None
    described = {link.object for link in reading.links if link.is_attribute and link.subject == thing}
    described -= reading.things
    adjectives = {k for i in described for k in range(*reading.spans[i])}
    covered = {k for i, (first, last) in enumerate(reading.spans) if i not in described for k in range(first, last)}
    k = reading.spans[thing][0] - 1
    while k >= 0:
        if words[k] in VAGUE and k not in covered:
            return words[k], k, k + 1
        if words[k - 1 : k + 1] == ["pair", "of"] and reading.labels[thing].split(" ")[-1] in _PAIRED:
            return None
        if words[k] == "of" and k > 0 and words[k - 1] in _COLLECTIVE and k - 1 not in covered:
            return _COLLECTIVE[words[k - 1]], k - 1, k + 1
        if k not in adjectives and words[k] not in _BETWEEN:
            return None
        k -= 1
    return None
