"""Words for sets of objects: noun phrases from filters, plurals, articles, and the shortest descriptions of an object.

A filter is a (kind, value) pair; the kind "label" names the noun. Everything is lowercase words between single spaces,
without punctuation, so that splitting at spaces gives the words that a model reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeAlias

from usg.world.program import LABEL, Step, View

Filter: TypeAlias = tuple[str, str]
Filters: TypeAlias = tuple[Filter, ...]

ADJECTIVE_ORDER = ("size", "state", "colour", "texture")
PREFERENCE = (LABEL, "colour", "size", "texture", "state")
"""The order in which attributes are tried (Dale and Reiter 1995, section 4): the noun first, colour before size."""
_ADJECTIVE_RANK = {kind: i for i, kind in enumerate(ADJECTIVE_ORDER)}
_PREFERENCE_RANK = {kind: i for i, kind in enumerate(PREFERENCE)}
_IRREGULAR = {"person": "people", "man": "men", "woman": "women", "child": "children", "mouse": "mice"}
_SINGULAR = ("ss", "us", "is", "gas", "lens")
"""Ends of words with an s that are no plurals."""


def plural(noun: str) -> str:
    """Returns the plural of an English noun; one that is a plural already, as labels of captions may be, stays.

    >>> plural("bench"), plural("person"), plural("cup"), plural("pine trees")
    ('benches', 'people', 'cups', 'pine trees')
    """
    head, _, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        word = _IRREGULAR[last]
    elif last in _IRREGULAR.values() or (last.endswith("s") and not last.endswith(_SINGULAR)):
        word = last
    elif last.endswith(("s", "x", "ch", "sh")):
        word = last + "es"
    elif last.endswith("y") and last[-2:-1] not in ("a", "e", "o", "u"):
        word = last[:-1] + "ies"
    else:
        word = last + "s"
    return f"{head} {word}" if head else word


def article(word: str) -> str:
    """Returns "an" before a vowel, else "a"."""
    return "an" if word[:1] in "aeiou" else "a"


def adjectives(filters: Sequence[Filter]) -> list[Filter]:
    """Returns the filters that stand before the noun, in English order; kinds of the open world come last."""
    return sorted((f for f in filters if f[0] != LABEL), key=lambda f: _ADJECTIVE_RANK.get(f[0], len(ADJECTIVE_ORDER)))


def noun(filters: Sequence[Filter]) -> str:
    """Returns the noun that the filters name, or "thing"."""
    return next((value for kind, value in filters if kind == LABEL), "thing")


def noun_phrase(filters: Sequence[Filter], many: bool = False) -> str:
    """Returns adjectives and noun without an article.

    >>> noun_phrase((("label", "cup"), ("colour", "red"), ("size", "small")))
    'small red cup'
    >>> noun_phrase((("colour", "red"),), many=True)
    'red things'
    """
    head = noun(filters)
    return " ".join([value for _, value in adjectives(filters)] + [plural(head) if many else head])


def properties(view: View, i: int, exclude: Sequence[str] = ()) -> Filters:
    """Returns what can be said of object i: one filter for each kind of which it has exactly one value."""
    found = [(kind, values[0]) for kind, values in view.values[i].items() if len(values) == 1 and kind not in exclude]
    return tuple(sorted(found, key=lambda f: _PREFERENCE_RANK.get(f[0], len(PREFERENCE))))


def selected(view: View, filters: Sequence[Filter], within: int) -> int:
    """Returns the objects of a set that pass every filter."""
    for kind, value in filters:
        within &= view.having(kind, value)
    return within


def descriptions(view: View, i: int, within: int, exclude: Sequence[str] = (), longest: int = 3) -> list[Filters]:
    """Returns the shortest filters that single object i out of a set, all of that length; none if there are none.

    Args:
        view: the graph.
        i: the object.
        within: the set, which holds i.
        exclude: kinds that must not be used.
        longest: give up beyond this many filters.
    """
    said = properties(view, i, exclude)
    for length in range(min(longest, len(said)) + 1):
        found = [f for f in combinations(said, length) if selected(view, f, within) == 1 << i]
        if found:
            return found
    return []


def filter_steps(program: list[Step], filters: Sequence[Filter]) -> None:
    """Appends to a program whose last step gives a set the steps that filter it."""
    for kind, value in filters:
        last = (len(program) - 1,)
        step = Step("filter_label", last, (value,)) if kind == LABEL else Step("filter", last, (kind, value))
        program.append(step)
