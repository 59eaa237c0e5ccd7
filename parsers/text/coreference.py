"""Pronouns: what "he", "them" and "its" stand for, and reading the sentence again with that in their place.

The network read captions in which pronouns are rare. A piece with a pronoun is therefore read twice: once as it is, to
see what things are named, and once with each pronoun replaced by the name of its antecedent, the most recent thing
before it that agrees in number and gender, those in subject position first within their sentence (Hobbs, 1978; Lappin
and Leass, 1994, for recency and subject preference). "his dog" is then read as "man 's dog". What is read at the place
of a replaced word is the antecedent itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from usg.parsers.text.decode import Reading
from usg.parsers.text.pieces import Piece, Word
from usg.parsers.text.words import FEMALE, POSSESSIVE, PRONOUNS, REFLEXIVE, agrees

_Named = tuple[int, int, str, bool]  # start, end, label, whether it is a subject


def has_pronoun(piece: Piece) -> bool:
    """Whether a piece has to be read twice."""
    return any(word.text in PRONOUNS for word in piece.words)


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
            antecedent = _antecedent(word, here, named) if word.text in PRONOUNS else None
            possessive = word.text in POSSESSIVE and _before_noun(piece, reading, k)
            if antecedent is None or (word.text == "her" and not possessive and word.text not in FEMALE):
                words.append(word)
                continue
            changed = True
            start, end, label, _ = antecedent
            words += [Word(each, word.start, word.end, (start, end)) for each in label.split(" ")]
            if possessive:
                words.append(Word("'s", word.start, word.end))
        if changed:
            cues = tuple(_moved(cue, piece, words) for cue in piece.cues)
            found[number] = Piece(tuple(words), cues)
        named.append(here)
    return found


def _moved(cue: object, piece: Piece, words: Sequence[Word]) -> object:
    at = cue.at  # type: ignore[attr-defined]
    start = piece.words[at].start if at < len(piece.words) else None
    place = next((k for k, word in enumerate(words) if word.start == start), len(words))
    return replace(cue, at=place)  # type: ignore[type-var]


def _named(piece: Piece, reading: Reading) -> list[_Named]:
    """The things a piece names, without its pronouns, in order."""
    attributes = {link.object for link in reading.links if link.is_attribute and link.implied is None}
    subjects = {link.subject for link in reading.links}
    objects = subjects | {link.object for link in reading.links if not link.is_attribute}
    named = []
    for i, ((first, last), label) in enumerate(zip(reading.spans, reading.labels, strict=True)):
        if (i in attributes and i not in objects) or piece.words[first].text in PRONOUNS:
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


def _before_noun(piece: Piece, reading: Reading, k: int) -> bool:
    return any(k < first <= k + 4 for first, _ in reading.spans) and k + 1 < len(piece.words)
