"""Pronouns: what "he", "them" and "its" stand for, and reading the sentence again with that in their place.

The network read captions in which pronouns are rare. A piece with a pronoun is therefore read twice: once as it is, to
see what things are named, and once with each pronoun replaced by the name of its antecedent, the most recent thing
before it that agrees in number and gender, those in subject position first within their sentence (Hobbs, 1978; Lappin
and Leass, 1994, for recency and subject preference). "his dog" is then read as "man 's dog". What is read at the place
of a replaced word is the antecedent itself.

Within one sentence the network knows "a lake with cows in it" and "a man looking at his skis" from its training; there
a pronoun is replaced only after a verb ("... while he feeds them"), and "his" only before a living being. Elsewhere
"his" keeps its antecedent as a mention, from which usg/parsers/text/assemble.py tells who has what. ", one with" and
", another holding" stand for the several things before them, and so does "each other", where the network did not read
it as what they do with one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from usg.parsers.text.decode import Reading
from usg.parsers.text.meta import meta_nouns
from usg.parsers.text.pieces import Cue, Piece, Word
from usg.parsers.text.words import (
    MEN,
    PEOPLE,
    POSSESSIVE,
    PREPOSITIONS,
    PRONOUNS,
    REFLEXIVE,
    WOMEN,
    agrees,
    is_plural,
)

PARTITIVE = frozenset(("one", "another", "both"))
RECIPROCAL = frozenset((("each", "other"), ("one", "another")))
_NEW_PHRASE = PREPOSITIONS | frozenset("a an the and or while as that who , is are".split())
_LONGEST_PHRASE = 4
_Named = tuple[int, int, str, bool]  # start, end, label, whether it is a subject


def has_pronoun(piece: Piece) -> bool:
    """Whether a piece has to be read twice."""
    return any(word.text in PRONOUNS or word.text in PARTITIVE or word.text == "each" for word in piece.words)


def resolve(pieces: Sequence[Piece], readings: Sequence[Reading]) -> dict[int, Piece]:
    """Pieces with a pronoun that has an antecedent: number of the piece -> the piece to read in its place.

    Args:
        pieces: of one text, in order.
        readings: of these pieces, as they are.
    """
    found: dict[int, Piece] = {}
    named: list[list[_Named]] = []
    for number, (piece, reading) in enumerate(zip(pieces, readings, strict=True)):
        here = _named(piece, reading)
        words: list[Word] = []
        changed = False
        for k, word in enumerate(piece.words):
            if k and (piece.words[k - 1].text, word.text) in RECIPROCAL:
                antecedent = _each_other(piece, k - 1, here, reading)
                if antecedent is not None:
                    changed = True
                    start = words.pop().start
                    words += _instead(antecedent, start, word.end)
                    continue
            antecedent = _antecedent(word, here, named) if word.text in PRONOUNS else _several(piece, k, here)
            possessive = word.text in POSSESSIVE and _before_noun(piece, reading, k)
            if antecedent is None or (antecedent in here and _is_known(piece, reading, k, possessive)):
                if antecedent is not None and possessive:
                    word, changed = replace(word, mention=antecedent[:2]), True
                words.append(word)
                continue
            changed = True
            words += _instead(antecedent, word.start, word.end)
            if possessive:
                words.append(Word("'s", word.start, word.end))
        if changed:
            cues = tuple(_moved(cue, piece, words) for cue in piece.cues)
            found[number] = Piece(tuple(words), cues)
        named.append(here)
    return found


def _instead(antecedent: _Named, start: int, end: int) -> list[Word]:
    """The words of an antecedent in the place [start, end) of what stands for it."""
    return [Word(each, start, end, antecedent[:2]) for each in antecedent[2].split(" ")]


def _each_other(piece: Piece, k: int, here: Sequence[_Named], reading: Reading) -> _Named | None:
    """The several things that "each other" at word k stands for; None where the network read what they do."""
    if any(link.subject == link.object and not link.is_attribute for link in reading.links):
        return None
    for start, end, label, is_subject in here:
        said = " ".join(word.text for word in piece.words if start <= word.start < end)
        if end <= piece.words[k].start and is_plural(said):
            return start, end, label, is_subject
    return None


def _moved(cue: Cue, piece: Piece, words: Sequence[Word]) -> Cue:
    start = piece.words[cue.at].start if cue.at < len(piece.words) else None
    return Cue(next((k for k, word in enumerate(words) if word.start == start), len(words)), cue.kind)


def _named(piece: Piece, reading: Reading) -> list[_Named]:
    """The things a piece names, without its pronouns and meta nouns, in order."""
    meta = meta_nouns(piece, reading)
    named = []
    for i, ((first, last), label) in enumerate(zip(reading.spans, reading.labels, strict=True)):
        if i in meta or i not in reading.things or piece.words[first].text in PRONOUNS:
            continue
        relates = any(link.subject == i and not link.is_attribute for link in reading.links)
        named.append((piece.words[first].start, piece.words[last - 1].end, label, relates))
    return named


def _antecedent(word: Word, here: Sequence[_Named], before: Sequence[Sequence[_Named]]) -> _Named | None:
    """The thing that a pronoun stands for, or None."""
    earlier = [each for each in here if each[1] <= word.start]
    pronoun = word.text
    for group in (earlier, *reversed(before)):
        fitting = [each for each in group if agrees(pronoun, each[2])]
        if fitting:
            subjects = [each for each in fitting if each[3]]
            if pronoun in REFLEXIVE or group is not earlier:
                return (subjects or fitting)[0]
            return fitting[-1] if pronoun not in POSSESSIVE else (subjects or fitting)[-1]
    return None


def _several(piece: Piece, k: int, here: Sequence[_Named]) -> _Named | None:
    """The several things of which ", one with ..." takes one."""
    words = [word.text for word in piece.words[max(0, k - 1) : k + 2]]
    if len(words) < 3 or words[1] not in PARTITIVE or words[0] not in (",", "and"):
        return None
    if not (words[2] in PREPOSITIONS or words[2].endswith("ing") or words[2] in ("is", "has")):
        return None
    several = [each for each in here if each[1] <= piece.words[k].start and is_plural(each[2])]
    return several[0] if several else None


def _before_noun(piece: Piece, reading: Reading, k: int) -> bool:
    """Whether word k stands in the noun phrase of a span: "her dog", not "kisses her on the cheek"."""
    first = next((first for first, _ in reading.spans if first > k), None)
    if first is None or first > k + _LONGEST_PHRASE:
        # "losing her balance": a thing that the network does not see.
        following = piece.words[k + 1].text if k + 1 < len(piece.words) else ""
        return following.isalpha() and following not in _NEW_PHRASE
    return in_phrase(piece, k, first)


def in_phrase(piece: Piece, k: int, first: int) -> bool:
    """Whether a thing that is named from word `first` on belongs to the possessive at word k: "her big dog"."""
    return first <= k + _LONGEST_PHRASE and not any(word.text in _NEW_PHRASE for word in piece.words[k + 1 : first])


def _is_known(piece: Piece, reading: Reading, k: int, possessive: bool) -> bool:
    """Whether the network knows the pronoun from its training: see the module's docstring."""
    if possessive:
        owned = next((label for (first, _), label in zip(reading.spans, reading.labels, strict=True) if first > k), "")
        return owned.split(" ")[-1].removesuffix("s") not in PEOPLE | MEN | WOMEN
    return piece.words[k].text in PRONOUNS and (k == 0 or piece.words[k - 1].text in PREPOSITIONS)
