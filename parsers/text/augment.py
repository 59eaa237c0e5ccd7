"""Captions rewritten: two joined, or one without its articles; each keeps what it says.

join             a man riding a horse, while a dog is on the grass       no links between the two
without_articles man riding horse
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from usg.parsers.text.batches import Example
from usg.parsers.text.network import OUTSIDE

ARTICLES = frozenset(("a", "an", "the"))
JOINING = (("while",), (",", "while"), ("as",), (",", "and"), (".",), (";",))


def join(one: Example, other: Example, connective: Sequence[str]) -> Example:
    """Two captions as one.

    Example:
        >>> dog = Example(("a", "dog"), (0, 1), ((1, 2),), (0,), {})
        >>> join(dog, dog, ["while"]).tokens, join(dog, dog, ["while"]).spans
        (('a', 'dog', 'while', 'a', 'dog'), ((1, 2), (4, 5)))
    """
    head = without_stop(one)
    return _behind(head, connective, other, {k: k for k in range(len(other.spans))})


def without_articles(each: Example) -> Example:
    """A caption without the articles that are no part of a span; one of nothing else stays as it is.

    Example:
        >>> without_articles(Example(("a", "dog"), (0, 1), ((1, 2),), (0,), {})).tokens
        ('dog',)
    """
    kept = [k for k, (word, tag) in enumerate(zip(each.tokens, each.tags, strict=True)) if tag or word not in ARTICLES]
    return _reordered(each, kept, {}) if kept else each


def without_stop(each: Example) -> Example:
    """A caption without its full stop."""
    if not each.tokens or each.tokens[-1] != "." or each.tags[-1] != OUTSIDE:
        return each
    return Example(each.tokens[:-1], each.tags[:-1], each.spans, each.forms, each.links)


def _behind(one: Example, connective: Sequence[str], other: Example, number: Mapping[int, int]) -> Example:
    words, spans = len(one.tokens) + len(connective), len(one.spans)
    return Example(
        (*one.tokens, *connective, *other.tokens),
        (*one.tags, *[OUTSIDE] * len(connective), *other.tags),
        (*one.spans, *((i + words, j + words) for i, j in other.spans)),
        (*one.forms, *other.forms),
        {**one.links, **{(number[i] + spans, number[j] + spans): p for (i, j), p in other.links.items()}},
    )


def _reordered(each: Example, order: Sequence[int], instead: Mapping[int, str]) -> Example:
    """The caption with its words in another order, some left out or replaced; spans stay whole."""
    place = {k: n for n, k in enumerate(order)}
    moved = [(place[i], place[j - 1] + 1) for i, j in each.spans]
    rank = {old: new for new, old in enumerate(sorted(range(len(moved)), key=lambda k: moved[k]))}
    back = sorted(rank, key=lambda k: rank[k])
    return Example(
        tuple(instead.get(k, each.tokens[k]) for k in order),
        tuple(each.tags[k] for k in order),
        tuple(moved[k] for k in back),
        tuple(each.forms[k] for k in back),
        {(rank[i], rank[j]): p for (i, j), p in each.links.items()},
    )
