"""Packing from the columns of a corpus: the same batch as from its scene graphs, without building them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usg.batch.elements import ABSENT, Elements
from usg.batch.graph_batch import GraphBatch
from usg.batch.pack import pack_elements
from usg.batch.ranges import pointer
from usg.batch.texts import Texts
from usg.batch.vocabulary import Vocabulary
from usg.corpus.columns import GraphColumns


def pack_columns(
    columns: GraphColumns,
    vocabulary: Vocabulary,
    *,
    words: Sequence[Texts] | None = None,
    grounding: bool = True,
    two_hop: bool = False,
    dense: bool = False,
) -> GraphBatch:
    """Packs graphs of a corpus side by side; the batch is the one that `pack` makes of the same graphs.

    Args:
        columns: what `Corpus.columns` gives.
        vocabulary: as in `usg.batch.pack`, and so are the rest.
        words: texts beside each graph.
        grounding: whether nodes say where they were seen.
        two_hop: add two-hop edges.
        dense: join every two nodes of a graph.

    Raises:
        ValueError, LookupError: as `usg.batch.pack`.
    """
    return pack_elements(
        elements_of_columns(columns), vocabulary, words=words, grounding=grounding, two_hop=two_hop, dense=dense
    )


def elements_of_columns(columns: GraphColumns) -> Elements:
    """The flat arrays of packing, kind after kind, from the columns of each kind."""
    groundings = (columns.object_groundings, columns.attribute_groundings, columns.relation_groundings)
    counts = [
        np.repeat(np.arange(len(columns)), n)
        for n in (columns.num_objects, columns.num_attributes, columns.num_relations)
    ]
    element_graph = np.concatenate(counts)
    per_element = np.concatenate([kind.count for kind in groundings])
    grounding_element = np.repeat(np.arange(len(per_element)), per_element)
    source = np.concatenate([kind.source for kind in groundings])
    first_source = pointer(columns.num_sources)[element_graph[grounding_element]]
    stretches = np.concatenate([kind.span_count for kind in groundings])
    return Elements(
        objects=columns.num_objects,
        attributes=columns.num_attributes,
        relations=columns.num_relations,
        sources=columns.num_sources,
        names=columns.labels,
        label=np.concatenate([columns.object_label, columns.attribute_value, columns.relation_predicate]),
        negated=np.concatenate([columns.object_negated, columns.attribute_negated, columns.relation_negated]),
        kinds=columns.kinds,
        attribute_kind=columns.attribute_kind,
        owner=columns.attribute_object,
        subject=columns.relation_subject,
        target=columns.relation_object,
        time=np.concatenate(
            [np.full((len(columns.object_label), 2), ABSENT), columns.attribute_time, columns.relation_time]
        ),
        source_modality=columns.source_modality,
        source_size=columns.source_size,
        source_duration=columns.source_duration,
        source_text=columns.source_text,  # type: ignore[arg-type]
        grounding_element=grounding_element,
        grounding_source=first_source + source,
        grounding_box=np.concatenate([kind.box for kind in groundings]),
        grounding_time=np.concatenate([kind.time for kind in groundings]),
        piece_grounding=np.repeat(np.arange(len(stretches)), stretches),
        piece=np.concatenate([kind.span for kind in groundings]),
    )
