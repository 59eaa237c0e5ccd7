"""Predicates that training never saw, composed of the caption's own words.

The words that relate a pair are those the network attends to. Where these are a verb, or a verb and the preposition
behind it, that make no predicate of the inventory ("adorning", "climbing over"), their composition is scored as the
inventory's predicates are, by the sum of its words' vectors, and taken when it scores better by a margin. A verb that
no training predicate contains has no vector; its lemma is made by rule.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from usg.parsers.text.align import Span
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.tokens import WordTable
from usg.parsers.text.words import PREPOSITIONS, PRONOUNS

_LEAST = 0.1  # attention of a word that counts
_NO_VERBS = frozenset("next close top side front middle corner edge end left right bottom back way most out up".split())
_NEVER = PRONOUNS | frozenset("a an the is are was were be been being has had and or that which who . , ; :".split())


def attended(caption: Sequence[str], spans: Sequence[Span], attention: Sequence[float]) -> list[int]:
    """The verb, or the verb and the preposition behind it, that a pair attends to; [] where it attends to others."""
    covered = {k for first, last in spans for k in range(first, last)}
    found = [k for k, word in enumerate(caption) if attention[k] >= _LEAST and k not in covered and word not in _NEVER]
    if not 1 <= len(found) <= 2 or caption[found[0]] in PREPOSITIONS | _NO_VERBS:
        return []
    if len(found) == 2 and (caption[found[1]] not in PREPOSITIONS or covered.intersection(range(*found))):
        return []
    return found


def compose(caption: Sequence[str], places: Sequence[int], inventory: Inventory, table: WordTable) -> str | None:
    """The predicate that words say together, or None where they say none.

    A word that is itself a form in -ing, -ed or -s, or that training knows as a predicate's word, is a verb.
    """
    words = []
    for k in places:
        number = inventory.says(caption[k])
        word = inventory.words[number] if number else lemma(caption[k], table)
        if word is None:
            return None
        words.append(word)
    return " ".join(words) if words else None


def with_verb(
    predicate: str, caption: Sequence[str], spans: Sequence[Span], inventory: Inventory, table: WordTable
) -> str | None:
    """A preposition of several words with the verb before it, where training knows only the preposition.

    "floating on top of a lake" gives "float on top of"; None where the verb stands elsewhere, or the whole is known and
    was not chosen.
    """
    words = predicate.split(" ")
    if len(words) < 3 or words[0] not in PREPOSITIONS:
        return None
    wanted = [inventory.says(word) for word in words]
    places = [
        k
        for k in range(1, len(caption) - len(words) + 1)
        if [inventory.says(word) for word in caption[k : k + len(words)]] == wanted
    ]
    if len(places) != 1:
        return None
    k = places[0] - 1
    if any(first <= k < last for first, last in spans) or not caption[k].endswith(("ing", "ed")):
        return None
    verb = compose(caption, [k], inventory, table)
    whole = f"{verb} {predicate}"
    return whole if verb is not None and whole not in inventory.known else None


def score(
    wanted: Tensor,
    vectors: Tensor,
    attention: Sequence[float],
    caption: Sequence[str],
    places: Sequence[int],
    inventory: Inventory,
    gain: float,
) -> float:
    """The logit of a composed predicate, as `SceneGraphNetwork.labels` gives those of the inventory.

    Args:
        wanted: (d,) what the pair asks for.
        vectors: (W + 1, d) of predicate words; row 0 is of no word.
        attention: (T,) of the pair.
        caption: its words.
        places: of the words that say the predicate.
        inventory: of the network.
        gain: what copied attention counts.
    """
    numbers = {inventory.says(caption[k]) for k in places} - {0}
    meaning = float((wanted @ vectors[sorted(numbers)].sum(0)) if numbers else 0.0)
    return meaning + gain * sum(attention[k] for k in places)


def lemma(word: str, table: WordTable) -> str | None:
    """The base form of a verb form in -ing, -ed or -s; None for other words.

    Example:
        >>> table = WordTable(("lounge", "adorn", "slide"), ())
        >>> [lemma(word, table) for word in ("adorning", "sliding", "hugged", "celebrating", "green")]
        ['adorn', 'slide', 'hug', 'celebrate', None]
    """
    for ending in ("ing", "ed", "es", "s"):
        base = word.removesuffix(ending)
        if base == word or len(base) < 3 or not base.isalpha() or word.endswith("ss"):
            continue
        for candidate in (base, base + "e"):
            if table.word(candidate):
                return candidate
        if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
            return base[:-1]
        # "celebrating" is of "celebrate", but "treating" of "treat".
        has_e = base[-1] in "cgvuz" or (len(base) > 4 and base.endswith("at") and base[-3] not in "aeiou")
        return base + "e" if has_e and ending != "s" else base
    return None
