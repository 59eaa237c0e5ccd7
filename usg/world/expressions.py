"""Referring to objects and sets over any number of hops: words and program steps that mean the same, drawn together.

An expression starts from an object that attributes single out and hops along relations ("the thing that is on the small
table") or shared values ("the other thing that has the same colour as the cup"); the interpreter evaluates as it grows,
so that what refers to nothing is dropped early.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from usg.graph.scene_graph import SceneGraph
from usg.world.draw import Uniform
from usg.world.phrases import Filters, descriptions, filter_steps, noun_phrase, properties
from usg.world.program import LABEL, Step, View, members, run
from usg.world.spatial import INVERSE


class DeadEnd(Exception):
    """This attempt leads nowhere; the caller draws another."""


class Expressions:
    """Draws noun phrases about one graph together with the steps that find what they mean.

    Args:
        graph: any scene graph; what it shows is all that counts.
        uniform: the randomness.
    """

    def __init__(self, graph: SceneGraph, uniform: Uniform) -> None:
        self.view, self.both_ways = View(graph), View(graph, INVERSE)
        self.uniform = uniform
        self.wanted = self.variant = 0.0
        """In [0, 1): fix the answer wanted, and the form, for all tries at one question: easy ones gain nothing."""
        self.links = [
            (link, end) for link in self.view.relations if link[0] != link[2] for end in ("subject", "object")
        ]

    def choose(self, options: Sequence[Any]) -> Any:
        """One of the options, uniformly; none means a dead end."""
        if not options:
            raise DeadEnd
        return options[int(self.uniform() * len(options))]

    def target(self, options: Sequence[str]) -> str:
        """The answer wanted, out of those possible."""
        return options[int(self.wanted * len(options))]

    def describe(self, i: int, within: int, exclude: tuple[str, ...], longest: int = 3) -> Filters:
        """One of the shortest descriptions of object i in a set, mostly one that names it."""
        found = descriptions(self.view, i, within, exclude, longest)
        naming = [filters for filters in found if any(kind == LABEL for kind, _ in filters)]
        chosen: Filters = self.choose(naming if naming and self.uniform() < 0.75 else found)
        return chosen

    def reference(self, i: int, hops: int, exclude: tuple[str, ...] = (), avoid: int = 0) -> tuple[str, list[Step]]:
        """Words and steps ending in `unique` for object i: "the small cup", "the cup that is on the table"."""
        if hops == 0:
            filters = self.describe(i, self.view.everything, exclude)
            steps = [Step("scene")]
            filter_steps(steps, filters)
            words = noun_phrase(filters)
        else:
            words, steps = self.hop_to(i, hops, exclude, avoid)
        return f"the {words}", [*steps, Step("unique", (len(steps) - 1,))]

    def hop_to(self, i: int, hops: int, exclude: tuple[str, ...], avoid: int) -> tuple[str, list[Step]]:
        """A phrase for object i alone whose last hop is a relation or, now and then, a shared value."""
        suffix, steps = self.hop(i, hops, avoid | 1 << i, same=0.25, exclude=exclude)
        filters = self.describe(i, run(steps, self.view), exclude, longest=2)
        if not filters and LABEL not in exclude and self.uniform() < 0.5:
            filters = ((LABEL, self.view.value(i, LABEL)),)
        filter_steps(steps, filters)
        return f"{self.other(suffix)}{noun_phrase(filters)} {suffix}", steps

    @staticmethod
    def other(suffix: str) -> str:
        """The word that goes before a noun whose suffix speaks of a shared value."""
        return "other " if suffix.startswith("that has the same") else ""

    def hop(self, i: int, hops: int, avoid: int, same: float, exclude: tuple[str, ...] = ()) -> tuple[str, list[Step]]:
        """A last hop whose result holds object i: the words after the noun, and steps ending in the hop's set."""
        if self.uniform() < same:
            mates = [
                (kind, j)
                for kind, value in properties(self.view, i, exclude)
                for j in members(self.view.having(kind, value) & ~avoid)
                if kind != LABEL and len(self.view.values[j][kind]) == 1
            ]
            kind, j = self.choose(mates)
            words, steps = self.reference(j, hops - 1, avoid=avoid | 1 << j)
            return f"that has the same {kind} as {words}", [*steps, Step("same", (len(steps) - 1,), (kind,))]
        links = [
            (predicate, end, other if end == "subject" else subject)
            for (subject, predicate, other), end in self.links
            if i == (subject if end == "subject" else other)
        ]
        predicate, end, j = self.choose([link for link in links if not avoid >> link[2] & 1])
        words, steps = self.reference(j, hops - 1, avoid=avoid | 1 << j)
        suffix = f"that is {predicate} {words}" if end == "subject" else f"that {words} is {predicate}"
        return suffix, [*steps, Step("relate", (len(steps) - 1,), (predicate, end))]

    def some_filters(self, i: int, fewest: int, most: int) -> Filters:
        """One to three things that are true of object i."""
        said = list(properties(self.view, i))
        number = fewest + int(self.uniform() * (most - fewest + 1))
        return tuple(said.pop(int(self.uniform() * len(said))) for _ in range(min(number, len(said))))

    def mixed_filters(self, most: int = 2) -> Filters:
        """Things said of two objects, put together: often true of none."""
        i, j = self.any_object(), self.any_object()
        first, second = self.some_filters(i, 1, most - 1), self.some_filters(j, 1, 1)
        if second[0][0] in {kind for kind, _ in first}:
            raise DeadEnd
        return first + second

    def any_object(self) -> int:
        """One of the objects, uniformly."""
        return int(self.uniform() * len(self.view.ids))

    def set_phrase(self, hops: int, true: bool, same: float = 0.0) -> tuple[Filters, str, list[Step]]:
        """A set after `hops` hops, filtered by what is true of one of it, or of an object outside it."""
        if hops == 0:
            filters = self.some_filters(self.any_object(), 2, 2) if true else self.mixed_filters()
            steps, suffix = [Step("scene")], ""
        else:
            i = self.any_object()
            suffix, steps = self.hop(i, hops, 1 << i, same)
            if not true:
                i = self.choose(list(members(self.view.everything & ~run(steps, self.view))))
            # What the hop says already must not be said again.
            kind = steps[-1].arguments[0] if steps[-1].function == "same" else ""
            filters = tuple(f for f in self.some_filters(i, 1, 2) if f[0] != kind)
            if not filters:
                raise DeadEnd
        filter_steps(steps, filters)
        return filters, suffix, steps


def plural_suffix(suffix: str) -> str:
    """Turns "that is on the table" into "that are on the table"; what "the cat is on" stays.

    >>> plural_suffix("that has the same colour as the cup")
    'that have the same colour as the cup'
    """
    if suffix.startswith("that is "):
        return "that are " + suffix.removeprefix("that is ")
    if suffix.startswith("that has "):
        return "that have " + suffix.removeprefix("that has ")
    return suffix


def inverted(words: str, predicate: str) -> str:
    """Turns "the cup is on" into the question "what is the cup on"."""
    return f"what is {words.removesuffix(f' is {predicate}')} {predicate}"


def join(steps: Sequence[Step], more: Sequence[Step]) -> list[Step]:
    """Appends a second branch to a program, with its inputs renumbered."""
    shift = len(steps)
    return [*steps, *(Step(s.function, tuple(i + shift for i in s.inputs), s.arguments) for s in more)]
