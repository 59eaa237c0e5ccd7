"""Packing: a scene worked out by hand, and properties on random graphs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from random_graphs import CAPTIONS, random_graph
from torch import Tensor

from usg.batch import GraphBatch, Vocabulary, pack, tokenize
from usg.batch.grounding import SEVERAL
from usg.batch.texts import MAX_WORDS
from usg.graph import (
    MODALITIES,
    Attribute,
    Box,
    EdgeType,
    Grounding,
    NodeKind,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
    TimeSpan,
    Track,
    TrackPoint,
    to_levi,
)

GRAPHS = [random_graph(seed) for seed in range(40)]
VOCABULARY = Vocabulary.from_graphs(GRAPHS[:20])

SCENE = SceneGraph(
    sources=[
        Source("image", "image", width=100, height=50),
        Source("a", "text", text="The man rides a brown horse."),
        Source("b", "text", text="It is big, the horse"),
        Source("video", "video", width=10, height=10, duration=20.0),
    ],
    objects=[
        SceneObject(
            "m", "man", groundings=(Grounding("a", TextSpan(((4, 7),))), Grounding("image", Box(0, 0, 50, 25)))
        ),
        SceneObject(
            "h", "horse", groundings=(Grounding("a", TextSpan(((14, 27),))), Grounding("b", TextSpan(((15, 20),))))
        ),
        SceneObject("x", "xylophone", negated=True),
        SceneObject(
            "t",
            "train",
            groundings=(
                Grounding("video", Track((TrackPoint(0, 1.0, Box(0, 0, 5, 5)), TrackPoint(9, 5.0, Box(5, 5, 10, 10))))),
            ),
        ),
    ],
    attributes=[
        Attribute("brown", "h", "brown", kind="colour", groundings=(Grounding("a", TextSpan(((16, 21),))),)),
        Attribute("big", "h", "big", time=TimeSpan(5.0, 10.0)),
    ],
    relations=[Relation("r", "m", "riding", "h", groundings=(Grounding("a", TextSpan(((0, 3), (8, 13)))),))],
)
SCENE_VOCABULARY = Vocabulary.build(
    {"man": 1, "horse": 1, "train": 1}, {"brown": 1, "big": 1}, {"riding": 1}, {"is": 1}
)


def test_a_scene_by_hand() -> None:
    batch = pack([SceneGraph(), SCENE], SCENE_VOCABULARY, words=[None, [0, "zebra is <mask>", 1]])
    names = [*SCENE_VOCABULARY.labels, "xylophone", "the", "rides", "a", "zebra", "it"]
    assert batch.num_unseen == 7  # the last is the kind "colour"
    kinds = {i: k for i, k in enumerate(batch.attribute_kind.tolist()) if k != -1}
    assert kinds == {6: len(SCENE_VOCABULARY) + 6}
    words = ["the", "man", "rides", "a", "brown", "horse", "zebra", "is", "<mask>", "it", "is", "big", "the", "horse"]
    nodes = ["<graph>", "<graph>", "man", "horse", "xylophone", "train", "brown", "big", "riding"]
    assert [names[i] for i in batch.label.tolist()] == nodes + words
    assert batch.kind.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 3] + [4] * len(words)
    assert batch.offsets.tolist() == [0, 1, 23]
    assert batch.node_graph.tolist() == [0] + [1] * 22
    assert batch.negated.nonzero().flatten().tolist() == [4]
    assert batch.modality[:9].tolist() == [0, 0, SEVERAL, 1, 0, 1 + MODALITIES.index("video"), 1, 0, 1]
    assert batch.has_box.nonzero().flatten().tolist() == [2, 5]
    torch.testing.assert_close(batch.box[[2, 5]], torch.tensor([[0.25, 0.25, 0.5, 0.5], [0.25, 0.25, 0.5, 0.5]]))
    assert batch.has_time.nonzero().flatten().tolist() == [5, 7]
    torch.testing.assert_close(batch.time[[5, 7]], torch.tensor([[0.05, 0.25], [0.25, 0.5]]))
    assert batch.has_span[:9].tolist() == [False, False, True, True, False, False, True, False, True]
    assert batch.span[[2, 3, 6, 8]].tolist() == [[1, 1], [3, 3], [4, 1], [0, 2]]
    assert batch.span[9:, 0].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4]
    assert bool((batch.span[9:, 1] == 1).all())
    assert batch.text.tolist() == [-1] * 9 + [0] * 6 + [1] * 3 + [2] * 5
    # "a" lies in "a brown horse", "brown" too but its own phrase is shorter; the question realises nothing.
    assert batch.mention.tolist() == [-1] * 9 + [8, 2, 8, 3, 6, 3] + [-1] * 3 + [-1, -1, -1, -1, 3]


def test_labels_that_are_equal_share_their_unseen_number() -> None:
    graph = SceneGraph(objects=[SceneObject("a", "zebra"), SceneObject("b", "zebra")])
    batch = pack([graph, graph], SCENE_VOCABULARY, words=[None, "zebra"])
    v = len(SCENE_VOCABULARY)
    assert batch.label.tolist() == [2, v, v, 2, v, v, v]
    assert batch.unseen_subwords.tolist() == SCENE_VOCABULARY.subwords("zebra").tolist()


def test_a_kind_of_attribute_is_the_entry_of_its_word() -> None:
    attributes = [
        Attribute("a", "o", "red", kind="colour"),
        Attribute("b", "o", "old"),
        Attribute("c", "o", "old", kind="age"),
    ]
    graph = SceneGraph(objects=[SceneObject("o", "horse")], attributes=attributes)
    vocabulary = Vocabulary.build({"horse": 1}, {"red": 1, "old": 1}, words={"colour": 1})
    batch = pack([graph, graph], vocabulary)
    colour, age = vocabulary.index("colour"), len(vocabulary)
    assert batch.attribute_kind.tolist() == [-1, -1, colour, -1, age] * 2
    assert batch.unseen_subwords.tolist() == vocabulary.subwords("age").tolist()


@pytest.mark.parametrize("two_hop", [False, True])
def test_edges_are_those_of_the_levi_form(two_hop: bool) -> None:
    batch = pack(GRAPHS, VOCABULARY, two_hop=two_hop)
    batch.graph.validate()
    expected = []
    for graph, offset in zip(GRAPHS, batch.offsets.tolist(), strict=False):
        levi = to_levi(graph, two_hop)
        expected += zip(*(levi.edges + offset).tolist(), levi.edge_types.tolist(), strict=True)
    assert sorted(edges(batch)) == sorted(expected)


def test_edges_of_words() -> None:
    texts = [[CAPTIONS[1], "", "what"] if i % 3 else None for i in range(len(GRAPHS))]
    plain, batch = pack(GRAPHS, VOCABULARY), pack(GRAPHS, VOCABULARY, words=texts)
    batch.graph.validate()
    word = (batch.kind == NodeKind.WORD).numpy()
    graph, text, position = batch.node_graph.numpy(), batch.text.numpy(), batch.span[:, 0].numpy()
    renumbered = np.flatnonzero(~word)
    assert sorted(e for e in edges(batch) if not word[e[1]]) == sorted(
        (int(renumbered[s]), int(renumbered[t]), kind) for s, t, kind in edges(plain)
    )
    expected = set()
    for target in np.flatnonzero(word).tolist():
        for source in np.flatnonzero(graph == graph[target]).tolist():
            if not word[source]:
                expected.add((source, target, int(EdgeType.NODE_TO_WORD)))
            elif text[source] == text[target]:
                step = int(position[target] - position[source])
                kinds = {0: EdgeType.SELF, 1: EdgeType.PREVIOUS_WORD, -1: EdgeType.NEXT_WORD}
                expected.add((source, target, int(kinds.get(step, EdgeType.WORD_TO_WORD))))
    found = [e for e in edges(batch) if word[e[1]]]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_dense_joins_every_two_nodes_of_a_graph_once_more_at_most() -> None:
    plain, dense = pack(GRAPHS, VOCABULARY), pack(GRAPHS, VOCABULARY, dense=True)
    dense.graph.validate()
    others = {(s, t) for s, t, kind in edges(dense) if kind == EdgeType.OTHER}
    joined = {(s, t) for s, t, _ in edges(plain)}
    assert not others & joined
    sizes = np.diff(dense.offsets.numpy())
    assert len(others | joined) == int((sizes**2).sum())
    assert sorted(edges(plain)) == sorted(e for e in edges(dense) if e[2] != EdgeType.OTHER)


def test_packing_is_the_graphs_side_by_side() -> None:
    texts = [[0] if captions(graph) else "is it <mask>" for graph in GRAPHS]
    batch = pack(GRAPHS, VOCABULARY, words=texts)
    for i, (graph, text) in enumerate(zip(GRAPHS, texts, strict=True)):
        alone = pack([graph], VOCABULARY, words=[text])
        first, end = batch.offsets[i : i + 2].tolist()
        for name in ("kind", "modality", "negated", "box", "has_box", "time", "has_time", "span", "has_span"):
            assert torch.equal(getattr(batch, name)[first:end], getattr(alone, name)), name
        there, here = batch.mention[first:end], alone.mention
        assert torch.equal(torch.where(there >= 0, there - first, there), here)
        known = alone.label < len(VOCABULARY)
        assert torch.equal(batch.label[first:end][known], alone.label[known])
        mine = [(s - first, t - first, kind) for s, t, kind in edges(batch) if first <= t < end]
        assert mine == edges(alone)


def test_mentions_and_spans_against_a_plain_loop() -> None:
    graphs = [graph for graph in GRAPHS if captions(graph)]
    batch = pack(graphs, VOCABULARY, words=[list(range(len(captions(graph)))) for graph in graphs])
    some = 0
    for i, graph in enumerate(graphs):
        first, end = batch.offsets[i : i + 2].tolist()
        elements = list(graph.elements())
        words = [n for n in range(first, end) if batch.kind[n] == NodeKind.WORD]
        flat = [(source.id, *word) for source in captions(graph) for word in tokenize(source.text or "")]
        for node, (source, _, start, stop) in zip(words, flat, strict=True):
            best = min(
                (
                    (sum(e - s for s, e in grounding.region.spans), first + 1 + number)
                    for number, element in enumerate(elements)
                    for grounding in element.groundings
                    if grounding.source == source and isinstance(grounding.region, TextSpan)
                    if any(s < stop and start < e for s, e in grounding.region.spans)
                ),
                default=(0, -1),
            )
            assert batch.mention[node] == best[1]
            some += best[1] >= 0
        for number, element in enumerate(elements):
            spans = [g for g in element.groundings if isinstance(g.region, TextSpan)][:1]
            expected = None
            for grounding in spans:
                cut = tokenize(graph.source(grounding.source).text or "")
                inside = [k for k, (_, s, e) in enumerate(cut) for a, b in grounding.region.spans if s < b and a < e]
                expected = [inside[0], len(inside)] if inside else None
            node = first + 1 + number
            assert (batch.span[node].tolist() if batch.has_span[node] else None) == expected
    assert some > 50


def test_without_grounding_nothing_says_where_an_element_was_seen() -> None:
    batch, bare = pack(GRAPHS, VOCABULARY), pack(GRAPHS, VOCABULARY, grounding=False)
    assert batch.has_box.any()
    assert batch.has_time.any()
    assert batch.has_span.any()
    assert not (bare.has_box.any())
    assert not (bare.has_time.any())
    assert not (bare.has_span.any())
    assert batch.modality.any()
    assert not bare.modality.any()


def test_nothing_at_all() -> None:
    assert pack([], VOCABULARY).num_nodes == 0
    assert pack([SceneGraph()], VOCABULARY, words=[""]).num_nodes == 1


def test_moving_keeps_every_field() -> None:
    batch = pack(GRAPHS[:3], VOCABULARY)
    moved = batch.to("meta")
    for field in dataclasses.fields(batch):
        if isinstance(getattr(batch, field.name), Tensor):
            assert getattr(moved, field.name).device.type == "meta", field.name
    assert moved.graph.device.type == "meta"
    assert moved.vocabulary_size == len(VOCABULARY)
    assert len(batch) == 3
    assert batch.graph_nodes.tolist() == batch.offsets[:-1].tolist()


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ([None], ValueError, "texts for 1 graphs, but there are 2"),
        ([2, None], LookupError, "graph 0 has no text source number 2; it has 2"),
        ([None, [0, -1]], LookupError, "graph 1 has no text source number -1"),
        ([[1.5], None], TypeError, "text 1.5 of graph 0 is float"),
        (["word " * (MAX_WORDS + 1), None], ValueError, f"{MAX_WORDS + 1} words; at most {MAX_WORDS}"),
    ],
)
def test_texts_that_cannot_be(words: list, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pack([SCENE, SCENE], SCENE_VOCABULARY, words=words)


def edges(batch: GraphBatch) -> list[tuple[int, int, int]]:
    """(source, target, type) of every edge, in order."""
    return list(zip(batch.graph.col.tolist(), batch.graph.row_index.tolist(), batch.edge_type.tolist(), strict=True))


def captions(graph: SceneGraph) -> list[Source]:
    return [source for source in graph.sources if source.modality == "text"]
