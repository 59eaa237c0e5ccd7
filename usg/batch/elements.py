"""The elements of several graphs as flat arrays: what packing reads, whether graphs come as objects or as columns.

Letters: g graphs, m elements (all objects, then all a attributes, then all relations, each graph after graph), s
sources, k groundings in the order of their elements, p pieces of text spans in the order of their groundings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from usg.batch.ranges import Ints
from usg.graph import MODALITIES, Attribute, Box, Grounding, Relation, SceneGraph, TextSpan, TimeSpan, Track
from usg.graph.elements import Element

Floats = NDArray[np.float64]
ABSENT = float("nan")


@dataclass(frozen=True)
class Elements:
    """Flat arrays of g graphs; NaN marks a number that is absent.

    Attributes:
        objects, attributes, relations, sources: `(g,)` how many each graph has.
        names: the distinct labels, in any order; a label may stand twice.
        label: `(m,)` places in `names`.
        negated: `(m,)` bool.
        kinds: the distinct kinds of attributes.
        attribute_kind: `(a,)` place in `kinds`, -1 for an attribute without a kind.
        owner: object number, within its graph, of each attribute.
        subject, target: object numbers, within their graph, of each relation.
        time: `(m, 2)` when an element holds, seconds.
        source_modality: `(s,)` place in `MODALITIES`.
        source_size: `(s, 2)` width and height, pixels.
        source_duration: `(s,)` seconds.
        source_text: s texts.
        grounding_element: `(k,)` element, ascending.
        grounding_source: `(k,)` source, counted over all graphs.
        grounding_box: `(k, 4)` xyxy, pixels.
        grounding_time: `(k, 2)` seconds.
        piece_grounding: `(p,)` grounding, ascending.
        piece: `(p, 2)` start and end, code points.
    """

    objects: Ints
    attributes: Ints
    relations: Ints
    sources: Ints
    names: Sequence[str]
    label: Ints
    negated: NDArray[np.bool_]
    kinds: Sequence[str]
    attribute_kind: Ints
    owner: Ints
    subject: Ints
    target: Ints
    time: Floats
    source_modality: Ints
    source_size: Floats
    source_duration: Floats
    source_text: Sequence[str | None]
    grounding_element: Ints
    grounding_source: Ints
    grounding_box: Floats
    grounding_time: Floats
    piece_grounding: Ints
    piece: Ints


def elements_of(graphs: Sequence[SceneGraph]) -> Elements:
    """Reads scene graphs into flat arrays."""
    numbers: dict[str, int] = {}
    objects = list(chain.from_iterable(graph.objects for graph in graphs))
    attributes = list(chain.from_iterable(graph.attributes for graph in graphs))
    relations = list(chain.from_iterable(graph.relations for graph in graphs))
    sources = list(chain.from_iterable(graph.sources for graph in graphs))
    labels = [numbers.setdefault(obj.label, len(numbers)) for obj in objects]
    labels += [numbers.setdefault(attribute.value, len(numbers)) for attribute in attributes]
    labels += [numbers.setdefault(relation.predicate, len(numbers)) for relation in relations]
    kinds: dict[str, int] = {}
    attribute_kind = [-1 if a.kind is None else kinds.setdefault(a.kind, len(kinds)) for a in attributes]
    owner: list[int] = []
    ends: list[tuple[int, int]] = []
    for graph in graphs:
        place = {obj.id: i for i, obj in enumerate(graph.objects)}
        owner += [place[attribute.object] for attribute in graph.attributes]
        ends += [(place[relation.subject], place[relation.object]) for relation in graph.relations]
    elements: list[Element] = [*objects, *attributes, *relations]
    timed: list[Attribute | Relation] = [*attributes, *relations]
    time = _rows([(ABSENT, ABSENT)] * len(objects) + [_seconds(element.time) for element in timed], 2)
    ends_array = np.array(ends, dtype=np.int64).reshape(-1, 2)
    size = [(ABSENT if s.width is None else s.width, ABSENT if s.height is None else s.height) for s in sources]
    modality = {name: i for i, name in enumerate(MODALITIES)}
    return Elements(
        objects=_ints(len(graph.objects) for graph in graphs),
        attributes=_ints(len(graph.attributes) for graph in graphs),
        relations=_ints(len(graph.relations) for graph in graphs),
        sources=_ints(len(graph.sources) for graph in graphs),
        names=list(numbers),
        label=np.array(labels, dtype=np.int64),
        negated=np.array([element.negated for element in elements], dtype=bool),
        kinds=list(kinds),
        attribute_kind=np.array(attribute_kind, dtype=np.int64),
        owner=np.array(owner, dtype=np.int64),
        subject=ends_array[:, 0],
        target=ends_array[:, 1],
        time=time,
        source_modality=_ints(modality[source.modality] for source in sources),
        source_size=_rows(size, 2),
        source_duration=np.array([ABSENT if s.duration is None else s.duration for s in sources], dtype=np.float64),
        source_text=[source.text for source in sources],
        **_groundings(graphs, elements),
    )


def _groundings(graphs: Sequence[SceneGraph], elements: Sequence[Element]) -> dict[str, NDArray]:
    """The arrays of groundings; `elements` is the flat order."""
    first = 0
    source_number: dict[str, list[dict[str, int]]] = {"objects": [], "attributes": [], "relations": []}
    for graph in graphs:
        numbers = {source.id: first + i for i, source in enumerate(graph.sources)}
        first += len(graph.sources)
        for kind, per_element in source_number.items():
            per_element += [numbers] * len(getattr(graph, kind))
    numbers_of = [*source_number["objects"], *source_number["attributes"], *source_number["relations"]]
    flat: list[Grounding] = [grounding for element in elements for grounding in element.groundings]
    source = [
        number[grounding.source]
        for element, number in zip(elements, numbers_of, strict=True)
        for grounding in element.groundings
    ]
    boxes = np.full((len(flat), 4), ABSENT)
    times = np.full((len(flat), 2), ABSENT)
    piece_grounding: list[int] = []
    pieces: list[tuple[int, int]] = []
    for i, grounding in enumerate(flat):
        region = grounding.region
        if isinstance(region, Box):
            boxes[i] = region.xyxy
        elif isinstance(region, TextSpan):
            piece_grounding += [i] * len(region.spans)
            pieces += region.spans
        elif isinstance(region, TimeSpan):
            times[i] = region.start, region.end
        elif isinstance(region, Track):
            times[i] = region.time
            if isinstance(region.points[0].region, Box):
                boxes[i] = region.points[0].region.xyxy
    return {
        "grounding_element": np.repeat(np.arange(len(elements)), [len(element.groundings) for element in elements]),
        "grounding_source": np.array(source, dtype=np.int64),
        "grounding_box": boxes,
        "grounding_time": times,
        "piece_grounding": np.array(piece_grounding, dtype=np.int64),
        "piece": np.array(pieces, dtype=np.int64).reshape(-1, 2),
    }


def _seconds(time: TimeSpan | None) -> tuple[float, float]:
    return (ABSENT, ABSENT) if time is None else (time.start, time.end)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _rows(rows: Sequence[tuple[float, ...]], width: int) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(-1, width)
