"""Questions about a scene graph, with the functional program that answers each (CLEVR's scheme, Johnson et al. 2017).

Six types, drawn uniformly: exist, count, query (an attribute or label), compare (a value of two objects, or two counts),
relate (what stands in a relation), same-as (what shares a value). The depth of a question is its number of hops.

- *Answers are balanced within the scene*: the answer wanted is drawn first (yes or no, a number, one of the values that
  the scene holds), then a question that has it. No scene depends on another.
- *Every hop matters*: putting the whole scene in the place of a hop's result must change the answer, or, for an answer
  "yes", putting what the hop leaves out there must.
- *References are unique*: the interpreter finds exactly one object for every "the".
- *No truth by omission*: reading the relations shown both ways ("left of" as "right of" from the other end) must not
  change the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from usg.graph.scene_graph import SceneGraph
from usg.world.draw import Uniform, pick
from usg.world.phrases import Filters, article, descriptions, filter_steps, noun_phrase, properties, selected
from usg.world.program import FUNCTIONS, LABEL, Program, ProgramError, Step, View, depth, members, run, to_word
from usg.world.spatial import INVERSE

TYPES = ("exist", "count", "query", "compare", "relate", "same-as")
DEPTHS: dict[str, tuple[float, ...]] = {
    split: (0.3, 0.4, 0.3, 0.0) for split in ("train", "val", "iid", "compose")
} | {"longer": (0.1, 0.2, 0.3, 0.4)}
"""Probability of 0, 1, 2, 3 hops wanted, by split; a type or scene that cannot have so many gets fewer."""

_COUNTS = (0.25, 0.50, 0.75, 1.0)
"""Cumulative, of the numbers 0, 1, 2, 3 that a count is wanted to give; large ones are often not to be had."""
_TRIES = 60


class _Dead(Exception):
    """This attempt leads nowhere; try another."""


class _Asker:
    """Draws questions about one graph. A phrase is (words without article, steps whose last is a set)."""

    def __init__(self, graph: SceneGraph, uniform: Uniform) -> None:
        self.view, self.both_ways = View(graph), View(graph, INVERSE)
        self.uniform = uniform
        self.wanted = self.variant = 0.0
        """In [0, 1): fix the answer wanted, and the form, for all tries at one question, so that easy ones gain nothing."""
        self.links = [
            (link, end) for link in self.view.relations if link[0] != link[2] for end in ("subject", "object")
        ]

    def choose(self, options: Sequence[Any]) -> Any:
        if not options:
            raise _Dead
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

    # -- phrases ---------------------------------------------------------------------------------------------------

    def reference(self, i: int, hops: int, exclude: tuple[str, ...] = (), avoid: int = 0) -> tuple[str, list[Step]]:
        """"the small cup" or "the cup that is on the table": words and steps ending in `unique`, for object i."""
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
        return "other " if suffix.startswith("that has the same") else ""

    def hop(
        self, i: int, hops: int, avoid: int, same: float, exclude: tuple[str, ...] = ()
    ) -> tuple[str, list[Step]]:
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
            raise _Dead
        return first + second

    def any_object(self) -> int:
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
                raise _Dead
        filter_steps(steps, filters)
        return filters, suffix, steps

    # -- the six types: words and program ----------------------------------------------------------------------------

    def exist(self, hops: int, same: float = 0.0) -> tuple[str, list[Step], str]:
        target = self.target(("yes", "no"))
        filters, suffix, steps = self.set_phrase(hops, target == "yes", same)
        one = self.other(suffix) + noun_phrase(filters)
        many = self.other(suffix) + noun_phrase(filters, many=True)
        suffix_many = plural_suffix(suffix)
        words = self.choose(
            (
                f"is there {'another ' + noun_phrase(filters) if self.other(suffix) else article(one) + ' ' + one} {suffix}",
                f"are there any {many} {suffix_many}",
                f"do you see any {many} {suffix_many}",
            )
        )
        return words, [*steps, Step("exist", (len(steps) - 1,))], target

    def count(self, hops: int, same: float = 0.0) -> tuple[str, list[Step], str]:
        target = next(n for n, bound in enumerate(_COUNTS) if self.wanted < bound)
        if hops == 0 and self.uniform() < 0.2:
            return self.count_union(target)
        if hops == 0:
            filters = self.some_filters(self.any_object(), 1, 2) if target else self.mixed_filters()
            steps, suffix = [Step("scene")], ""
            filter_steps(steps, filters)
        else:
            filters, suffix, steps = self.set_phrase(hops, target > 0, same)
            if target > 0 and self.uniform() < 0.5:
                steps, filters = steps[: -len(filters)], ()
        many = self.other(suffix) + noun_phrase(filters, many=True)
        words = self.choose(
            (
                f"how many {many} are there {plural_suffix(suffix)}",
                f"what number of {many} are there {plural_suffix(suffix)}",
                f"count the {many} {plural_suffix(suffix)}",
            )
        )
        return words, [*steps, Step("count", (len(steps) - 1,))], str(target)

    def count_union(self, target: int) -> tuple[str, list[Step], str]:
        first, second = self.some_filters(self.any_object(), 1, 1), self.some_filters(self.any_object(), 1, 1)
        if first == second:
            raise _Dead
        steps = [Step("scene")]
        filter_steps(steps, first)
        middle = len(steps) - 1
        steps.append(Step("scene"))
        filter_steps(steps, second)
        steps.append(Step("union", (middle, len(steps) - 1)))
        either = [noun_phrase(f, many=True) if f[0][0] == LABEL else f[0][1] for f in (first, second)]
        words = f"how many things are {either[0]} or {either[1]}"
        return words, [*steps, Step("count", (len(steps) - 1,))], str(target)

    def query(self, hops: int, same: float = 0.0) -> tuple[str, list[Step], str]:
        kinds = sorted({kind for kind, _ in self.view.masks})
        kind = self.choose(kinds)
        # Uniform over the values that are there, not over objects: common values are not asked for more often.
        target = self.choose(sorted(value for k, value in self.view.masks if k == kind))
        i = self.choose(list(members(self.view.having(kind, target))))
        if same:
            suffix, steps = self.hop(i, hops, 1 << i, same, exclude=(kind,))
            filters = self.describe(i, run(steps, self.view), (kind,), longest=2)
            filter_steps(steps, filters)
            steps.append(Step("unique", (len(steps) - 1,)))
            words = f"the {self.other(suffix)}{noun_phrase(filters)} {suffix}"
        else:
            words, steps = self.reference(i, hops, exclude=(kind,))
        steps.append(Step("query", (len(steps) - 1,), (kind,)))
        if kind == LABEL:
            return self.choose((f"what is {words}", f"what kind of thing is {words}")), steps, target
        patterns = [f"what is the {kind} of {words}", f"what {kind} is {words}"]
        if kind == "size":
            patterns.append(f"how big is {words}")
        return self.choose(patterns), steps, target

    def compare(self, hops: int) -> tuple[str, list[Step], str]:
        target = self.target(("yes", "no"))
        if self.variant < 0.5:
            return self.compare_counts(hops, target)
        kind = self.choose(sorted({k for k, _ in self.view.masks if k != LABEL}))
        first_hops = int(self.uniform() * (hops + 1))
        i, j = self.any_object(), self.any_object()
        if i == j:
            raise _Dead
        words, steps = self.reference(i, first_hops, exclude=(kind,))
        other, more = self.reference(j, hops - first_hops, exclude=(kind,))
        first = len(steps) - 1
        steps = join(steps, more)
        steps.append(Step("equal", (first, len(steps) - 1), (kind,)))
        patterns = (
            f"is {words} the same {kind} as {other}",
            f"do {words} and {other} have the same {kind}",
            f"does {words} have the same {kind} as {other}",
        )
        return self.choose(patterns), steps, target

    def compare_counts(self, hops: int, target: str) -> tuple[str, list[Step], str]:
        function = self.choose(("greater", "less", "equal_integer"))
        sides = []
        for side_hops in (int(self.uniform() * (hops + 1)), None):
            n = hops - depth(sides[0][2]) if side_hops is None else side_hops
            if n:
                filters, suffix, steps = self.set_phrase(n, True)
            else:
                filters, suffix, steps = self.some_filters(self.any_object(), 1, 1), "", [Step("scene")]
                filter_steps(steps, filters)
            sides.append((noun_phrase(filters, many=True), plural_suffix(suffix), [*steps, Step("count", (len(steps) - 1,))]))
        (one, one_suffix, steps), (two, two_suffix, more) = sides
        if one == two:
            raise _Dead
        first = len(steps) - 1
        steps = join(steps, more)
        steps.append(Step(function, (first, len(steps) - 1)))
        one, two = f"{one} {one_suffix}".strip(), f"{two} {two_suffix}".strip()
        pattern = {
            "greater": f"are there more {one} than {two}",
            "less": f"are there fewer {one} than {two}",
            "equal_integer": f"are there as many {one} as {two}",
        }
        return pattern[function], steps, target

    def relate(self, hops: int) -> tuple[str, list[Step], str]:
        target = self.choose(sorted(value for kind, value in self.view.masks if kind == LABEL))
        i = self.choose(list(members(self.view.having(LABEL, target))))
        if hops >= 2 and self.uniform() < 0.2:
            words, steps = self.intersection(i, hops)
        else:
            suffix, steps = self.hop(i, max(hops, 1), 1 << i, same=0.0)
            words = suffix.removeprefix("that ").removeprefix("is ")
            words = f"what is {words}" if suffix.startswith("that is ") else inverted(words, steps[-1].arguments[0])
        steps += [Step("unique", (len(steps) - 1,)), Step("query", (len(steps),), (LABEL,))]
        return words, steps, target

    def intersection(self, i: int, hops: int) -> tuple[str, list[Step]]:
        """"what is both left of the cup and behind the table"."""
        one, steps = self.hop(i, hops - 1, 1 << i, same=0.0)
        two, more = self.hop(i, 1, 1 << i, same=0.0)
        if not (one.startswith("that is ") and two.startswith("that is ")) or one == two:
            raise _Dead
        first = len(steps) - 1
        steps = join(steps, more)
        steps.append(Step("intersect", (first, len(steps) - 1)))
        return f"what is both {one.removeprefix('that is ')} and {two.removeprefix('that is ')}", steps

    def same_as(self, hops: int) -> tuple[str, list[Step], str]:
        make = (self.exist, self.count, self.query)[int(self.variant * 3)]
        return make(max(hops, 1), same=1.0)


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


def is_degenerate(program: Program, view: View) -> bool:
    """Says whether some hop could be left out: see the module's text."""
    answer = run(program, view)
    for number, step in enumerate(program):
        if step.function not in ("relate", "same"):
            continue
        hop = run(program[: number + 1], view)
        anchor = 1 << run(program[: step.inputs[0] + 1], view)
        changed = _answer_with(program, number, view.everything, view) != answer
        if not changed and answer is True:
            changed = _answer_with(program, number, view.everything & ~hop & ~anchor, view) != answer
        if not changed:
            return True
    return False


def _answer_with(program: Program, number: int, objects: int, view: View) -> Any:
    """Runs a program with one step's result replaced; None where it then has no answer."""
    results: list[Any] = []
    try:
        for n, step in enumerate(program):
            inputs = [results[i] for i in step.inputs]
            results.append(objects if n == number else FUNCTIONS[step.function][3](view, *inputs, *step.arguments))
    except ProgramError:
        return None
    return results[-1]


def ask(graph: SceneGraph, number: int, uniform: Uniform, depths: Sequence[float]) -> list[dict[str, Any]]:
    """Asks up to `number` different questions about a graph.

    Args:
        graph: any scene graph; what it shows is all that counts.
        number: how many are wanted; a graph with little to ask about gets fewer.
        uniform: the randomness.
        depths: probability of wanting 0, 1, 2, ... hops.

    Returns:
        For each, "question", "program" (steps as JSON), "answer" (one word), "type" (one of `TYPES`), "depth".
    """
    if not graph.objects:
        return []
    asker = _Asker(graph, uniform)
    makers: Mapping[str, Callable[[int], tuple[str, list[Step], str]]] = {
        "exist": asker.exist, "count": asker.count, "query": asker.query,
        "compare": asker.compare, "relate": asker.relate, "same-as": asker.same_as,
    }  # fmt: skip
    cumulative = [sum(depths[: k + 1]) for k in range(len(depths))]
    found: list[dict[str, Any]] = []
    asked = set[str]()
    for _ in range(4 * number):
        if len(found) == number:
            break
        kind, hops = asker.choose(TYPES), pick(cumulative, uniform)
        made = _one(makers[kind], hops, asker)
        if made is None or made[0] in asked:
            continue
        words, program, word = made
        asked.add(words)
        steps = [step.to_dict() for step in program]
        found.append({"question": words, "program": steps, "answer": word, "type": kind, "depth": depth(program)})
    return found


def _one(
    make: Callable[[int], tuple[str, list[Step], str]], hops: int, asker: _Asker
) -> tuple[str, Program, str] | None:
    """Tries until a question has the answer drawn for it and passes every check."""
    asker.wanted, asker.variant = asker.uniform(), asker.uniform()
    for _ in range(_TRIES):
        try:
            words, steps, target = make(hops)
            program = tuple(steps)
            word = to_word(program, run(program, asker.view))
            if word == target and to_word(program, run(program, asker.both_ways)) == word:
                if not is_degenerate(program, asker.view):
                    return " ".join(words.split()), program, word
        except (_Dead, ProgramError):
            continue
    return None
