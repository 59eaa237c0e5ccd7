"""Questions about a scene graph, with the functional program that answers each (CLEVR's scheme, Johnson et al. 2017).

Six types, drawn uniformly: exist, count, query (an attribute or label), compare (a value of two objects, or two
counts), relate (what stands in a relation), same-as (what shares a value). The depth is the number of hops.

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
from typing import Any, TypeAlias

from usg.graph.scene_graph import SceneGraph
from usg.world.degenerate import is_degenerate
from usg.world.draw import Uniform, pick
from usg.world.expressions import DeadEnd, Expressions, inverted, join, plural_suffix
from usg.world.phrases import article, filter_steps, noun_phrase
from usg.world.program import LABEL, Program, ProgramError, Step, depth, members, run, to_word

_SHALLOW, _DEEP = (0.3, 0.4, 0.3, 0.0), (0.1, 0.2, 0.3, 0.4)
DEPTHS = {"train": _SHALLOW, "val": _SHALLOW, "iid": _SHALLOW, "compose": _SHALLOW, "longer": _DEEP}
"""Probability of 0, 1, 2, 3 hops wanted, by split; a type or scene that cannot have so many gets fewer."""

_COUNTS = (0.25, 0.50, 0.75, 1.0)
"""Cumulative, of the numbers 0, 1, 2, 3 that a count is wanted to give; large ones are often not to be had."""
_TRIES = 60

Drawn: TypeAlias = tuple[str, list[Step], str]
"""Words, program, and the answer that was wanted; whether the program gives it is seen afterwards."""


def _exist(x: Expressions, hops: int, same: float = 0.0) -> Drawn:
    target = x.target(("yes", "no"))
    filters, suffix, steps = x.set_phrase(hops, target == "yes", same)
    one = x.other(suffix) + noun_phrase(filters)
    many = x.other(suffix) + noun_phrase(filters, many=True)
    single = f"another {noun_phrase(filters)}" if x.other(suffix) else f"{article(one)} {one}"
    suffix_many = plural_suffix(suffix)
    words = x.choose(
        (
            f"is there {single} {suffix}",
            f"are there any {many} {suffix_many}",
            f"do you see any {many} {suffix_many}",
        )
    )
    return words, [*steps, Step("exist", (len(steps) - 1,))], target


def _count(x: Expressions, hops: int, same: float = 0.0) -> Drawn:
    target = next(n for n, bound in enumerate(_COUNTS) if x.wanted < bound)
    if hops == 0 and x.uniform() < 0.2:
        return _count_union(x, target)
    if hops == 0:
        filters = x.some_filters(x.any_object(), 1, 2) if target else x.mixed_filters()
        steps, suffix = [Step("scene")], ""
        filter_steps(steps, filters)
    else:
        filters, suffix, steps = x.set_phrase(hops, target > 0, same)
        if target > 0 and x.uniform() < 0.5:
            steps, filters = steps[: -len(filters)], ()
    many = x.other(suffix) + noun_phrase(filters, many=True)
    words = x.choose(
        (
            f"how many {many} are there {plural_suffix(suffix)}",
            f"what number of {many} are there {plural_suffix(suffix)}",
            f"count the {many} {plural_suffix(suffix)}",
        )
    )
    return words, [*steps, Step("count", (len(steps) - 1,))], str(target)


def _count_union(x: Expressions, target: int) -> Drawn:
    first, second = x.some_filters(x.any_object(), 1, 1), x.some_filters(x.any_object(), 1, 1)
    if first == second:
        raise DeadEnd
    steps = [Step("scene")]
    filter_steps(steps, first)
    middle = len(steps) - 1
    steps.append(Step("scene"))
    filter_steps(steps, second)
    steps.append(Step("union", (middle, len(steps) - 1)))
    either = [noun_phrase(f, many=True) if f[0][0] == LABEL else f[0][1] for f in (first, second)]
    words = f"how many things are {either[0]} or {either[1]}"
    return words, [*steps, Step("count", (len(steps) - 1,))], str(target)


def _query(x: Expressions, hops: int, same: float = 0.0) -> Drawn:
    kinds = sorted({kind for kind, _ in x.view.masks})
    kind = x.choose(kinds)
    # Uniform over the values that are there, not over objects: common values are not asked for more often.
    target = x.choose(sorted(value for k, value in x.view.masks if k == kind))
    i = x.choose(list(members(x.view.having(kind, target))))
    if same:
        suffix, steps = x.hop(i, hops, 1 << i, same, exclude=(kind,))
        filters = x.describe(i, run(steps, x.view), (kind,), longest=2)
        filter_steps(steps, filters)
        steps.append(Step("unique", (len(steps) - 1,)))
        words = f"the {x.other(suffix)}{noun_phrase(filters)} {suffix}"
    else:
        words, steps = x.reference(i, hops, exclude=(kind,))
    steps.append(Step("query", (len(steps) - 1,), (kind,)))
    if kind == LABEL:
        return x.choose((f"what is {words}", f"what kind of thing is {words}")), steps, target
    patterns = [f"what is the {kind} of {words}", f"what {kind} is {words}"]
    if kind == "size":
        patterns.append(f"how big is {words}")
    return x.choose(patterns), steps, target


def _compare(x: Expressions, hops: int) -> Drawn:
    target = x.target(("yes", "no"))
    if x.variant < 0.5:
        return _compare_counts(x, hops, target)
    kind = x.choose(sorted({k for k, _ in x.view.masks if k != LABEL}))
    first_hops = int(x.uniform() * (hops + 1))
    i, j = x.any_object(), x.any_object()
    if i == j:
        raise DeadEnd
    words, steps = x.reference(i, first_hops, exclude=(kind,))
    other, more = x.reference(j, hops - first_hops, exclude=(kind,))
    first = len(steps) - 1
    steps = join(steps, more)
    steps.append(Step("equal", (first, len(steps) - 1), (kind,)))
    patterns = (
        f"is {words} the same {kind} as {other}",
        f"do {words} and {other} have the same {kind}",
        f"does {words} have the same {kind} as {other}",
    )
    return x.choose(patterns), steps, target


def _compare_counts(x: Expressions, hops: int, target: str) -> Drawn:
    function = x.choose(("greater", "less", "equal_integer"))
    sides: list[tuple[str, str, list[Step]]] = []
    for side_hops in (int(x.uniform() * (hops + 1)), None):
        n = hops - depth(sides[0][2]) if side_hops is None else side_hops
        if n:
            filters, suffix, steps = x.set_phrase(n, True)
        else:
            filters, suffix, steps = x.some_filters(x.any_object(), 1, 1), "", [Step("scene")]
            filter_steps(steps, filters)
        steps.append(Step("count", (len(steps) - 1,)))
        sides.append((noun_phrase(filters, many=True), plural_suffix(suffix), steps))
    (one, one_suffix, steps), (two, two_suffix, more) = sides
    if one == two:
        raise DeadEnd
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


def _relate(x: Expressions, hops: int) -> Drawn:
    target = x.choose(sorted(value for kind, value in x.view.masks if kind == LABEL))
    i = x.choose(list(members(x.view.having(LABEL, target))))
    if hops >= 2 and x.uniform() < 0.2:
        words, steps = _intersection(x, i, hops)
    else:
        suffix, steps = x.hop(i, max(hops, 1), 1 << i, same=0.0)
        words = suffix.removeprefix("that ").removeprefix("is ")
        words = f"what is {words}" if suffix.startswith("that is ") else inverted(words, steps[-1].arguments[0])
    steps += [Step("unique", (len(steps) - 1,)), Step("query", (len(steps),), (LABEL,))]
    return words, steps, target


def _intersection(x: Expressions, i: int, hops: int) -> tuple[str, list[Step]]:
    """Draws what stands in two relations: "what is both left of the cup and behind the table"."""
    one, steps = x.hop(i, hops - 1, 1 << i, same=0.0)
    two, more = x.hop(i, 1, 1 << i, same=0.0)
    if not (one.startswith("that is ") and two.startswith("that is ")) or one == two:
        raise DeadEnd
    first = len(steps) - 1
    steps = join(steps, more)
    steps.append(Step("intersect", (first, len(steps) - 1)))
    return f"what is both {one.removeprefix('that is ')} and {two.removeprefix('that is ')}", steps


def _same_as(x: Expressions, hops: int) -> Drawn:
    make = (_exist, _count, _query)[int(x.variant * 3)]
    return make(x, max(hops, 1), same=1.0)


TYPES: Mapping[str, Callable[[Expressions, int], Drawn]] = {
    "exist": _exist,
    "count": _count,
    "query": _query,
    "compare": _compare,
    "relate": _relate,
    "same-as": _same_as,
}


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
    x = Expressions(graph, uniform)
    cumulative = [sum(depths[: k + 1]) for k in range(len(depths))]
    found: list[dict[str, Any]] = []
    asked = set[str]()
    for _ in range(4 * number):
        if len(found) == number:
            break
        kind, hops = x.choose(tuple(TYPES)), pick(cumulative, uniform)
        made = _one(TYPES[kind], hops, x)
        if made is None or made[0] in asked:
            continue
        words, program, word = made
        asked.add(words)
        steps = [step.to_dict() for step in program]
        found.append({"question": words, "program": steps, "answer": word, "type": kind, "depth": depth(program)})
    return found


def _one(make: Callable[[Expressions, int], Drawn], hops: int, x: Expressions) -> tuple[str, Program, str] | None:
    """Tries until a question has the answer drawn for it and passes every check."""
    x.wanted, x.variant = x.uniform(), x.uniform()
    for _ in range(_TRIES):
        try:
            words, steps, target = make(x, hops)
            program = tuple(steps)
            word = to_word(program, run(program, x.view))
            if word != target or to_word(program, run(program, x.both_ways)) != word:
                continue
            if not is_degenerate(program, x.view):
                return " ".join(words.split()), program, word
        except (DeadEnd, ProgramError):
            continue
    return None
