"""Groundings as features of nodes: where in its source an element was seen, as shares of that source.

Every element gets at most one box, one time and one phrase: those of its first grounding that has them and whose source
gives the size to divide by. A track counts with its first box and its whole time. The time an attribute or relation
itself holds stands before those of its groundings; it is a share of the longest source of its graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.batch.elements import ABSENT, Elements, Floats
from usg.batch.ranges import Ints, pointer
from usg.batch.texts import read_sources, words_of_pieces
from usg.graph import MODALITIES

SEVERAL = len(MODALITIES) + 1
"""The modality of an element that sources of several modalities show."""
NUM_MODALITIES = SEVERAL + 1


@dataclass(frozen=True)
class Features:
    """Of each of m elements; rows of NaN are absent.

    Attributes:
        modality: `(m,)` 0 for none, 1 + place in `MODALITIES`, or `SEVERAL`.
        box: `(m, 4)` centre and size.
        time: `(m, 2)` start and end.
        span: `(m, 2)` first word and number of words.
    """

    modality: Ints
    box: Floats
    time: Floats
    span: Floats


def features(elements: Elements, regions: bool) -> Features:
    """Reads the groundings; without `regions` nothing, not even the modality.

    That a caption grounds an element says that its label stands there word for word, which gives labels away.
    """
    m = len(elements.label)
    if not regions:
        return Features(np.zeros(m, dtype=np.int64), *(np.full((m, width), ABSENT) for width in (4, 2, 2)))
    return Features(_modality(elements, m), _boxes(elements, m), _times(elements, m), _spans(elements, m))


def _modality(elements: Elements, m: int) -> Ints:
    seen = np.zeros((m, len(MODALITIES)), dtype=bool)
    seen[elements.grounding_element, elements.source_modality[elements.grounding_source]] = True
    count = seen.sum(axis=1)
    return np.where(count > 1, SEVERAL, np.where(count == 1, 1 + seen.argmax(axis=1), 0))


def _boxes(elements: Elements, m: int) -> Floats:
    size = elements.source_size[elements.grounding_source]
    corners = elements.grounding_box.reshape(-1, 2, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = corners[:, 0] / size, corners[:, 1] / size
    return _first(elements.grounding_element, np.concatenate([(low + high) / 2, high - low], axis=1), m)


def _times(elements: Elements, m: int) -> Floats:
    duration = elements.source_duration
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = _first(
            elements.grounding_element, elements.grounding_time / duration[elements.grounding_source, None], m
        )
        graphs = len(elements.sources)
        longest = np.zeros(graphs)
        np.fmax.at(longest, np.repeat(np.arange(graphs), elements.sources), duration)
        held = elements.time / longest[graph_of_elements(elements), None]
    return np.where(np.isfinite(held).all(axis=1, keepdims=True), held, seen)


def _spans(elements: Elements, m: int) -> Floats:
    result = np.full((m, 2), ABSENT)
    _, first = np.unique(elements.grounding_element[elements.piece_grounding], return_index=True)
    grounding = elements.piece_grounding[first]
    mine = np.isin(elements.piece_grounding, grounding)
    source, text = np.unique(elements.grounding_source[elements.piece_grounding[mine]], return_inverse=True)
    texts = read_sources(elements, source)
    word, count = words_of_pieces(texts, text, elements.piece[mine])
    # Pieces of one grounding are neighbours: the phrase starts at the first of them and has the words of all.
    _, start, row = np.unique(elements.piece_grounding[mine], return_index=True, return_inverse=True)
    total = np.bincount(row, count)
    found = total > 0
    target = elements.grounding_element[grounding[found]]
    result[target, 0] = (word[start] - texts.ptr[text[start]])[found]
    result[target, 1] = total[found]
    return result


def _first(element: Ints, values: Floats, m: int) -> Floats:
    """Of the rows of each element that are finite, the first; NaN where there is none."""
    result = np.full((m, values.shape[1]), ABSENT)
    finite = np.flatnonzero(np.isfinite(values).all(axis=1))
    owner, first = np.unique(element[finite], return_index=True)
    result[owner] = values[finite[first]]
    return result


def graph_of_elements(elements: Elements) -> NDArray[np.int64]:
    """`(m,)` the graph of each element."""
    graphs = np.arange(len(elements.objects))
    return np.concatenate(
        [np.repeat(graphs, count) for count in (elements.objects, elements.attributes, elements.relations)]
    )


def places_of_elements(elements: Elements) -> NDArray[np.int64]:
    """`(m,)` the place of each element among the nodes of its graph; the graph node is 0."""
    before = np.ones_like(elements.objects)
    places = []
    for count in (elements.objects, elements.attributes, elements.relations):
        rank = np.arange(count.sum()) - np.repeat(pointer(count)[:-1], count)
        places.append(rank + np.repeat(before, count))
        before = before + count
    return np.concatenate(places)
