"""Checks that make a scene graph a valid value, each problem named with its place and the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from usg.graph.elements import MODALITIES, Attribute, Relation
from usg.graph.region import Box, Mask, Region, TextSpan, TimeSpan, Track

if TYPE_CHECKING:
    from usg.graph.scene_graph import SceneGraph

MAX_LABEL_LENGTH = 1000
"""Longest label, value or predicate in code points; longer is a mistake of the reader, not a label."""


class GraphError(ValueError):
    """A scene graph is not valid.

    Attributes:
        problems: one line each, with place, value and remedy.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(problems)
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        super().__init__("; ".join(problems[:3]) + more)

    def __reduce__(self) -> tuple[Any, ...]:
        return (GraphError, (self.problems,))


def check(graph: SceneGraph) -> None:
    """Raise `GraphError` with every problem of the graph, or return."""
    problems = list(find_problems(graph))
    if problems:
        raise GraphError(problems)


def find_problems(graph: SceneGraph) -> Iterator[str]:
    """Yield a line for each thing that is wrong with the graph."""
    sources: set[str] = set()
    for i, source in enumerate(graph.sources):
        where = f"sources[{i}] {source.id!r}"
        yield from _id_problems(where, source.id, sources)
        if source.modality not in MODALITIES:
            yield f"{where}: modality {source.modality!r} is not one of {', '.join(MODALITIES)}"
        for name in ("width", "height", "duration", "fps"):
            value = getattr(source, name)
            if value is not None and not (_finite(value) and value >= 0):
                yield f"{where}: {name} {value!r} is not a number >= 0"
        if source.text is not None and not isinstance(source.text, str):
            yield f"{where}: text is {type(source.text).__name__}, expected str"
    ids: set[str] = set()
    objects = {obj.id for obj in graph.objects}
    texts = {source.id: source.text for source in graph.sources}
    for name, elements, word in (
        ("objects", graph.objects, "label"),
        ("attributes", graph.attributes, "value"),
        ("relations", graph.relations, "predicate"),
    ):
        for i, element in enumerate(elements):  # type: ignore[arg-type, var-annotated]
            where = f"{name}[{i}] {element.id!r}"
            yield from _id_problems(where, element.id, ids)
            yield from _label_problems(where, word, getattr(element, word))
            yield from _score_problems(where, element.score)
            if isinstance(element, Attribute):
                yield from _reference_problems(where, "object", element.object, objects)
                if element.kind is not None and not element.kind:
                    yield f"{where}: kind is empty; leave it out or name it"
                if element.number is not None and not _finite(element.number):
                    yield f"{where}: number {element.number!r} is not finite"
            elif isinstance(element, Relation):
                yield from _reference_problems(where, "subject", element.subject, objects)
                yield from _reference_problems(where, "object", element.object, objects)
            for j, grounding in enumerate(element.groundings):
                place = f"{where}.groundings[{j}]"
                if grounding.source not in sources:
                    yield f"{place}: source {grounding.source!r} is not a source of the graph ({_some(sources)})"
                else:
                    yield from _region_problems(place, grounding.region, texts[grounding.source])
                if grounding.label is not None:
                    yield from _label_problems(place, "label", grounding.label)
                yield from _score_problems(place, grounding.score)


def _id_problems(where: str, id: object, seen: set[str]) -> Iterator[str]:
    if not isinstance(id, str) or not id:
        yield f"{where}: id {id!r} is not a non-empty string"
    elif id in seen:
        yield f"{where}: id {id!r} is used twice; ids are unique in a graph"
    else:
        seen.add(id)


def _label_problems(where: str, name: str, label: object) -> Iterator[str]:
    if not isinstance(label, str):
        yield f"{where}: {name} {label!r} is {type(label).__name__}, expected str"
    elif not label.strip():
        yield f"{where}: {name} is empty"
    elif len(label) > MAX_LABEL_LENGTH:
        yield f"{where}: {name} {label[:24]!r}... has {len(label)} characters; at most {MAX_LABEL_LENGTH} are a label"


def _score_problems(where: str, score: object) -> Iterator[str]:
    if score is not None and not (_finite(score) and 0.0 <= score <= 1.0):  # type: ignore[operator]
        yield f"{where}: score {score!r} is not in [0, 1]"


def _reference_problems(where: str, role: str, id: str, objects: set[str]) -> Iterator[str]:
    if id not in objects:
        yield f"{where}: {role} {id!r} is not an object of the graph ({_some(objects)})"


def _region_problems(where: str, region: Region | None, text: str | None) -> Iterator[str]:
    if region is None or isinstance(region, Box | Mask | Track | TimeSpan):
        return
    if not isinstance(region, TextSpan):
        yield f"{where}: region is {type(region).__name__}, expected TextSpan, Box, Mask, Track or TimeSpan"
    elif text is not None and region.end > len(text):
        yield f"{where}: text span ends at {region.end}, but the text has {len(text)} code points"


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _some(ids: set[str]) -> str:
    return "it has " + (", ".join(repr(id) for id in sorted(ids)[:4]) if ids else "none") + ("" if len(ids) <= 4 else ", ...")
