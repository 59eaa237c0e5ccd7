"""Fingerprints: one number for what a graph says, whatever its ids and its order; and one for each text and medium.

The number of a graph is a hash over its objects, attributes and relations after three rounds of colour refinement
(B. Weisfeiler and A. Leman, 1968): the number of an object takes in those of its neighbours. Labels, values, kinds,
predicates, negation and the texts count; scores, regions, times and metadata do not. Equal graphs have equal numbers;
different ones have different numbers but for the rare pairs that refinement cannot tell apart, and chance (2^-64).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from usg.corpus.columns import GraphColumns
from usg.graph.elements import MODALITIES

Hash = NDArray[np.uint64]

_ROUNDS = 3
# Multipliers of splitmix64 (Steele, Lea and Flood, OOPSLA 2014), the mixing step used here.
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def hash_strings(strings: Iterable[str]) -> Hash:
    """A number for each string, the same in every process."""
    return np.array([int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) for text in strings], np.uint64)


def graph_hashes(columns: GraphColumns, label_hash: Hash, kind_hash: Hash) -> Hash:
    """The number of each graph.

    Args:
        columns: g graphs.
        label_hash: `hash_strings(columns.labels)`.
        kind_hash: `hash_strings(columns.kinds)`.

    Returns:
        `(g,)` numbers.
    """
    counts = columns.num_objects
    first = np.cumsum(counts) - counts
    graphs = np.arange(len(counts))
    of_object = np.repeat(graphs, counts)
    owner = columns.attribute_object + np.repeat(first, columns.num_attributes)
    subject = columns.relation_subject + np.repeat(first, columns.num_relations)
    target = columns.relation_object + np.repeat(first, columns.num_relations)
    kinds = np.append(kind_hash, np.uint64(1))[columns.attribute_kind]  # -1, no kind, is the last
    value = _mix(_labelled(label_hash[columns.attribute_value], columns.attribute_negated) ^ _mix(kinds))
    predicate = _labelled(label_hash[columns.relation_predicate], columns.relation_negated)
    state = _mix(
        _labelled(label_hash[columns.object_label], columns.object_negated) + _sum(owner, value, len(of_object))
    )
    for _ in range(_ROUNDS):
        heard = _sum(subject, _mix(predicate + _mix(state[target])), len(state))
        heard += _sum(target, _mix(predicate ^ _mix(state[subject] + _M1)), len(state))
        state = _mix(state + _mix(heard))
    facts = _mix(_mix(state[subject]) + _mix(predicate ^ _M2) ^ state[target])
    relation_graph = np.repeat(graphs, columns.num_relations)
    total = _sum(of_object, state, len(graphs)) + _mix(_sum(relation_graph, facts, len(graphs)))
    source_graph, texts = text_hashes(columns)
    return _mix(total + _mix(_sum(source_graph, texts, len(graphs))))


def text_hashes(columns: GraphColumns) -> tuple[NDArray[np.int64], Hash]:
    """The texts of text sources: `(t,)` graph and `(t,)` number of each; case and spacing do not count."""
    graph = np.repeat(np.arange(len(columns)), columns.num_sources)
    text = columns.source_modality == MODALITIES.index("text")
    at = [i for i in np.flatnonzero(text).tolist() if columns.source_text[i]]
    return graph[at], hash_strings(" ".join(columns.source_text[i].casefold().split()) for i in at)


def medium_hashes(columns: GraphColumns) -> tuple[NDArray[np.int64], Hash]:
    """The media of sources with a uri: `(t,)` graph and `(t,)` number of the uri before its fragment (`#...`)."""
    graph = np.repeat(np.arange(len(columns)), columns.num_sources)
    at = [i for i, uri in enumerate(columns.source_uri) if uri]
    return graph[at], hash_strings(columns.source_uri[i].partition("#")[0] for i in at)


def _labelled(label: Hash, negated: NDArray[np.bool_]) -> Hash:
    return _mix(label + negated.astype(np.uint64))


def _sum(at: NDArray[np.int64], values: Hash, n: int) -> Hash:
    result = np.zeros(n, np.uint64)
    np.add.at(result, at, values)
    return result


def _mix(x: Hash) -> Hash:
    x = (x ^ (x >> np.uint64(30))) * _M1
    x = (x ^ (x >> np.uint64(27))) * _M2
    return x ^ (x >> np.uint64(31))
