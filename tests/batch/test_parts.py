"""Parts of graphs are the graphs one would have cut by hand."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from random_graphs import random_graph
from test_columns import assert_equal

from usg.batch import GraphBatch, Vocabulary, pack
from usg.batch.elements import Elements, elements_of
from usg.batch.pack import pack_elements
from usg.batch.parts import Group, parts_of
from usg.graph import SceneGraph

GRAPHS = [random_graph(seed) for seed in range(60)]
VOCABULARY = Vocabulary.from_graphs(GRAPHS[:5], min_count=2)
ELEMENTS = elements_of(GRAPHS)


def packed(elements: Elements) -> GraphBatch:
    return pack_elements(elements, VOCABULARY, words=None, grounding=True, two_hop=True, dense=False)


def flags(kept: list[list[bool]]) -> np.ndarray:
    """Of lists by kind and graph, in the flat order."""
    return np.array([flag for each in kept for flag in each], dtype=bool)


def cut(graph: SceneGraph, rng: random.Random) -> tuple[SceneGraph, list[list[bool]]]:
    """Some of a graph, and which of its objects, attributes, relations and sources that is."""
    sources = [rng.random() < 0.6 for _ in graph.sources]
    names = {source.id for source, stays in zip(graph.sources, sources, strict=True) if stays}
    objects = [rng.random() < 0.6 for _ in graph.objects]
    there = {one.id for one, stays in zip(graph.objects, objects, strict=True) if stays}
    attributes = [one.object in there and rng.random() < 0.8 for one in graph.attributes]
    relations = [{one.subject, one.object} <= there and rng.random() < 0.8 for one in graph.relations]

    def some(elements, kept):  # type: ignore[no-untyped-def]
        return tuple(
            replace(one, groundings=tuple(where for where in one.groundings if where.source in names))
            for one, stays in zip(elements, kept, strict=True)
            if stays
        )

    part = SceneGraph(
        tuple(source for source, stays in zip(graph.sources, sources, strict=True) if stays),
        some(graph.objects, objects),
        some(graph.attributes, attributes),
        some(graph.relations, relations),
    )
    return part, [objects, attributes, relations, sources]


def test_parts_as_cut_by_hand_in_any_order_and_more_than_once() -> None:
    rng = random.Random(0)
    expected, groups = [], []
    for chosen in (range(60), rng.sample(range(60), 20), []):
        parts = [cut(graph, rng) for graph in GRAPHS]
        elements = np.concatenate([flags([kept[kind] for _, kept in parts]) for kind in range(3)])
        groups.append(Group(np.array(chosen, dtype=np.int64), elements, flags([kept[3] for _, kept in parts])))
        expected += [parts[number][0] for number in chosen]
    found, part, origin = parts_of(ELEMENTS, groups)
    assert_equal(packed(found), pack(expected, VOCABULARY, two_hop=True))
    assert list(found.source_text) == [source.text for graph in expected for source in graph.sources]
    kinds = ("objects", "attributes", "relations")
    assert part.tolist() == [i for kind in kinds for i, graph in enumerate(expected) for _ in getattr(graph, kind)]
    assert [ELEMENTS.names[code] for code in ELEMENTS.label[origin]] == [found.names[code] for code in found.label]


def test_all_of_it() -> None:
    everything = np.ones(len(ELEMENTS.label), dtype=bool)
    group = Group(np.arange(60), everything, np.ones(len(ELEMENTS.source_modality), dtype=bool))
    found, _, origin = parts_of(ELEMENTS, [group])
    assert_equal(packed(found), packed(ELEMENTS))
    assert origin.tolist() == list(range(len(origin)))


def test_a_relation_without_its_objects_is_refused() -> None:
    kept = np.ones(len(ELEMENTS.label), dtype=bool)
    kept[: ELEMENTS.objects.sum()] = False
    group = Group(np.arange(60), kept, np.ones(len(ELEMENTS.source_modality), dtype=bool))
    with pytest.raises(ValueError, match="without its objects"):
        parts_of(ELEMENTS, [group])
