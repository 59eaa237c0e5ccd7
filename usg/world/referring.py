"""Referring expressions: the incremental algorithm of Dale and Reiter (1995), then one relation if attributes fail.

Label, colour, size, texture, state are tried in that order; one is kept if it rules out a distractor that is left.
Where distractors remain, a relation to an object that attributes alone identify is added. What later words made
redundant is dropped again, and the interpreter must find exactly the object meant.
"""

from __future__ import annotations

from typing import Any

from usg.graph.scene_graph import SceneGraph
from usg.world.draw import Uniform, shuffled
from usg.world.phrases import Filters, filter_steps, noun_phrase, properties, selected
from usg.world.program import LABEL, Program, Step, View, depth, run


def incremental(view: View, i: int, within: int) -> Filters:
    """Returns the filters that the incremental algorithm chooses for object i against a set; the label always stays.

    They single i out only if anything it has does.
    """
    chosen: Filters = ()
    for candidate in properties(view, i):
        left = selected(view, (candidate,), within)
        if candidate[0] == LABEL or left != within:
            chosen, within = (*chosen, candidate), left
    return _without_redundant(view, chosen, within)


def _without_redundant(view: View, filters: Filters, target: int, base: int | None = None) -> Filters:
    """Drops filters, last first, while the rest of them still selects the same objects; never the label."""
    base = view.everything if base is None else base
    for candidate in reversed(filters):
        rest = tuple(f for f in filters if f != candidate)
        if candidate[0] != LABEL and selected(view, rest, base) == target:
            filters = rest
    return filters


def refer(view: View, i: int, uniform: Uniform | None = None) -> tuple[str, Program] | None:
    """Returns an expression for object i and the program that finds it, or None if none is unique.

    Args:
        view: the graph.
        i: number of the object.
        uniform: breaks ties between relations; the first fitting one is taken when absent.
    """
    filters = incremental(view, i, view.everything)
    if selected(view, filters, view.everything) == 1 << i:
        steps = [Step("scene")]
        filter_steps(steps, filters)
        return f"the {noun_phrase(filters)}", (*steps, Step("unique", (len(steps) - 1,)))
    links = [(s, p, o) for s, p, o in view.relations if i in (s, o) and s != o]
    order = shuffled(len(links), uniform) if uniform is not None else range(len(links))
    for subject, predicate, other in (links[k] for k in order):
        anchor, end = (other, "subject") if subject == i else (subject, "object")
        near = incremental(view, anchor, view.everything)
        related = view.related(anchor, predicate, end)
        if selected(view, near, view.everything) != 1 << anchor or selected(view, filters, related) != 1 << i:
            continue
        short = _without_redundant(view, filters, 1 << i, related)
        steps = [Step("scene")]
        filter_steps(steps, near)
        steps.append(Step("unique", (len(steps) - 1,)))
        steps.append(Step("relate", (len(steps) - 1,), (predicate, end)))
        filter_steps(steps, short)
        anchored = f"the {noun_phrase(near)}"
        words = f"{predicate} {anchored}" if end == "subject" else f"that {anchored} is {predicate}"
        return f"the {noun_phrase(short)} {words}", (*steps, Step("unique", (len(steps) - 1,)))
    return None


def referring(graph: SceneGraph, number: int, uniform: Uniform) -> list[dict[str, Any]]:
    """Returns up to `number` expressions for different objects of a graph: expression, object id, program, depth.

    Args:
        graph: any scene graph.
        number: how many are wanted; objects that nothing singles out get none.
        uniform: the randomness.
    """
    view = View(graph)
    found: list[dict[str, Any]] = []
    for i in shuffled(len(view.ids), uniform):
        if len(found) == number:
            break
        made = refer(view, i, uniform)
        if made is not None and run(made[1], view) == i:
            steps = [step.to_dict() for step in made[1]]
            found.append({"expression": made[0], "object": view.ids[i], "program": steps, "depth": depth(made[1])})
    return found
