"""Rare finite verbs read as the participles that captions are full of: "his daughter feeds them" as "... feeding them".

Captions say "a woman feeding a bird" a hundred times for each "feeds". A word in -s is read as its form in -ing where
that form is the better known, training knows it as the word of a predicate, and a determiner, number or pronoun
follows, before which nouns do not stand.
"""

from __future__ import annotations

from collections.abc import Collection

from usg.parsers.text.batches import Reader
from usg.parsers.text.pieces import Piece
from usg.parsers.text.tokens import NUMBERS
from usg.parsers.text.words import PRONOUNS

_COMMON = 1500  # rank among words from which on a form in -s is rare
_OPENERS = PRONOUNS | frozenset(NUMBERS) | frozenset("a an the this that these those some another".split())


def as_participles(piece: Piece, reader: Reader) -> list[str]:
    """The words of a piece with rare finite verbs as participles."""
    words = piece.texts
    for k, following in enumerate(piece.words[1:]):
        # What was put in for a pronoun stands where the pronoun did.
        if words[k].endswith("s") and (following.text in _OPENERS or following.mention is not None):
            words[k] = participle(words[k], reader) or words[k]
    return words


def participle(word: str, reader: Reader) -> str | None:
    """The form in -ing of a rare verb form in -s, None for other words."""
    if not word.endswith("s") or len(word) < 5 or word.endswith("ss"):
        return None
    table = reader.table
    rank = table.word(word) or len(table.words) + 1
    if rank < _COMMON:
        return None
    known = [(table.word(form), form) for form in _forms(word) if table.word(form) and reader.inventory.says(form)]
    return min(known)[1] if known and 2 * min(known)[0] < rank else None


def _forms(word: str) -> list[str]:
    """What the form in -ing may be.

    Example:
        >>> _forms("feeds"), _forms("chases"), _forms("hugs")
        (['feeding', 'feedding'], ['chasing'], ['huging', 'hugging'])
    """
    base = word[:-3] + "y" if word.endswith("ies") else word[:-1]
    if base.endswith("e"):
        return [base[:-1] + "ing"]
    return [base + "ing", base + base[-1] + "ing"]


def finite(participle: str, plural: bool, known: Collection[str]) -> str | None:
    """The finite form of a verb in -ing, where that is a known word.

    Example:
        >>> [finite(word, False, {"rides", "sits", "eats"}) for word in ("riding", "sitting", "eating", "skiing")]
        ['rides', 'sits', 'eats', None]
    """
    if not participle.endswith("ing"):
        return None
    stem = participle[:-3]
    bases = [stem + "e", stem, *([stem[:-1]] if len(stem) > 3 and stem[-1] == stem[-2] else [])]
    forms = [base if plural else base + "s" for base in bases]
    return next((form for form in forms if form in known), None)
