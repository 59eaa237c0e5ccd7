"""Packing: scene graphs, with texts beside them, become one `GraphBatch`.

Graphs are first read into flat arrays (usg/batch/elements.py); everything after that is NumPy over the whole batch,
with no loop over nodes. A corpus hands over its columns instead (`pack_columns`), so that training builds no
`SceneGraph`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from usg.batch.edges import Nodes, typed_edges
from usg.batch.elements import Elements, Floats, elements_of
from usg.batch.graph_batch import GraphBatch
from usg.batch.grounding import features, graph_of_elements, places_of_elements
from usg.batch.ranges import Ints, pointer, ranges
from usg.batch.subwords import subword_bags
from usg.batch.texts import PackedTexts, Texts, mentions, read_texts
from usg.batch.vocabulary import GRAPH_INDEX, Vocabulary
from usg.graph import MODALITIES, NodeKind, SceneGraph


def pack(
    graphs: Sequence[SceneGraph],
    vocabulary: Vocabulary,
    *,
    words: Sequence[Texts] | None = None,
    grounding: bool = True,
    two_hop: bool = False,
    dense: bool = False,
) -> GraphBatch:
    """Packs scene graphs side by side.

    Args:
        graphs: any graphs, empty ones too.
        vocabulary: gives labels their entries; labels it lacks are carried as n-grams.
        words: the texts beside each graph: `None`, a number (a caption: that text source of the graph, from 0), a
            string (a question; `<mask>` in it asks for an answer), or a sequence of numbers and strings. Words of
            different texts do not hear each other.
        grounding: `False` leaves modality, box, time and span of the graph's nodes absent.
        two_hop: add edges between the ends of a relation, and between attributes of one object.
        dense: join every two nodes of a graph.

    Raises:
        ValueError: not one entry of `words` per graph, or a text too long.
        LookupError: a graph has no text source of that number.

    >>> from usg.graph import Attribute, SceneObject
    >>> graph = SceneGraph(objects=[SceneObject("o", "ball")], attributes=[Attribute("a", "o", "red")])
    >>> vocabulary = Vocabulary.from_graphs([graph], texts=["what colour is the ball"])
    >>> batch = pack([graph, graph], vocabulary, words=["What colour is the ball? <mask>", None])
    >>> batch
    GraphBatch(2 graphs, 12 nodes, 72 edges, cpu)
    >>> [vocabulary.label(i) for i in batch.label.tolist()][:5]
    ['<graph>', 'ball', 'red', 'what', 'colour']
    """
    return pack_elements(
        elements_of(graphs), vocabulary, words=words, grounding=grounding, two_hop=two_hop, dense=dense
    )


def pack_elements(
    elements: Elements,
    vocabulary: Vocabulary,
    *,
    words: Sequence[Texts] | None,
    grounding: bool,
    two_hop: bool,
    dense: bool,
) -> GraphBatch:
    """Packs graphs read into flat arrays; arguments as of `pack`."""
    graphs = len(elements.objects)
    texts = read_texts(elements, words)
    heard = 1 + elements.objects + elements.attributes + elements.relations
    spoken = np.diff(texts.ptr)
    offsets = pointer(heard + np.bincount(texts.graph, spoken, minlength=graphs).astype(np.int64))
    n = int(offsets[-1])
    element_graph = graph_of_elements(elements)
    node = offsets[element_graph] + places_of_elements(elements)
    word = ranges(offsets[:-1] + heard, np.diff(offsets) - heard)

    objects, attributes, _ = counts = [
        int(c.sum()) for c in (elements.objects, elements.attributes, elements.relations)
    ]
    attribute = node[objects : objects + attributes]
    label, attribute_kind, unseen = _labels(elements, texts, vocabulary, node, attribute, word, n)
    kind = np.full(n, NodeKind.GRAPH, dtype=np.int64)
    kinds = (NodeKind.OBJECT, NodeKind.ATTRIBUTE, NodeKind.RELATION)
    kind[node] = np.repeat(np.array(kinds, dtype=np.int64), counts)
    kind[word] = NodeKind.WORD
    negated = np.zeros(n, dtype=bool)
    negated[node] = elements.negated

    seen = features(elements, grounding)
    modality = np.zeros(n, dtype=np.int64)
    modality[node], modality[word] = seen.modality, 1 + MODALITIES.index("text")
    box, has_box = _spread(seen.box, node, n)
    time, has_time = _spread(seen.time, node, n)
    span, has_span = _spread(seen.span, node, n)
    span[word, 0] = np.arange(len(word)) - np.repeat(texts.ptr[:-1], spoken)
    span[word, 1], has_span[word] = 1, True
    mention, text = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    mention[word] = mentions(elements, texts, node)
    text[word] = np.repeat(np.arange(len(spoken)), spoken)

    first_object = offsets[element_graph] + 1
    nodes = Nodes(
        offsets=offsets,
        heard=heard,
        attribute=attribute,
        owner=first_object[objects : objects + attributes] + elements.owner,
        relation=node[objects + attributes :],
        subject=first_object[objects + attributes :] + elements.subject,
        target=first_object[objects + attributes :] + elements.target,
        text_graph=texts.graph,
        text_words=spoken,
    )
    graph, edge_type = typed_edges(nodes, two_hop, dense)
    unseen_subwords, unseen_offsets = subword_bags(unseen, vocabulary.buckets)
    tensor = torch.from_numpy
    return GraphBatch(
        label=tensor(label),
        kind=tensor(kind),
        attribute_kind=tensor(attribute_kind),
        modality=tensor(modality),
        negated=tensor(negated),
        box=tensor(box),
        has_box=tensor(has_box),
        time=tensor(time),
        has_time=tensor(has_time),
        span=tensor(span),
        has_span=tensor(has_span),
        graph=graph,
        edge_type=edge_type,
        node_graph=tensor(np.repeat(np.arange(graphs), np.diff(offsets))),
        offsets=tensor(offsets),
        mention=tensor(mention),
        text=tensor(text),
        unseen_subwords=tensor(unseen_subwords),
        unseen_offsets=tensor(unseen_offsets),
        vocabulary_size=len(vocabulary),
    )


def _labels(
    elements: Elements, texts: PackedTexts, vocabulary: Vocabulary, node: Ints, attribute: Ints, word: Ints, n: int
) -> tuple[Ints, Ints, list[str]]:
    """The entry of every node and of its kind of attribute, and what has none, numbered by the first node."""
    label = np.full(n, GRAPH_INDEX, dtype=np.int64)
    label[node] = vocabulary.entries(elements.names)[elements.label]
    label[word] = vocabulary.entries(texts.words)
    kind, has_kind = np.full(n, -1, dtype=np.int64), elements.attribute_kind >= 0
    unseen: dict[str, int] = {}
    missing = np.flatnonzero(label < 0)
    if len(missing):
        element, place = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
        element[node], place[word] = np.arange(len(node)), np.arange(len(word))
        for i in missing.tolist():
            name = texts.words[place[i]] if place[i] >= 0 else elements.names[elements.label[element[i]]]
            label[i] = len(vocabulary) + unseen.setdefault(name, len(unseen))
    if has_kind.any():
        places = elements.attribute_kind[has_kind]
        entries = vocabulary.entries(elements.kinds).copy()
        used, first = np.unique(places, return_index=True)
        for place in used[np.argsort(first)].tolist():
            if entries[place] < 0:
                name = elements.kinds[place]
                entries[place] = len(vocabulary) + unseen.setdefault(name, len(unseen))
        kind[attribute[has_kind]] = entries[places]
    return label, kind, list(unseen)


def _spread(values: Floats, node: Ints, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of elements to rows of nodes, float32 and 0 where absent, and which are there."""
    there = ~np.isnan(values).any(axis=1)
    result = np.zeros((n, values.shape[1]), dtype=np.float32)
    result[node[there]] = values[there]
    has = np.zeros(n, dtype=bool)
    has[node[there]] = True
    return result, has
