"""Texts too long for a pipeline: cut into pieces, parsed apart, their graphs put side by side in one.

A cut falls behind the last line break before the limit, else behind the last end of a sentence, else behind the last
white space, else in the middle of a word. Nothing is recognised across a cut: what two pieces mention is two objects,
and a pronoun does not find its noun in the piece before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import TextSpan
from usg.graph.scene_graph import SceneGraph

_CUTS = (re.compile(r"\n"), re.compile(r"[.!?]\s"), re.compile(r"\s"))
_LOOK_BACK = 10_000  # characters before the limit in which a good cut is looked for

_E = TypeVar("_E", SceneObject, Attribute, Relation)


def cut(text: str, longest: int) -> Iterator[tuple[int, str]]:
    """The pieces of a text, each with where it starts.

    Args:
        text: any text.
        longest: most characters of a piece.

    Raises:
        ValueError: `longest` is not positive.

    >>> list(cut("A dog runs. A cat sleeps.", 15))
    [(0, 'A dog runs. '), (12, 'A cat sleeps.')]
    """
    if longest < 1:
        raise ValueError(f"pieces of at most {longest} characters; expected at least 1")
    start = 0
    while len(text) - start > longest:
        end = start + longest
        first = max(start + 1, end - _LOOK_BACK)
        for pattern in _CUTS:
            cuts = [match.end() for match in pattern.finditer(text, first - 1, end)]
            if cuts:
                end = cuts[-1]
                break
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def put_together(text: str, graphs: Sequence[tuple[int, SceneGraph]]) -> SceneGraph:
    """One graph of the graphs of the pieces of a text, over one source that holds the whole text.

    Objects, attributes and relations are numbered anew in their order; spans are moved to where they stand in the text.
    Of metadata the first piece that says a thing is heard; the notes of all are kept.

    Args:
        text: the whole text.
        graphs: where each piece starts, and its graph, which has one source.
    """
    source = graphs[0][1].sources[0]
    objects: list[SceneObject] = []
    attributes: list[Attribute] = []
    relations: list[Relation] = []
    metadata: dict[str, object] = {}
    for offset, graph in graphs:
        id_of = {obj.id: f"o{len(objects) + i}" for i, obj in enumerate(graph.objects)}
        objects += [_moved(replace(obj, id=id_of[obj.id]), source, offset) for obj in graph.objects]
        for attribute in graph.attributes:
            named = replace(attribute, id=f"a{len(attributes)}", object=id_of[attribute.object])
            attributes.append(_moved(named, source, offset))
        for relation in graph.relations:
            ends = id_of[relation.subject], id_of[relation.object]
            joined = replace(relation, id=f"r{len(relations)}", subject=ends[0], object=ends[1])
            relations.append(_moved(joined, source, offset))
        metadata = {**graph.metadata, **metadata}
    notes = [note for _, graph in graphs for note in graph.metadata.get("notes", ())]
    metadata |= {"notes": notes} if notes else {}
    return SceneGraph((replace(source, text=text),), tuple(objects), tuple(attributes), tuple(relations), metadata)


def _moved(element: _E, source: Source, offset: int) -> _E:
    def moved(grounding: Grounding) -> Grounding:
        region = grounding.region
        if isinstance(region, TextSpan):
            region = TextSpan(tuple((start + offset, end + offset) for start, end in region.spans))
        return replace(grounding, source=source.id, region=region)

    return replace(element, groundings=tuple(moved(grounding) for grounding in element.groundings))
