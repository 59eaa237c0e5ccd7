"""Parts of graphs as graphs of their own: some elements and some sources of each, a graph as often as it is wanted.

What stays is as it was, but for its numbers. A grounding stays if its source does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.batch.elements import Elements
from usg.batch.grounding import graph_of_elements
from usg.batch.ranges import Ints, pointer, ranges

__all__ = ["Group", "parts_of"]


@dataclass(frozen=True)
class Group:
    """Parts of v different graphs, of which there are m elements and s sources in all.

    Attributes:
        graph: `(v,)` the graphs.
        elements: `(m,)` bool, which of their elements are kept; of other graphs it says nothing.
        sources: `(s,)` bool, which of their sources are kept.
    """

    graph: Ints
    elements: NDArray[np.bool_]
    sources: NDArray[np.bool_]


def parts_of(elements: Elements, groups: Sequence[Group]) -> tuple[Elements, Ints, Ints]:
    """The parts as graphs, group after group.

    Args:
        elements: the graphs.
        groups: parts of them.

    Returns:
        The parts, and for each of their elements `(y,)` the part it is in and `(y,)` the element it was.

    Raises:
        ValueError: an attribute or a relation is kept without its objects.
    """
    count = sum(len(group.graph) for group in groups)
    of_element = graph_of_elements(elements)
    of_source = np.repeat(np.arange(len(elements.sources)), elements.sources)
    part, element = _pairs(groups, [group.elements for group in groups], of_element, len(elements.objects))
    source_part, source = _pairs(groups, [group.sources for group in groups], of_source, len(elements.objects))
    bounds = np.cumsum([elements.objects.sum(), elements.attributes.sum()])
    kind = np.searchsorted(bounds, element, side="right")
    order = np.lexsort((element, part, kind))
    part, element, kind = part[order], element[order], kind[order]
    objects, attributes, relations = (np.bincount(part[kind == k], minlength=count) for k in range(3))
    ends = np.cumsum([objects.sum(), attributes.sum()])

    first_object = pointer(elements.objects)[of_element]
    there = part[: ends[0]] * bounds[0] + element[: ends[0]]  # ascending
    place = np.arange(ends[0]) - pointer(objects)[part[: ends[0]]]

    def renumbered(number: Ints, at: slice, first: int) -> Ints:
        """Object numbers of attributes or relations, within their part."""
        wanted = part[at] * bounds[0] + first_object[element[at]] + number[element[at] - first]
        found = np.searchsorted(there, wanted)
        if len(wanted) and (found.max() == len(there) or (there[found] != wanted).any()):
            raise ValueError("a part of a graph has an attribute or a relation without its objects; take them too")
        return np.asarray(place[found])

    of_attributes, of_relations = slice(ends[0], ends[1]), slice(ends[1], None)

    all_sources = len(elements.source_modality)
    per_element = np.bincount(elements.grounding_element, minlength=len(elements.label))
    grounding = ranges(pointer(per_element)[:-1][element], per_element[element])
    owner = np.repeat(np.arange(len(element)), per_element[element])
    wanted = part[owner] * all_sources + elements.grounding_source[grounding]
    keys = source_part * all_sources + source
    stays = np.isin(wanted, keys)
    grounding, owner = grounding[stays], owner[stays]

    per_grounding = np.bincount(elements.piece_grounding, minlength=len(elements.grounding_source))
    piece = ranges(pointer(per_grounding)[:-1][grounding], per_grounding[grounding])
    result = Elements(
        objects=objects,
        attributes=attributes,
        relations=relations,
        sources=np.bincount(source_part, minlength=count),
        names=elements.names,
        label=elements.label[element],
        negated=elements.negated[element],
        kinds=elements.kinds,
        attribute_kind=elements.attribute_kind[element[of_attributes] - bounds[0]],
        owner=renumbered(elements.owner, of_attributes, bounds[0]),
        subject=renumbered(elements.subject, of_relations, bounds[1]),
        target=renumbered(elements.target, of_relations, bounds[1]),
        time=elements.time[element],
        source_modality=elements.source_modality[source],
        source_size=elements.source_size[source],
        source_duration=elements.source_duration[source],
        source_text=[elements.source_text[number] for number in source.tolist()],
        grounding_element=owner,
        grounding_source=np.searchsorted(keys, wanted[stays]),
        grounding_box=elements.grounding_box[grounding],
        grounding_time=elements.grounding_time[grounding],
        piece_grounding=np.repeat(np.arange(len(grounding)), per_grounding[grounding]),
        piece=elements.piece[piece],
    )
    return result, part, element


def _pairs(groups: Sequence[Group], kept: Sequence[NDArray[np.bool_]], graph: Ints, graphs: int) -> tuple[Ints, Ints]:
    """Part and thing of all things that are kept, part after part.

    Args:
        groups: of parts.
        kept: of each group which things it keeps.
        graph: of each thing.
        graphs: how many there are.
    """
    parts, things = [], []
    first = 0
    for group, mine in zip(groups, kept, strict=True):
        number = np.full(graphs, -1)
        number[group.graph] = np.arange(first, first + len(group.graph))
        thing = np.flatnonzero(mine & (number[graph] >= 0))
        part = number[graph[thing]]
        order = np.lexsort((thing, part))
        parts.append(part[order])
        things.append(thing[order])
        first += len(group.graph)
    return np.concatenate(parts), np.concatenate(things)
