"""Captions rewritten into constructions that short captions lack, with the graphs that follow.

FACTUAL's captions average six words; descriptions and COCO captions have clauses, coordinated verbs and inversions.
Each function makes one such caption out of one or two, by the words and links alone, or returns None where it does not
apply:

    join             a man riding a horse, while a dog is on the grass       no links between the two
    share_subject    a man riding a horse and holding a rope                 the second's subject is the first's
    coordinate       a dog and a small cat watching a bird           what is said of the second holds of the first
    relative         a man that is riding a horse
    inverted         on a desk sits a keyboard
    whose            a woman whose hat is red                                from "a woman with a red hat"
    without_articles man riding horse

(Data recombination for semantic parsing: Jia and Liang, ACL 2016.)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from usg.parsers.text.batches import Example
from usg.parsers.text.network import OUTSIDE
from usg.parsers.text.words import PREPOSITIONS

ARTICLES = frozenset(("a", "an", "the"))
JOINING = (("while",), (",", "while"), ("as",), (",", "and"), (".",), (";",))
SHARING = (("and",), ("while",), (",",), (",", "and"), ("and", "is"))
_IS = frozenset(("is", "are"))


def join(one: Example, other: Example, connective: Sequence[str]) -> Example:
    """Two captions as one.

    Example:
        >>> dog = Example(("a", "dog"), (0, 1), ((1, 2),), (0,), {})
        >>> join(dog, dog, ["while"]).tokens, join(dog, dog, ["while"]).spans
        (('a', 'dog', 'while', 'a', 'dog'), ((1, 2), (4, 5)))
    """
    head = without_stop(one)
    return _behind(head, connective, other, {k: k for k in range(len(other.spans))})


def share_subject(one: Example, other: Example, connective: Sequence[str]) -> Example | None:
    """The first caption with what the second says of its subject behind it."""
    head = without_stop(one)
    subject, theirs = subject_of(one), subject_of(other)
    if subject is None or theirs is None or (theirs > 0 and any(theirs in pair[1:] for pair in other.links)):
        return None
    start = other.spans[theirs][1]
    tail = other.tokens[start:]
    ing = bool(tail) and tail[0].endswith("ing")
    if len(tail) < 2 or not (ing or tail[0] in _IS) or (connective[-1] in ("while", "is") and not ing):
        return None
    if any(pair[1] <= theirs for pair in other.links if pair[0] > theirs):
        return None
    kept = range(theirs + 1, len(other.spans))
    number = {theirs: -1, **{k: n for n, k in enumerate(kept)}}
    links = {
        (number[i], number[j]): p for (i, j), p in other.links.items() if i in number and j in number and j > theirs
    }
    if not any(i == -1 for i, _ in links):
        return None
    rest = Example(
        tail,
        other.tags[start:],
        tuple((i - start, j - start) for i, j in (other.spans[k] for k in kept)),
        tuple(other.forms[k] for k in kept),
        {},
    )
    both = _behind(head, connective, rest, {})
    shift = len(head.spans)
    added = {(subject if i == -1 else i + shift, j + shift): p for (i, j), p in links.items()}
    return Example(both.tokens, both.tags, both.spans, both.forms, {**head.links, **added})


def coordinate(one: Example, other: Example) -> Example | None:
    """The first caption's subject and the second caption, whose verb then has both as subjects."""
    subject, theirs = subject_of(one), subject_of(other)
    if subject is None or theirs is None:
        return None
    end, start = one.spans[subject][1], other.spans[theirs][1]
    verb = other.tokens[start : start + 1]
    if not verb or not (verb[0].endswith("ing") or verb[0] in _IS) or other.tags[start] != OUTSIDE:
        return None
    spans = subject + 1
    kept = {pair: p for pair, p in one.links.items() if pair[0] <= subject and pair[1] <= subject}
    head = Example(one.tokens[:end], one.tags[:end], one.spans[:spans], one.forms[:spans], kept)
    both = _behind(head, ("and",), other, {k: k for k in range(len(other.spans))})
    shared = {(subject, j + spans): p for (i, j), p in other.links.items() if i == theirs and j > theirs}
    place = end + 1 + start
    tokens = (*both.tokens[:place], "are" if verb[0] == "is" else verb[0], *both.tokens[place + 1 :])
    return Example(tokens, both.tags, both.spans, both.forms, {**both.links, **shared})


def relative(each: Example, pronoun: str) -> Example | None:
    """The caption with its participle as a relative clause."""
    subject = subject_of(each)
    if subject is None:
        return None
    k = each.spans[subject][1]
    if k >= len(each.tokens) or not each.tokens[k].endswith("ing") or each.tags[k] != OUTSIDE:
        return None
    plural = each.tokens[k - 1].endswith("s") or each.tokens[k - 1] in ("people", "men", "women", "children")
    return _insert(each, k, (pronoun, "are" if plural else "is"))


def inverted(each: Example, known: Collection[str]) -> Example | None:
    """The caption with place first and subject last: "a keyboard sitting on a desk" -> "on a desk sits a keyboard"."""
    each = without_stop(each)
    subject = subject_of(each)
    if subject is None:
        return None
    k = each.spans[subject][1]
    words = each.tokens[k:]
    if len(words) < 3 or not words[0].endswith("ing") or words[1] not in PREPOSITIONS or any(each.tags[k : k + 2]):
        return None
    if sum(i == subject and j > subject for i, j in each.links) != 1 or any(
        i > subject >= j or (i <= subject < j and i != subject) for i, j in each.links
    ):
        return None
    verb = words[0][:-3]
    if verb not in known:
        verb = verb[:-1] if len(verb) > 3 and verb[-1] == verb[-2] else verb + "e"
    if verb not in known:
        return None
    plural = each.tokens[k - 1].endswith("s")
    order = [*range(k + 1, len(each.tokens)), k, *range(k)]
    return _reordered(each, order, {k: verb if plural else f"{verb}s"})


def whose(each: Example, with_: Collection[int], have: int, attribute: int) -> Example | None:
    """A caption of what someone has, as a clause: "a woman with a red hat" -> "a woman whose hat is red".

    Args:
        each: the caption.
        with_: numbers of the predicates that "with" stands for.
        have: number of the predicate "have".
        attribute: number of the predicate of attributes.
    """
    each = without_stop(each)
    subject = subject_of(each)
    if subject is None or len(each.spans) != subject + 3:
        return None
    k = each.spans[subject][1]
    adjective, thing = subject + 1, subject + 2
    between = each.tokens[k : each.spans[adjective][0]]
    ends = each.spans[thing][1] == len(each.tokens) and each.spans[adjective][1] == each.spans[thing][0]
    if between[:1] != ("with",) or any(word not in ARTICLES for word in between[1:]) or not ends:
        return None
    links = {pair: p for pair, p in each.links.items() if pair[0] >= subject and pair[1] > subject}
    if set(links) != {(subject, thing), (thing, adjective)} or links[thing, adjective] != attribute:
        return None
    if links[subject, thing] not in with_:
        return None
    a, b = each.spans[adjective], each.spans[thing]
    order = [*range(k), k, *range(*b), k, *range(*a)]
    tokens = [each.tokens[i] for i in order]
    tags = [each.tags[i] for i in order]
    tokens[k], tokens[k + 1 + b[1] - b[0]] = "whose", "is"
    first = (k + 1, k + 1 + b[1] - b[0])
    second = (first[1] + 1, first[1] + 1 + a[1] - a[0])
    kept = {pair: p for pair, p in each.links.items() if pair not in links}
    return Example(
        tuple(tokens),
        tuple(tags),
        (*each.spans[: subject + 1], first, second),
        (*each.forms[: subject + 1], each.forms[thing], each.forms[adjective]),
        {**kept, (subject, adjective): have, (adjective, thing): attribute},
    )


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


def subject_of(each: Example) -> int | None:
    """The span that begins the caption, behind its article and adjectives, and that something is said of."""
    for number, (start, _) in enumerate(each.spans):
        outside = [each.tokens[k] for k in range(start) if each.tags[k] == OUTSIDE]
        if any(word not in ARTICLES for word in outside):
            return None
        if any(i == number and j > number for i, j in each.links):
            # What stands before it must be its adjectives.
            return number if all((number, k) in each.links for k in range(number)) else None
    return None


def _insert(each: Example, place: int, words: Sequence[str]) -> Example:
    n = len(words)
    return Example(
        (*each.tokens[:place], *words, *each.tokens[place:]),
        (*each.tags[:place], *[OUTSIDE] * n, *each.tags[place:]),
        tuple((i + n, j + n) if i >= place else (i, j) for i, j in each.spans),
        each.forms,
        each.links,
    )


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
