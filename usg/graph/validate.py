"""Checks that make a scene graph a valid value, each problem named with its place and the remedy.

Construction runs them on every graph, so a part that is right costs a few comparisons and no string is built for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from usg.graph.elements import MODALITIES, Attribute, Element, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box, Mask, Region, TextSpan, TimeSpan, Track

if TYPE_CHECKING:
    from usg.graph.scene_graph import SceneGraph

MAX_LABEL_LENGTH = 1000
"""Longest label, value or predicate in code points; longer is a mistake of the reader, not a label."""

_REGIONS = (Box, Mask, Track, TimeSpan)
_SOURCE_STRINGS = ("uri", "text", "parser", "parser_version")
_SOURCE_NUMBERS = ("width", "height", "duration", "fps")


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
    texts: dict[str, str | None] = {}
    for i, source in enumerate(graph.sources):
        if not isinstance(source, Source):
            yield f"sources[{i}] is {type(source).__name__}, expected Source"
            continue
        yield from _source_problems(f"sources[{i}] {source.id!r}", source, texts)
    objects = {obj.id for obj in graph.objects if isinstance(obj, SceneObject) and isinstance(obj.id, str)}
    ids: set[str] = set()
    yield from _element_problems("objects", graph.objects, SceneObject, "label", ids, objects, texts)
    yield from _element_problems("attributes", graph.attributes, Attribute, "value", ids, objects, texts)
    yield from _element_problems("relations", graph.relations, Relation, "predicate", ids, objects, texts)


def _source_problems(where: str, source: Source, texts: dict[str, str | None]) -> Iterator[str]:
    if not _is_string(source.id) or not source.id:
        yield f"{where}: id {source.id!r} is not a non-empty string"
    elif source.id in texts:
        yield f"{where}: id {source.id!r} is used twice; ids are unique among the sources of a graph"
    else:
        texts[source.id] = source.text if isinstance(source.text, str) else None
    if source.modality not in MODALITIES:
        yield f"{where}: modality {source.modality!r} is not one of {', '.join(MODALITIES)}"
    for name in _SOURCE_STRINGS:
        value = getattr(source, name)
        if value is not None and not _is_string(value):
            yield f"{where}: {name} {_short(value)} is {_string_problem(value)}"
    for name in _SOURCE_NUMBERS:
        value = getattr(source, name)
        if value is not None and not (_is_number(value) and value >= 0):
            yield f"{where}: {name} {value!r} is not a number >= 0"


def _element_problems(
    name: str,
    elements: Sequence[Element],
    kind: type[SceneObject] | type[Attribute] | type[Relation],
    word: str,
    ids: set[str],
    objects: set[str],
    texts: dict[str, str | None],
) -> Iterator[str]:
    seen: set[str] = set()  # labels that are right; most come again and again
    for i, element in enumerate(elements):
        if not isinstance(element, kind):
            yield f"{name}[{i}] is {type(element).__name__}, expected {kind.__name__}"
            continue
        id = element.id
        if not _is_string(id) or not id:
            yield f"{name}[{i}] {id!r}: id {id!r} is not a non-empty string"
        elif id in ids:
            yield f"{name}[{i}] {id!r}: id {id!r} is used twice; ids are unique in a graph"
        else:
            ids.add(id)
        label = getattr(element, word)
        if not isinstance(label, str) or label not in seen:
            if _is_label(label):
                seen.add(label)
            else:
                yield f"{name}[{i}] {id!r}: {_label_problem(word, label)}"
        if element.score is not None and not _is_score(element.score):
            yield f"{name}[{i}] {id!r}: score {element.score!r} is not in [0, 1]"
        if type(element.negated) is not bool:
            yield f"{name}[{i}] {id!r}: negated {element.negated!r} is not True or False"
        if isinstance(element, Attribute):
            if not isinstance(element.object, str) or element.object not in objects:
                yield _reference_problem(name, i, element, "object", objects)
            if element.kind is not None and not _is_label(element.kind):
                yield f"{name}[{i}] {id!r}: {_label_problem('kind', element.kind)}; leave it out or name it"
            if element.number is not None and not _is_number(element.number):
                yield f"{name}[{i}] {id!r}: number {element.number!r} is not a finite number"
        elif isinstance(element, Relation):
            if not isinstance(element.subject, str) or element.subject not in objects:
                yield _reference_problem(name, i, element, "subject", objects)
            if not isinstance(element.object, str) or element.object not in objects:
                yield _reference_problem(name, i, element, "object", objects)
        if kind is not SceneObject:
            time = element.time  # type: ignore[union-attr]
            if time is not None and type(time) is not TimeSpan:
                yield f"{name}[{i}] {id!r}: time is {type(time).__name__}, expected TimeSpan"
        if type(element.groundings) is not tuple:
            yield f"{name}[{i}] {id!r}: groundings are {type(element.groundings).__name__}, expected a tuple"
            continue
        for j, grounding in enumerate(element.groundings):
            # The common case, a known source with a region of a known type and nothing else, falls through quickly.
            problem = _grounding_problem(grounding, texts)
            if problem:
                yield f"{name}[{i}] {id!r}.groundings[{j}]: {problem}"


def _reference_problem(name: str, i: int, element: Attribute | Relation, role: str, objects: set[str]) -> str:
    id = getattr(element, role)
    return f"{name}[{i}] {element.id!r}: {role} {id!r} is not an object of the graph ({_some(objects)})"


def _grounding_problem(grounding: Grounding, texts: dict[str, str | None]) -> str | None:
    if type(grounding) is not Grounding:
        return f"is {type(grounding).__name__}, expected Grounding"
    if not isinstance(grounding.source, str) or grounding.source not in texts:
        return f"source {grounding.source!r} is not a source of the graph ({_some(set(texts))})"
    problem = _region_problem(grounding.region, texts[grounding.source])
    if problem is None and grounding.label is not None and not _is_label(grounding.label):
        problem = _label_problem("label", grounding.label)
    if problem is None and grounding.score is not None and not _is_score(grounding.score):
        problem = f"score {grounding.score!r} is not in [0, 1]"
    return problem


def _region_problem(region: Region | None, text: str | None) -> str | None:
    if region is None or isinstance(region, _REGIONS):
        return None
    if not isinstance(region, TextSpan):
        return f"region is {type(region).__name__}, expected TextSpan, Box, Mask, Track or TimeSpan"
    if text is not None and region.end > len(text):
        return f"text span ends at {region.end}, but the text has {len(text)} code points"
    return None


def _is_string(value: object) -> bool:
    # A lone surrogate cannot be written as UTF-8, so such a graph could never be saved.
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))


def _is_label(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_LABEL_LENGTH and not value.isspace() and _is_string(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def _is_score(value: object) -> bool:
    if type(value) is float:
        return 0.0 <= value <= 1.0
    return _is_number(value) and 0.0 <= value <= 1.0  # type: ignore[operator]


def _string_problem(value: object) -> str:
    return "not valid Unicode (a lone surrogate)" if isinstance(value, str) else f"{type(value).__name__}, expected str"


def _label_problem(name: str, label: object) -> str:
    if isinstance(label, str) and not label.strip():
        return f"{name} is empty"
    if isinstance(label, str) and len(label) > MAX_LABEL_LENGTH:
        return f"{name} {label[:24]!r}... has {len(label)} characters; at most {MAX_LABEL_LENGTH} are a label"
    return f"{name} {_short(label)} is {_string_problem(label)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _some(ids: set[str]) -> str:
    if not ids:
        return "it has none"
    return "it has " + ", ".join(repr(id) for id in sorted(ids)[:4]) + (", ..." if len(ids) > 4 else "")
