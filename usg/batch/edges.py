"""The typed edges of packed graphs, sorted by target, for all graphs of a batch at once.

The same edges as `usg.graph.to_levi` gives for each graph, and those of the words beside it. Most edges of a batch with
texts end in words, and their rows are known without sorting: a word hears every node of its graph and every word of its
text. So only the edges among the nodes of the graphs are sorted, and the rows of words are written in place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from usg.batch.ranges import Ints, pointer, ranges, stable_order
from usg.graph import EdgeType
from usg.graph.levi import edges_by_type, join_edges
from usg.ops import CSR


@dataclass(frozen=True)
class Nodes:
    """Where the nodes of a batch stand; g graphs, t texts.

    Attributes:
        offsets: `(g + 1,)` first node of each graph, and n.
        heard: `(g,)` nodes of each graph that are not words; they come first.
        attribute, owner: `(attributes,)` attribute nodes and the object nodes they belong to.
        relation, subject, target: `(relations,)` relation nodes and the object nodes they join.
        text_graph: `(t,)` graph of each text, not descending.
        text_words: `(t,)` words of each text.
    """

    offsets: Ints
    heard: Ints
    attribute: Ints
    owner: Ints
    relation: Ints
    subject: Ints
    target: Ints
    text_graph: Ints
    text_words: Ints


def typed_edges(nodes: Nodes, two_hop: bool, dense: bool) -> tuple[CSR, torch.Tensor]:
    """The edges of a batch and their types.

    Args:
        nodes: the batch.
        two_hop: add edges between the two ends of a relation and between the attributes of one object.
        dense: add an edge between every two nodes of a graph that have none.

    Returns:
        The edges and `(e,)` int64 types in their order.
    """
    n = int(nodes.offsets[-1])
    source, target, kind = _graph_edges(nodes, two_hop, dense)
    order = stable_order(target, n)
    word, word_source, word_kind, degree = _word_rows(nodes)
    degrees = np.bincount(target, minlength=n)
    degrees[word] = degree
    rowptr = pointer(degrees)
    col = np.empty(len(source) + len(word_source), dtype=np.int32)
    edge_type = np.empty(len(col), dtype=np.int64)
    is_word = np.zeros(n, dtype=bool)
    is_word[word] = True
    in_word_row = np.repeat(is_word, degrees)
    col[in_word_row], edge_type[in_word_row] = word_source, word_kind
    col[~in_word_row], edge_type[~in_word_row] = source[order], kind[order]
    position = stable_order(col, n)
    row = np.repeat(np.arange(n, dtype=np.int32), degrees)[position]
    colptr = pointer(np.bincount(col, minlength=n))
    arrays = (rowptr, col, colptr, row, position)
    return CSR(*(torch.from_numpy(a.astype(np.int32, copy=False)) for a in arrays)), torch.from_numpy(edge_type)


def _graph_edges(nodes: Nodes, two_hop: bool, dense: bool) -> tuple[Ints, Ints, Ints]:
    """Source, target and type of the edges that end in nodes of the graphs, and of every node to itself but words."""
    first = nodes.offsets[:-1]
    heard = ranges(first, nodes.heard)
    others = ranges(first + 1, nodes.heard - 1)
    hub = np.repeat(first, nodes.heard - 1)
    siblings = _siblings(nodes) if two_hop else None
    parts = edges_by_type(
        heard, others, hub, nodes.attribute, nodes.owner, nodes.relation, nodes.subject, nodes.target, siblings
    )
    if dense:
        left, right = _pairs(first, nodes.heard)
        n = int(nodes.offsets[-1])
        joined = np.concatenate([part[0] * n + part[1] for part in parts])
        new = ~np.isin(left * n + right, joined)
        parts.append((left[new], right[new], EdgeType.OTHER))
    return join_edges(parts)


def _pairs(first: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Every ordered pair within each run of `count` consecutive numbers from `first`."""
    left = ranges(first, count)
    return np.repeat(left, np.repeat(count, count)), ranges(np.repeat(first, count), np.repeat(count, count))


def _siblings(nodes: Nodes) -> tuple[Ints, Ints]:
    """Every ordered pair of different attributes of one object."""
    order = np.argsort(nodes.owner, kind="stable")
    _, first, count = np.unique(nodes.owner[order], return_index=True, return_counts=True)
    left, right = _pairs(first, count)
    different = left != right
    return nodes.attribute[order[left[different]]], nodes.attribute[order[right[different]]]


def _word_rows(nodes: Nodes) -> tuple[Ints, Ints, Ints, Ints]:
    """The rows of words, in order: the words, what they hear and how, and how many edges end in each.

    A word hears the nodes of its graph, then the words of its text in order, itself among them.
    """
    graph, count = nodes.text_graph, nodes.text_words
    words = pointer(count)
    # The texts of a graph follow one another from the end of its other nodes.
    before = words[:-1] - words[np.searchsorted(graph, graph, side="left")]
    first = nodes.offsets[graph] + nodes.heard[graph] + before
    word = ranges(first, count)
    heard, fellows = np.repeat(nodes.heard[graph], count), np.repeat(count, count)
    degree = heard + fellows
    starts = np.stack([np.repeat(nodes.offsets[graph], count), np.repeat(first, count)], axis=1).ravel()
    source = ranges(starts, np.stack([heard, fellows], axis=1).ravel())
    distance = source - np.repeat(word, degree)
    from_graph = source < np.repeat(np.repeat(first, count), degree)
    kind = np.full(len(source), EdgeType.WORD_TO_WORD, dtype=np.int64)
    kind[distance == 0] = EdgeType.SELF
    kind[distance == -1] = EdgeType.PREVIOUS_WORD
    kind[distance == 1] = EdgeType.NEXT_WORD
    kind[from_graph] = EdgeType.NODE_TO_WORD
    return word, source, kind, degree
