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
from usg.batch.graph_batch import GraphBatch, View
from usg.batch.grounding import features, graph_of_elements, places_of_elements
from usg.batch.ranges import Ints, pointer, ranges
from usg.batch.subwords import subword_bags
from usg.batch.texts import Texts, mentions, read_texts
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

    counts = [int(count.sum()) for count in (elements.objects, elements.attributes, elements.relations)]
    objects, attributes, _ = counts
    attribute = node[objects : objects + attributes]

    unseen: dict[str, int] = {}
    label = np.full(n, GRAPH_INDEX, dtype=np.int64)
    label[node] = _entries(elements.names, elements.label, vocabulary, unseen)
    label[word] = _entries(texts.words, np.arange(len(texts.words)), vocabulary, unseen)
    has_kind = elements.attribute_kind >= 0
    attribute_kind = np.full(n, -1, dtype=np.int64)
    attribute_kind[attribute[has_kind]] = _entries(
        elements.kinds, elements.attribute_kind[has_kind], vocabulary, unseen
    )
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
    unseen_subwords, unseen_offsets = subword_bags(list(unseen), vocabulary.buckets)
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
        view=torch.full((graphs,), View.WHOLE),
        counterpart=torch.full((n,), -1),
        unseen_subwords=tensor(unseen_subwords),
        unseen_offsets=tensor(unseen_offsets),
        vocabulary_size=len(vocabulary),
    )


def _entries(names: Sequence[str], codes: Ints, vocabulary: Vocabulary, unseen: dict[str, int]) -> Ints:
    """Entries of the names at `codes`; V + i for the i-th distinct one that the vocabulary lacks, kept in `unseen`."""
    entries = vocabulary.entries(names)[codes]
    for place in np.flatnonzero(entries < 0).tolist():
        entries[place] = len(vocabulary) + unseen.setdefault(names[codes[place]], len(unseen))
    return entries


def _spread(values: Floats, node: Ints, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of elements to rows of nodes, float32 and 0 where absent, and which are there."""
    there = ~np.isnan(values).any(axis=1)
    result = np.zeros((n, values.shape[1]), dtype=np.float32)
    result[node[there]] = values[there]
    has = np.zeros(n, dtype=bool)
    has[node[there]] = True
    return result, has
