"""Captions rewritten: two joined, or one without its articles; each keeps what it says.

join             a man riding a horse, while a dog is on the grass       no links between the two
without_articles man riding horse
"""

from __future__ import annotations

from collections.abc import Sequence

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
    words, spans = len(head.tokens) + len(connective), len(head.spans)
    return Example(
        (*head.tokens, *connective, *other.tokens),
        (*head.tags, *[OUTSIDE] * len(connective), *other.tags),
        (*head.spans, *((i + words, j + words) for i, j in other.spans)),
        (*head.forms, *other.forms),
        {**head.links, **{(i + spans, j + spans): p for (i, j), p in other.links.items()}},
    )


def without_articles(each: Example) -> Example:
    """A caption without the articles that are no part of a span; one of nothing else stays as it is.

    Example:
        >>> without_articles(Example(("a", "dog"), (0, 1), ((1, 2),), (0,), {})).tokens
        ('dog',)
    """
    kept = [k for k, (word, tag) in enumerate(zip(each.tokens, each.tags, strict=True)) if tag or word not in ARTICLES]
    if not kept:
        return each
    place = {k: n for n, k in enumerate(kept)}
    spans = tuple((place[i], place[j - 1] + 1) for i, j in each.spans)
    return Example(
        tuple(each.tokens[k] for k in kept), tuple(each.tags[k] for k in kept), spans, each.forms, each.links
    )


def without_stop(each: Example) -> Example:
    """A caption without its full stop."""
    if not each.tokens or each.tokens[-1] != "." or each.tags[-1] != OUTSIDE:
        return each
    return Example(each.tokens[:-1], each.tags[:-1], each.spans, each.forms, each.links)
