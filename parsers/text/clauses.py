"""Captions cut into their subject and what is said of it: "a man" and "riding horses", with the graph of each part.

Only captions that begin with their subject, behind its article and adjectives, can be cut; nothing else may be related
across the cut. What is said keeps its links with the subject, which stands in them as `SUBJECT`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from usg.parsers.text.augment import ARTICLES, without_stop
from usg.parsers.text.batches import Example
from usg.parsers.text.finite import finite
from usg.parsers.text.network import OUTSIDE
from usg.parsers.text.words import PREPOSITIONS, is_plural

SUBJECT = -1  # in links: the subject that a phrase says something of
_IS = frozenset(("is", "are"))


@dataclass(frozen=True)
class Thing:
    """A noun phrase: its words, and which of its spans is the head."""

    words: Example
    head: int

    @property
    def name(self) -> str:
        """The words of the head."""
        return " ".join(self.words.tokens[slice(*self.words.spans[self.head])])

    @property
    def is_(self) -> str:
        """The copula that agrees."""
        return "are" if is_plural(self.name) else "is"


@dataclass(frozen=True)
class Clause:
    """A subject and what is said of it, without the copula.

    Attributes:
        subject: who or what.
        said: words whose links may be with `SUBJECT`.
        kind: "verb" for a participle, "state" for an adjective or a verb that is one, "place" for a preposition.
    """

    subject: Thing
    said: Example
    kind: str

    @property
    def transitive(self) -> Thing | None:
        """The thing that one word in -ing relates the subject to, where nothing else is said."""
        said = self.said
        if self.kind != "verb" or not said.tokens[0].endswith("ing") or not said.spans:
            return None
        outside = [word for word, tag in zip(said.tokens[1:], said.tags[1:], strict=True) if tag == OUTSIDE]
        if any(word not in ARTICLES for word in outside):
            return None
        of_subject = [j for i, j in said.links if i == SUBJECT]
        if len(of_subject) != 1 or any(j == SUBJECT for _, j in said.links) or said.spans[-1][1] < len(said.tokens):
            return None
        return Thing(cut(said, 1, len(said.tokens)), of_subject[0])


def clause(each: Example, attribute: int | None = None) -> Clause | None:
    """The subject of a caption and what is said of it; None where it does not begin with its subject.

    Args:
        each: the caption.
        attribute: number of the predicate of attributes.

    Example:
        >>> caption = Example(("a", "man", "riding", "horses"), (0, 1, 0, 1), ((1, 2), (3, 4)), (0, 0), {(0, 1): 5})
        >>> found = clause(caption)
        >>> found.subject.words.tokens, found.said.tokens, found.said.links, found.kind
        (('a', 'man'), ('riding', 'horses'), {(-1, 0): 5}, 'verb')
    """
    each = without_stop(each)
    subject = subject_of(each, attribute)
    if subject is None:
        return None
    if any((i < subject < j or j < subject < i) for i, j in each.links):
        return None
    end = each.spans[subject][1]
    start = end
    if start < len(each.tokens) and each.tokens[start] in _IS and each.tags[start] == OUTSIDE:
        start += 1
    if start >= len(each.tokens):
        return None
    first = each.tokens[start]
    if each.tags[start] != OUTSIDE:
        kind = "state"
        if each.spans[subject + 1][0] != start or (subject, subject + 1) not in each.links:
            return None
        if start == end and not first.endswith("ing"):
            return None
    elif first.endswith(("ing", "ed")):
        kind = "verb"
    elif first in PREPOSITIONS:
        kind = "place"
    else:
        return None
    named = cut(each, 0, end)
    named.links.pop((subject, subject), None)  # "dogs next to each other": said of the subject, not its name
    return Clause(Thing(named, subject), cut(each, start, len(each.tokens), subject), kind)


def subject_of(each: Example, attribute: int | None = None) -> int | None:
    """The span that begins the caption, behind its article and adjectives, and that something is said of."""
    for number, (start, _) in enumerate(each.spans):
        outside = [each.tokens[k] for k in range(start) if each.tags[k] == OUTSIDE]
        if any(word not in ARTICLES for word in outside):
            return None
        if any(
            (i == number and j > number) or (j == number and i > number and predicate != attribute)
            for (i, j), predicate in each.links.items()
        ):
            # What stands before it must be its adjectives.
            return number if all((number, k) in each.links for k in range(number)) else None
    return None


def cut(each: Example, start: int, end: int, subject: int | None = None) -> Example:
    """Words [start, end) of a caption with their spans and the links among them, and those with the subject."""
    number = {k: n for n, k in enumerate(k for k, (i, j) in enumerate(each.spans) if start <= i and j <= end)}
    if subject is not None:
        number[subject] = SUBJECT
    kept = [k for k in number if k != subject]
    return Example(
        each.tokens[start:end],
        each.tags[start:end],
        tuple((each.spans[k][0] - start, each.spans[k][1] - start) for k in kept),
        tuple(each.forms[k] for k in kept),
        {(number[i], number[j]): p for (i, j), p in each.links.items() if i in number and j in number},
    )


def with_subject(said: Example) -> dict[tuple[int, int], int]:
    """The links with the subject."""
    return {pair: predicate for pair, predicate in said.links.items() if SUBJECT in pair}


def predicate_of_subject(each: Clause) -> int:
    """The predicate of the one link that the subject of a transitive clause has."""
    return next(predicate for (i, _), predicate in each.said.links.items() if i == SUBJECT)


def is_place(each: Clause, known: Collection[str]) -> bool:
    """Whether one preposition, alone or behind a verb with a finite form, relates the subject to the rest."""
    of_subject = list(with_subject(each.said))
    if len(of_subject) != 1 or of_subject[0][0] != SUBJECT or of_subject[0][1] == SUBJECT:
        return False
    if each.kind == "place":
        return True
    words = each.said.tokens
    return (
        each.kind == "verb"
        and len(words) > 2
        and words[1] in PREPOSITIONS
        and each.said.tags[1] == OUTSIDE
        and finite(words[0], False, known) is not None
    )


def without_article(thing: Thing) -> Thing:
    """The thing without the article that it begins with."""
    words = thing.words
    if words.tokens[0] not in ARTICLES or words.tags[0] != OUTSIDE:
        return thing
    spans = tuple((i - 1, j - 1) for i, j in words.spans)
    return Thing(Example(words.tokens[1:], words.tags[1:], spans, words.forms, words.links), thing.head)
